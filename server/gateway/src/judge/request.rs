//! A request in its one form.

use http::{HeaderMap, Method};

use super::canonical::CanonicalTarget;

/// A request whose target is canonical; nobody has said yet that it may pass.
#[derive(Debug, Clone)]
pub struct CanonicalRequest {
    /// Its method.
    pub method: Method,
    /// Its target.
    pub target: CanonicalTarget,
    /// Its header, as the client sent it.
    pub headers: HeaderMap,
}
