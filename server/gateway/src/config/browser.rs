//! Configuration for opening support sessions in browsers.

use serde::Deserialize;

use super::{GatewayConfig, fault::Faults, origin};
use crate::browser::EntryHosts;

/// The `[gateway.browser]` table. Without it tenants are not opened in browsers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrowserConfig {
    /// The parent domain of all support session hosts. Scheme and default port come from
    /// `public_url`.
    pub domain: String,
    /// Whether the gateway puts the banner into the platform's pages.
    #[serde(default)]
    pub inject_banner: bool,
}

const KEY: &str = "gateway.browser.domain";

impl GatewayConfig {
    /// The hosts at which support sessions open in browsers, if they can.
    pub fn entry_hosts(&self) -> Option<EntryHosts> {
        self.checked_entry_hosts(&mut Faults::default())
    }

    pub(super) fn checked_entry_hosts(&self, faults: &mut Faults) -> Option<EntryHosts> {
        let BrowserConfig { domain, .. } = self.browser.as_ref()?;
        // A fault of `public_url` is reported under its own key.
        let public = self.public_url.parse::<http::Uri>().ok()?;
        let scheme = match public.scheme_str()? {
            "https" => "https",
            _ => "http",
        };
        let (name, port) = match domain.split_once(':') {
            Some((name, port)) => (name, port.parse().ok().filter(|port| *port > 0)),
            None => {
                let port = public.port_u16().unwrap_or(origin::default_port(&public));
                (domain.as_str(), Some(port))
            }
        };
        let (Some(port), true) = (port, is_domain(name)) else {
            let problem = format!(
                "{domain:?} must be a domain in lower case, with a port if it needs one, such as \
                 \"support.example.net\"; an IP address has no subdomains"
            );
            faults.push(KEY, problem);
            return None;
        };
        if scheme != "https" && !is_local(name) {
            let problem = format!(
                "{domain:?} is not on this machine, but gateway.public_url is {}, without https: \
                 browsers keep the session's cookie over https alone; write an https:// address",
                self.public_url
            );
            faults.push(KEY, problem);
            return None;
        }
        Some(EntryHosts::new(scheme, name.to_owned(), port))
    }
}

/// Whether a name and everything below it is this machine (RFC 6761 §6.3).
pub fn is_local(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// A host name in lower case that hosts can be below (RFC 1123 §2.1), with room for their label.
fn is_domain(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let is_number = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    name.len() <= 200
        && name.split('.').all(label)
        && !name.rsplit('.').next().is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(public_url: &str, domain: &str) -> Result<EntryHosts, String> {
        let config: GatewayConfig = toml::from_str(&format!(
            "listen = \"127.0.0.1:1\"\npublic_url = \"{public_url}\"\n\
             upstream = \"http://127.0.0.1:2\"\ntenant_binding = \"identity\"\n\
             [browser]\ndomain = \"{domain}\"\n"
        ))
        .unwrap();
        let checked = config.validate(&[], &[]).map_err(|e| e.to_string())?;
        Ok(checked.entry_hosts.unwrap())
    }

    #[test]
    fn scheme_and_port_are_those_of_the_public_url_unless_one_is_written() {
        for (public, domain, expected) in [
            (
                "https://api.example.com",
                "support.example.net",
                EntryHosts::new("https", "support.example.net".into(), 443),
            ),
            (
                "https://api.example.com:8443",
                "support.example.net",
                EntryHosts::new("https", "support.example.net".into(), 8443),
            ),
            (
                "http://127.0.0.1:3100",
                "localhost:3100",
                EntryHosts::new("http", "localhost".into(), 3100),
            ),
        ] {
            assert_eq!(hosts(public, domain), Ok(expected));
        }
    }

    #[test]
    fn what_can_have_no_hosts_below_it_is_refused() {
        for bad in [
            "",
            "127.0.0.1",
            "10.0.0.5:443",
            "Support.example.net",
            "support.example.net.",
            "*.support.example.net",
            "https://support.example.net",
            "support.example.net:0",
            "support.example.net:port",
            "[::1]:443",
            "a b",
        ] {
            let fault = hosts("https://api.example.com", bad).unwrap_err();
            assert!(fault.contains("gateway.browser.domain"), "{bad}: {fault}");
        }
    }

    #[test]
    fn without_https_only_this_machine_will_do() {
        let fault = hosts("http://127.0.0.1:3100", "support.example.net").unwrap_err();
        assert!(fault.contains("without https"), "{fault}");
    }
}
