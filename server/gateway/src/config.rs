//! The `[gateway]` and `[forward_auth]` tables of the configuration, and how they are checked.

pub mod browser;
mod check;
pub(crate) mod entry;
mod fault;
mod forward_auth;
mod origin;
mod probe;
mod settings;
mod upstreams;

use std::{net::SocketAddr, path::PathBuf};

use app::domain::record::RecordLevel;
use secrecy::SecretString;
use serde::Deserialize;

pub(crate) use self::fault::Faults;
pub use self::{
    browser::BrowserConfig,
    entry::TlsConfig,
    fault::{Fault, InvalidConfig},
    forward_auth::{CheckTlsConfig, ForwardAuthConfig, ForwardAuthSettings, PrivateAddress},
    probe::{ProbeConfig, ProbeTenantConfig},
    settings::GatewaySettings,
    upstreams::{TimeoutConfig, UpstreamConfig},
};
pub use crate::forward::upstream::AskedAs;
pub use crate::judge::bindings::{
    HiddenConfig, OrganizationBinding, SelectorConfig, TenantBinding,
};

/// The `[gateway]` table of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// The gateway's listen address.
    pub listen: SocketAddr,
    /// The public address: `https://support.example.com`.
    pub public_url: String,
    /// Other accepted hosts, with the port unless it is the scheme's default.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// TLS of the gateway itself. Without it the gateway only accepts this machine and
    /// `trusted_proxies`.
    pub tls: Option<TlsConfig>,
    /// The platform's API: `http://10.0.0.5:8080`. Either this or `upstreams`.
    pub upstream: Option<String>,
    /// Several upstreams, by host or path.
    #[serde(default)]
    pub upstreams: Vec<UpstreamConfig>,
    /// How a request's tenant is established. Mandatory, without a default.
    pub tenant_binding: Option<TenantBinding>,
    /// The upstream's host name for a tenant, `{tenant_id}.api.example.com`; with
    /// `tenant_binding = "host"`.
    pub tenant_host: Option<String>,
    /// Whether the upstream honours `Support-Organization`.
    #[serde(default)]
    pub organization: OrganizationBinding,
    /// Path patterns with `{tenant_id}` and `{organization_id}`. Each matches its path and
    /// everything below.
    #[serde(default)]
    pub routes: Vec<String>,
    /// Other places where a request can name a tenant or an organization.
    #[serde(default)]
    pub selectors: SelectorConfig,
    /// Secrets to be hidden in records.
    #[serde(default)]
    pub hidden: HiddenConfig,
    /// Request headers that are passed on, instead of the built-in list.
    pub request_headers: Option<Vec<String>>,
    /// Request headers that are passed on besides those of the list.
    #[serde(default)]
    pub request_headers_add: Vec<String>,
    /// The `Authorization` that we send to the upstream, or `pass`, to forward the one of a
    /// platform's page.
    pub upstream_authorization: Option<SecretString>,
    /// The addresses at which the platform's users reach the upstream.
    #[serde(default)]
    pub upstream_public_urls: Vec<String>,
    /// Which host requests of pages at a session's host name to the upstream.
    #[serde(default)]
    pub upstream_asked_as: AskedAs,
    /// The names of the upstream's cookies that scripts of its pages may read and write.
    #[serde(default)]
    pub upstream_readable_cookies: Vec<String>,
    /// Whether browsers keep the upstream's static files while the session lasts.
    #[serde(default)]
    pub upstream_keep_static_files: bool,
    /// The origins besides the session's host that the upstream's pages may connect and submit forms to,
    /// off the record.
    #[serde(default)]
    pub upstream_connect_origins: Vec<String>,
    /// The audience of signed identities (the claim `aud`). Defaults to the upstream's origin.
    pub identity_audience: Option<String>,
    /// PEM file with the CA of the upstream's certificate. Defaults to the system's CAs.
    pub upstream_ca: Option<PathBuf>,
    /// Opening tenants in browsers.
    pub browser: Option<BrowserConfig>,
    /// How long the gateway waits.
    #[serde(default)]
    pub timeouts: TimeoutConfig,
    /// What a request's record must survive before the request is forwarded.
    #[serde(default = "flushed")]
    pub record: RecordLevel,
    /// How long a request waits for its record before it is refused, in milliseconds.
    #[serde(default = "record_timeout_ms")]
    pub record_timeout_ms: u64,
    /// The targets of `support-console gateway probe`.
    pub probe: Option<ProbeConfig>,
}

/// How long a request waits for its record by default, in milliseconds.
pub const DEFAULT_RECORD_TIMEOUT_MS: u64 = 5_000;

const fn flushed() -> RecordLevel {
    RecordLevel::Flushed
}

const fn record_timeout_ms() -> u64 {
    DEFAULT_RECORD_TIMEOUT_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        listen = "127.0.0.1:3100"
        public_url = "http://127.0.0.1:3100"
        upstream = "http://127.0.0.1:3200"
        tenant_binding = "path"
        routes = ["/v1/tenants/{tenant_id}"]
    "#;

    fn faults(text: &str) -> Vec<String> {
        let config: GatewayConfig = toml::from_str(text).unwrap();
        let faults = config.validate(&[], &[]).unwrap_err().0;
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_small_configuration_is_enough() {
        let config: GatewayConfig = toml::from_str(GOOD).unwrap();
        let settings = config.validate(&[], &[]).unwrap();
        assert_eq!(settings.hosts, ["127.0.0.1:3100"]);
    }

    #[test]
    fn the_public_host_is_known_with_and_without_its_schemes_port() {
        let text = GOOD.replace("http://127.0.0.1:3100", "https://Support.Example.com");
        let config: GatewayConfig = toml::from_str(&text).unwrap();
        let settings = config.validate(&[], &[]).unwrap();
        assert_eq!(
            settings.hosts,
            ["support.example.com", "support.example.com:443"]
        );
    }

    #[test]
    fn tenant_binding_has_no_default() {
        let without = GOOD.replace("tenant_binding = \"path\"", "");
        assert!(faults(&without)[0].starts_with("gateway.tenant_binding: is missing"));
    }

    #[test]
    fn each_tenant_binding_needs_what_it_binds_by() {
        let binding = |text: &str| GOOD.replace("tenant_binding = \"path\"", text);
        let without_routes = GOOD.replace("routes = [\"/v1/tenants/{tenant_id}\"]", "");
        assert!(faults(&without_routes)[0].starts_with("gateway.routes: tenant_binding"));
        let host = faults(&binding("tenant_binding = \"host\""));
        assert!(
            host[0].starts_with("gateway.tenant_host: is missing"),
            "{host:?}"
        );
        let odd = faults(&binding(
            "tenant_binding = \"host\"\ntenant_host = \"api.example.com\"",
        ));
        assert!(
            odd[0].starts_with("gateway.tenant_host: \"api.example.com\" must"),
            "{odd:?}"
        );
        let idle = faults(&binding(
            "tenant_binding = \"identity\"\ntenant_host = \"{tenant_id}.example.com\"",
        ));
        assert!(
            idle[0].starts_with("gateway.tenant_host: is used with"),
            "{idle:?}"
        );
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let faults = faults(
            r#"
            listen = "127.0.0.1:3100"
            public_url = "support.example.com/x"
            hosts = ["a b"]
            upstream = "https://user@10.0.0.1/x"
            tenant_binding = "path"
            routes = ["/v1/{user}"]
            request_headers = ["accept", "cookie", "a b"]
            upstream_authorization = "a\nb"
            identity_audience = " "
            [selectors]
            headers = ["x tenant"]
            [timeouts]
            connect_ms = 0
            "#,
        );
        for key in [
            "gateway.public_url:",
            "gateway.hosts[0]: \"a b\"",
            "gateway.upstream:",
            "gateway.routes[0]: \"/v1/{user}\"",
            "gateway.request_headers: \"cookie\" is never",
            "gateway.request_headers[2]: \"a b\" is not",
            "gateway.upstream_authorization: can't be",
            "gateway.identity_audience: is empty",
            "gateway.selectors.headers[0]: \"x tenant\"",
            "gateway.timeouts.connect_ms: 0",
        ] {
            assert!(
                faults.iter().any(|f| f.starts_with(key)),
                "{key}: {faults:#?}"
            );
        }
    }

    #[test]
    fn a_misspelt_key_is_refused_and_the_credential_is_not_shown() {
        let misspelt = format!("{GOOD}\ntenant_bindings = 1");
        assert!(toml::from_str::<GatewayConfig>(&misspelt).is_err());
        let secret = format!("{GOOD}\nupstream_authorization = \"Bearer hush\"");
        let config: GatewayConfig = toml::from_str(&secret).unwrap();
        let settings = config.validate(&[], &[]).unwrap();
        assert!(!format!("{config:?}{settings:?}").contains("hush"));
    }
}
