//! The hosts that support sessions open at.

use super::EntryLabel;

/// The path at the session's own host where a browser starts to open a tenant.
pub const OPEN_PATH: &str = "/.support-console/open";

/// The domain of all support session hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryHosts {
    scheme: &'static str,
    /// In lower case, without a port.
    domain: String,
    /// The port that browsers use, which may differ from the listener's.
    port: u16,
}

impl EntryHosts {
    /// `scheme` is `http` or `https`, `domain` a host name in lower case.
    pub(crate) const fn new(scheme: &'static str, domain: String, port: u16) -> Self {
        Self {
            scheme,
            domain,
            port,
        }
    }

    /// The domain, without a port.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The session's label in this value of `Host`, which may be in any case.
    pub fn label_of(&self, host: &str) -> Option<EntryLabel> {
        let host = host.to_ascii_lowercase();
        let (name, port) = match host.split_once(':') {
            Some((name, port)) => (name, port.parse().ok()?),
            None => (host.as_str(), self.default_port()),
        };
        let label = name.strip_suffix(&self.domain)?.strip_suffix('.')?;
        (port == self.port).then(|| label.parse().ok()).flatten()
    }

    /// The origin of a session's host, as browsers write it (RFC 6454 §6.2).
    pub fn origin(&self, label: &EntryLabel) -> String {
        format!("{}://{}", self.scheme, self.authority(label))
    }

    /// The address where a browser starts to open the tenant.
    pub fn open_url(&self, label: &EntryLabel) -> String {
        format!("{}{OPEN_PATH}", self.origin(label))
    }

    /// The address that a browser returns to with a code.
    pub fn enter_url(&self, label: &EntryLabel, code: &str) -> String {
        format!("{}/.support-console/enter?code={code}", self.origin(label))
    }

    /// The accepted values of `Host` at a session's host.
    pub(crate) fn hosts(&self, label: &EntryLabel) -> Vec<String> {
        let authority = self.authority(label);
        if self.port == self.default_port() {
            let with_port = format!("{authority}:{}", self.port);
            vec![authority, with_port]
        } else {
            vec![authority]
        }
    }

    fn authority(&self, label: &EntryLabel) -> String {
        let (domain, port) = (&self.domain, self.port);
        if port == self.default_port() {
            format!("{label}.{domain}")
        } else {
            format!("{label}.{domain}:{port}")
        }
    }

    fn default_port(&self) -> u16 {
        if self.scheme == "https" { 443 } else { 80 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    fn label() -> EntryLabel {
        EntryLabel::generate(&SeededEntropy::new(1))
    }

    #[test]
    fn a_session_is_known_by_its_own_host_alone() {
        let hosts = EntryHosts::new("https", "support.example.net".into(), 443);
        let label = label();
        let own = format!("{label}.support.example.net");
        assert_eq!(hosts.origin(&label), format!("https://{own}"));
        for good in [own.clone(), own.to_uppercase(), format!("{own}:443")] {
            assert_eq!(hosts.label_of(&good).as_ref(), Some(&label), "{good}");
        }
        for bad in [
            "support.example.net".to_owned(),
            label.to_string(),
            format!("{own}:8443"),
            format!("{own}:443:443"),
            format!("{own}."),
            format!("a.{own}"),
            format!("{label}.evil-support.example.net"),
            format!("{label}support.example.net"),
            format!("{own}.evil.example"),
            format!("x{own}"),
        ] {
            assert_eq!(hosts.label_of(&bad), None, "{bad}");
        }
    }

    #[test]
    fn a_port_of_its_own_is_part_of_host_and_origin() {
        let hosts = EntryHosts::new("http", "localhost".into(), 3100);
        let label = label();
        let own = format!("{label}.localhost:3100");
        assert_eq!(hosts.origin(&label), format!("http://{own}"));
        let open = format!("http://{own}/.support-console/open");
        assert_eq!(hosts.open_url(&label), open);
        assert_eq!(hosts.label_of(&own), Some(label.clone()));
        assert_eq!(hosts.hosts(&label), [own]);
        assert_eq!(hosts.label_of(&format!("{label}.localhost")), None);
    }
}
