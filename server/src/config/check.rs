//! Checks between values, before anything is served.

use gateway::{
    GatewayConfig,
    config::{Fault, browser::is_local},
    rules::RuleSource,
};
use url::Url;

use super::{Config, ConfigError};
use crate::host_name::host_name;

/// The shortest time for which the record can be kept, in days.
const SHORTEST_RETENTION: u32 = 30;
/// How many attributes may name a tenant. Each is looked for in each call.
const TENANT_ATTRIBUTES_MAX: usize = 16;

/// Scheme, host and port of a public URL, as browsers compare them (RFC 6454 §4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `http` or `https`.
    pub scheme: String,
    /// The host's name, in lower case.
    pub host: String,
    pub port: u16,
}

impl Origin {
    pub fn of(url: &Url) -> Option<Self> {
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.to_ascii_lowercase(),
            port: url.port_or_known_default()?,
        })
    }

    /// Whether only this machine can reach it.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self
                .host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    }
}

impl Config {
    /// Checks that this may be served: https off loopback, and different host names for console and
    /// gateway, because cookies ignore ports (RFC 6265 §8.5).
    ///
    /// # Errors
    ///
    /// All faults, each with its key and what to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        let mut faults = Vec::new();
        self.check_console(&mut faults);
        self.check_gateway(&mut faults);
        self.check_browser(&mut faults);
        self.check_forward_auth(&mut faults);
        self.check_health(&mut faults);
        self.check_telemetry(&mut faults);
        self.check_retention(&mut faults);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(ConfigError::Unusable(faults))
        }
    }

    pub fn node_name(&self) -> String {
        self.node_name.clone().unwrap_or_else(host_name)
    }

    /// The gateway's rules as written; `None` without a gateway.
    pub fn rule_source(&self) -> Option<RuleSource> {
        self.gateway.as_ref()?.rule_source(&self.scopes)
    }

    /// A fault with the place of its key in the file.
    pub fn placed(&self, fault: &Fault) -> String {
        let place = self.file.as_ref().and_then(|file| file.place(&fault.key));
        place.map_or_else(|| fault.to_string(), |place| format!("{place}: {fault}"))
    }

    fn check_console(&self, faults: &mut Vec<String>) {
        let url = &self.console.public_url;
        let origin = Origin::of(url).filter(|origin| {
            matches!(origin.scheme.as_str(), "http" | "https")
                && url.path() == "/"
                && url.query().is_none()
                && url.username().is_empty()
        });
        let Some(origin) = origin else {
            faults.push(
                "console.public_url must be https:// with a host and no path, such as \
                 \"https://console.example.com\""
                    .to_owned(),
            );
            return;
        };
        if origin.scheme != "https"
            && (!origin.is_loopback() || !self.console.listen.ip().is_loopback())
        {
            faults.push(format!(
                "console.public_url is {url}, without https, but the console can be reached from \
                 other machines (console.listen is {}): put a proxy with TLS before it and write \
                 its https:// address, or listen on 127.0.0.1 and use http://localhost",
                self.console.listen
            ));
        }
        if let Some(manage) = &self.console.manage_tenant_url
            && !(manage.starts_with("https://") || manage.starts_with("http://"))
        {
            faults.push(
                "console.manage_tenant_url must begin with https://, with {tenant_id} in place \
                 of the tenant's ID"
                    .to_owned(),
            );
        }
    }

    fn check_gateway(&self, faults: &mut Vec<String>) {
        let Some(gateway) = &self.gateway else {
            return;
        };
        if let Err(invalid) = gateway.validate(&self.scopes, &self.trusted_proxies) {
            faults.extend(invalid.0.iter().map(|fault| self.placed(fault)));
        }
        let Some(origin) = gateway
            .public_url
            .parse()
            .ok()
            .as_ref()
            .and_then(Origin::of)
        else {
            return;
        };
        if origin.scheme != "https" && (!origin.is_loopback() || !gateway.listen.ip().is_loopback())
        {
            faults.push(format!(
                "gateway.public_url is {}, without https, but the gateway can be reached from \
                 other machines (gateway.listen is {}): add gateway.tls or put a proxy with TLS in \
                 front of it and use the https:// address, or listen on 127.0.0.1 and use \
                 http://127.0.0.1",
                gateway.public_url, gateway.listen
            ));
        }
        if self.console.public_url.host_str() == Some(origin.host.as_str()) {
            faults.push(format!(
                "console.public_url and gateway.public_url have the same host name, {}: browsers \
                 would send the console's cookie to the gateway, since cookies ignore ports; give \
                 the gateway its own host name (on one machine, use localhost and 127.0.0.1)",
                origin.host
            ));
        }
    }

    /// A mistyped number must not delete the record of last week.
    fn check_retention(&self, faults: &mut Vec<String>) {
        let kept = &self.retention;
        for (key, days) in [
            ("retention.audit_days", kept.audit_days),
            ("retention.access_log_days", kept.access_log_days),
        ] {
            if (1..SHORTEST_RETENTION).contains(&days) {
                faults.push(format!(
                    "{key} must be at least {SHORTEST_RETENTION} days, or 0 to delete nothing"
                ));
            }
        }
    }

    /// A page of the platform must share no cookie with the console, so neither host may be below
    /// the other.
    fn check_browser(&self, faults: &mut Vec<String>) {
        let gateway = self.gateway.as_ref();
        let hosts = gateway.and_then(GatewayConfig::entry_hosts);
        let console = Origin::of(&self.console.public_url);
        let Some((hosts, console)) = hosts.zip(console) else {
            return;
        };
        let domain = hosts.domain();
        // Names of this machine share no cookies, because "localhost" is not a registrable domain.
        let is_demo = console.is_loopback() && is_local(domain);
        let is_below = |name: &str, of: &str| {
            name == of
                || name
                    .strip_suffix(of)
                    .is_some_and(|rest| rest.ends_with('.'))
        };
        if !is_demo && (is_below(domain, &console.host) || is_below(&console.host, domain)) {
            let problem = format!(
                "{domain:?} and the console's host, {}, are the same or one is below the other: \
                 pages of the platform could reach the console's cookies; use a separate domain, \
                 ideally one registered only for this",
                console.host
            );
            faults.push(self.placed(&Fault::new("gateway.browser.domain", problem)));
        }
    }

    fn check_forward_auth(&self, faults: &mut Vec<String>) {
        let Some(forward_auth) = &self.forward_auth else {
            return;
        };
        let checked = forward_auth.validate(self.gateway.as_ref(), &self.trusted_proxies);
        if let Err(invalid) = checked {
            faults.extend(invalid.0.iter().map(|fault| self.placed(fault)));
        }
    }

    fn check_health(&self, faults: &mut Vec<String>) {
        let health = &self.health;
        for (key, percent) in [
            ("warning_percent", health.warning_percent),
            ("critical_percent", health.critical_percent),
            ("reduced_percent", health.reduced_percent),
        ] {
            if !(0.0..=100.0).contains(&percent) {
                faults.push(format!(
                    "health.{key} is {percent}: write a number from 0 to 100"
                ));
            }
        }
        if health.warning_percent > health.critical_percent {
            faults.push(
                "health.warning_percent is above health.critical_percent, so no tenant would \
                 ever be in warning: swap them"
                    .to_owned(),
            );
        }
    }

    fn check_telemetry(&self, faults: &mut Vec<String>) {
        let names = &self.telemetry.tenant_attributes;
        let is_name = |name: &String| !name.is_empty() && name.trim() == name;
        if !(1..=TENANT_ATTRIBUTES_MAX).contains(&names.len()) || !names.iter().all(is_name) {
            faults.push(format!(
                "telemetry.tenant_attributes must have 1 to {TENANT_ATTRIBUTES_MAX} names of \
                 attributes, such as [\"tenant.id\"]"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> String {
        let config: Config = toml::from_str(text).unwrap();
        config
            .check()
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn an_empty_configuration_can_be_served() {
        assert_eq!(faults(""), "");
    }

    #[test]
    fn off_loopback_https_is_needed() {
        let exposed = "[console]\nlisten = \"0.0.0.0:3000\"\n";
        assert!(faults(exposed).contains("without https"));
        assert!(
            faults("[console]\npublic_url = \"http://console.example.com\"\n")
                .contains("without https")
        );
        let proxied = format!("{exposed}public_url = \"https://console.example.com\"\n");
        assert_eq!(faults(&proxied), "");
    }

    #[test]
    fn a_public_url_has_no_path() {
        assert!(faults("[console]\npublic_url = \"https://c.example/x\"\n").contains("no path"));
    }

    #[test]
    fn the_gateway_needs_a_separate_host_name() {
        let gateway = |public: &str| {
            format!(
                "[console]\npublic_url = \"https://console.example.com\"\n[gateway]\n\
                 listen = \"127.0.0.1:3100\"\npublic_url = \"{public}\"\n\
                 upstream = \"http://127.0.0.1:3200\"\ntenant_binding = \"identity\"\n"
            )
        };
        assert_eq!(faults(&gateway("https://api.example.com")), "");
        let same = faults(&gateway("https://Console.example.com:8443"));
        assert!(same.contains("same host name"), "{same}");
        assert!(faults(&gateway("http://api.example.com")).contains("without https"));
    }

    #[test]
    fn tenants_open_at_a_domain_apart_from_the_consoles() {
        let with = |console: &str, gateway: &str, domain: &str| {
            faults(&format!(
                "[console]\npublic_url = \"{console}\"\n[gateway]\nlisten = \"127.0.0.1:3100\"\n\
                 public_url = \"{gateway}\"\nupstream = \"http://127.0.0.1:3200\"\n\
                 tenant_binding = \"identity\"\n[gateway.browser]\ndomain = \"{domain}\"\n"
            ))
        };
        let served = |domain: &str| {
            with(
                "https://console.example.com",
                "https://api.example.com",
                domain,
            )
        };
        for good in [
            "support.example.net",
            "support.example.com",
            "sole.example.com:8443",
        ] {
            assert_eq!(served(good), "", "{good}");
        }
        for bad in [
            "console.example.com",
            "console.example.com:8443",
            "support.console.example.com",
            "example.com",
        ] {
            let told = served(bad);
            assert!(told.contains("gateway.browser.domain"), "{bad}: {told}");
            assert!(told.contains("a separate domain"), "{bad}: {told}");
        }
        let here = with(
            "http://localhost:3000",
            "http://127.0.0.1:3100",
            "localhost:3100",
        );
        assert_eq!(here, "");
    }

    #[test]
    fn telemetry_needs_a_name_for_the_tenant() {
        let with = |names: &str| faults(&format!("[telemetry]\ntenant_attributes = {names}\n"));
        assert_eq!(with(r#"["tenant.id", "enduser.tenant"]"#), "");
        for bad in ["[]", r#"[""]"#, r#"[" tenant.id"]"#] {
            assert!(with(bad).contains("telemetry.tenant_attributes"), "{bad}");
        }
    }

    #[test]
    fn thresholds_must_make_sense() {
        assert!(faults("[health]\nwarning_percent = 101.0\n").contains("warning_percent"));
        assert!(
            faults("[health]\nwarning_percent = 30.0\ncritical_percent = 20.0\n").contains("swap")
        );
    }
}
