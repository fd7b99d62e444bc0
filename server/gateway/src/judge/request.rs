//! A request in canonical form.

use http::{HeaderMap, Method};

use super::canonical::CanonicalTarget;

/// A request with a canonical target. No one has decided about it yet.
#[derive(Debug, Clone)]
pub struct CanonicalRequest {
    /// The method, as the client sent it.
    pub method: Method,
    /// The target: the same bytes are judged, recorded and forwarded.
    pub target: CanonicalTarget,
    /// Its header, as the client sent it.
    pub headers: HeaderMap,
}
