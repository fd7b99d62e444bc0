//! A request in its one form.

use http::{HeaderMap, Method};

use super::canonical::CanonicalTarget;

/// A request with a canonical target. No one has decided about it yet.
#[derive(Debug, Clone)]
pub struct CanonicalRequest {
    /// Its method.
    pub method: Method,
    /// Its target.
    pub target: CanonicalTarget,
    /// Its header, as the client sent it.
    pub headers: HeaderMap,
}
