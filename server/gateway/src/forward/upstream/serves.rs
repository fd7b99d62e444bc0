//! The requests that an upstream serves, by host and path.

/// The requests that an upstream serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Serves {
    /// In lower case, without a default port. Empty means every host.
    hosts: Vec<String>,
    /// A canonical path without a final slash. Empty means every path.
    prefix: String,
}

/// A host without the port that its scheme implies.
pub(crate) fn without_default_port(host: &str) -> &str {
    host.strip_suffix(":443")
        .or_else(|| host.strip_suffix(":80"))
        .unwrap_or(host)
}

impl Serves {
    /// `hosts` in lower case, `prefix` a canonical path.
    pub(crate) fn new(hosts: Vec<String>, prefix: &str) -> Self {
        let hosts = hosts
            .iter()
            .map(|host| without_default_port(host).to_owned());
        Self {
            hosts: hosts.collect(),
            prefix: prefix.trim_end_matches('/').to_owned(),
        }
    }

    /// Whether both would serve the same request.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let alike = match (self.hosts.is_empty(), other.hosts.is_empty()) {
            (true, true) => true,
            (false, false) => self.hosts.iter().any(|host| other.hosts.contains(host)),
            _ => false,
        };
        alike && self.prefix == other.prefix
    }

    pub(crate) fn includes(&self, host: &str, path: &str) -> bool {
        let below = path.strip_prefix(self.prefix.as_str());
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            && (self.hosts.is_empty() || self.hosts.iter().any(|known| known == host))
    }

    /// Of two that serve the same request, the greater one gets it: first by host, then by the
    /// length of the prefix.
    pub(crate) fn precision(&self) -> (bool, usize) {
        (!self.hosts.is_empty(), self.prefix.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_includes_its_path_and_what_is_below() {
        let serves = Serves::new(Vec::new(), "/v1/billing");
        for (path, included) in [
            ("/v1/billing", true),
            ("/v1/billing/", true),
            ("/v1/billing/7", true),
            ("/v1/billings", false),
            ("/v1/billing-admin", false),
            ("/v1", false),
            ("/V1/billing", false),
        ] {
            assert_eq!(serves.includes("g", path), included, "{path}");
        }
        assert!(Serves::new(Vec::new(), "/").includes("g", "/"));
    }

    #[test]
    fn a_host_is_named_with_or_without_its_default_port() {
        let serves = Serves::new(vec!["b.example:443".into()], "/");
        assert!(serves.includes("b.example", "/x"));
        assert!(!serves.includes("c.example", "/x"));
    }
}
