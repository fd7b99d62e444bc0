//! Which upstream a permitted request goes to: by host, then by the longest path prefix.

use std::sync::Arc;

use super::upstream::{Upstream, UpstreamSettings, serves::without_default_port};

#[derive(Debug)]
pub(crate) struct Upstreams(Vec<Arc<Upstream>>);

impl Upstreams {
    pub(crate) fn new(settings: &[UpstreamSettings]) -> Self {
        Self(settings.iter().cloned().map(Upstream::new).collect())
    }

    /// The one upstream for a canonical path. The check at start excludes ties.
    pub(crate) fn choose(&self, host: &str, path: &str) -> Option<&Arc<Upstream>> {
        let host = host.to_ascii_lowercase();
        let host = without_default_port(&host);
        self.0
            .iter()
            .filter(|upstream| upstream.serves().includes(host, path))
            .max_by_key(|upstream| upstream.serves().precision())
    }
}
