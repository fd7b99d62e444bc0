//! The `[gateway]` table of the configuration, and its check at start.

pub mod browser;
pub(super) mod entry;
mod fault;
mod forward_auth;
mod probe;
mod upstreams;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use app::domain::record::RecordLevel;
use http::{HeaderName, uri::Authority};
use ipnet::IpNet;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use self::{
    browser::BrowserConfig,
    entry::TlsConfig,
    fault::{Fault, InvalidConfig},
    forward_auth::{CheckTlsConfig, ForwardAuthConfig, ForwardAuthSettings, PrivateAddress},
    probe::{ProbeConfig, ProbeTenantConfig},
    upstreams::{TimeoutConfig, UpstreamConfig},
};
use crate::{
    browser::EntryHosts,
    forward::upstream::UpstreamSettings,
    headers,
    judge::{
        Authorised, CanonicalRequest, Denied, Judge, RuleSet, RuleSource, scopes::ScopeConfig,
    },
    ports::KnownSession,
    tls::Certificate,
};

/// How a request's tenant is established.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantBinding {
    /// A pattern captures `{tenant_id}` in the path, which must equal the support session's.
    Path,
    /// The upstream takes the tenant from its host name alone, which we make by `tenant_host`.
    Host,
    /// The upstream takes the tenant from our `Support-Tenant` header alone.
    Identity,
}

/// Whether the upstream keeps a request to the organization that we name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationBinding {
    /// It honours our `Support-Organization` header.
    Header,
    /// It does not: only routes that capture `{organization_id}` can be confined.
    #[default]
    None,
}

/// Query parameters and headers by which the upstream can be told a tenant or an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SelectorConfig {
    /// Query parameters that name a tenant.
    pub query: Vec<String>,
    /// Headers that name a tenant.
    pub headers: Vec<String>,
    /// Query parameters that name an organization.
    pub organization_query: Vec<String>,
    /// Headers that name an organization.
    pub organization_headers: Vec<String>,
}

/// What no record shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HiddenConfig {
    /// Path patterns in which `{secret}` marks segments that are secrets.
    pub paths: Vec<String>,
    /// Query parameters whose values are secrets.
    pub query: Vec<String>,
}

/// The `[gateway]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// Where the gateway listens.
    pub listen: SocketAddr,
    /// What clients call it: `https://support.example.com`.
    pub public_url: String,
    /// Other hosts, with port where it is not the scheme's own, that it answers as.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// TLS of its own; without it clear text, from this machine and from `trusted_proxies`.
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
    /// Path patterns with `{tenant_id}` and `{organization_id}`; each matches its path and all below.
    #[serde(default)]
    pub routes: Vec<String>,
    /// Where else a request can name a tenant or an organization.
    #[serde(default)]
    pub selectors: SelectorConfig,
    /// What no record shows.
    #[serde(default)]
    pub hidden: HiddenConfig,
    /// Request headers that are passed on, instead of the built-in list.
    pub request_headers: Option<Vec<String>>,
    /// Value of the `Authorization` header that the upstream gets from us.
    pub upstream_authorization: Option<SecretString>,
    /// What signed identities are meant for (the claim `aud`); the upstream's origin without it.
    pub identity_audience: Option<String>,
    /// PEM file with the CA of the upstream's certificate, instead of whom this machine trusts.
    pub upstream_ca: Option<PathBuf>,
    /// Where tenants are opened in browsers.
    pub browser: Option<BrowserConfig>,
    /// How long the gateway waits.
    #[serde(default)]
    pub timeouts: TimeoutConfig,
    /// What a request's record survives before the request is forwarded.
    #[serde(default = "flushed")]
    pub record: RecordLevel,
    /// How long a request waits for its record, in milliseconds; then it is refused.
    #[serde(default = "record_timeout_ms")]
    pub record_timeout_ms: u64,
    /// What `support-console gateway probe` asks for.
    pub probe: Option<ProbeConfig>,
}

/// How long a request waits for its record where nothing is configured, in milliseconds.
pub const DEFAULT_RECORD_TIMEOUT_MS: u64 = 5_000;

const fn flushed() -> RecordLevel {
    RecordLevel::Flushed
}

const fn record_timeout_ms() -> u64 {
    DEFAULT_RECORD_TIMEOUT_MS
}

/// A configuration that has passed its check.
#[derive(Debug)]
pub struct GatewaySettings {
    pub(super) rules: Arc<RuleSet>,
    /// Values of `Host` that the gateway answers to.
    pub(super) hosts: Vec<String>,
    /// The hosts that support sessions open at in browsers, if they do.
    pub(super) entry_hosts: Option<EntryHosts>,
    /// Whether pages in browsers get the banner.
    pub(super) inject_banner: bool,
    /// The request fields that pass.
    pub(super) request_headers: Vec<HeaderName>,
    pub(super) upstreams: Vec<UpstreamSettings>,
    /// The gateway's certificate, if it ends TLS itself.
    pub(super) certificate: Option<Arc<Certificate>>,
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) record_timeout: Duration,
}

impl GatewaySettings {
    /// The rules.
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// For how long a record, or the store's answer, is waited for.
    pub const fn record_timeout(&self) -> Duration {
        self.record_timeout
    }

    /// Values of `Host` that are answered to.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The request fields that pass.
    pub fn request_headers(&self) -> &[HeaderName] {
        &self.request_headers
    }

    /// The value of `Host` that clients are told to use.
    pub fn own_host(&self) -> Option<&str> {
        self.hosts.first().map(String::as_str)
    }

    /// Decides by the rules of today alone.
    ///
    /// # Errors
    ///
    /// The first reason why the request may not be made in that session.
    pub fn authorise(
        &self,
        session: &Arc<KnownSession>,
        request: CanonicalRequest,
    ) -> Result<Authorised, Denied> {
        let judge = Judge {
            hosts: &self.hosts,
            rules: &self.rules,
            earlier: None,
        };
        judge.authorise(session, request)
    }

    /// Whether each upstream can be reached now: what it is called, and if not, why not and what to
    /// do about it.
    pub async fn probe_upstreams(&self) -> Vec<(String, Result<(), String>)> {
        let mut probed = Vec::new();
        for upstream in &self.upstreams {
            let scheme = if upstream.tls.is_some() {
                "https"
            } else {
                "http"
            };
            let name = match upstream.name.as_str() {
                // The only one has no name of its own.
                "upstream" => String::new(),
                name => format!("{name} "),
            };
            let what = format!("{name}{scheme}://{}", upstream.authority);
            probed.push((what, upstream.probe().await));
        }
        probed
    }
}

impl GatewayConfig {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// Every fault at once, each naming its key and what to change.
    pub fn validate(
        &self,
        scopes: &[ScopeConfig],
        trusted_proxies: &[IpNet],
    ) -> Result<GatewaySettings, InvalidConfig> {
        let mut faults = Faults(Vec::new());
        let rules = match self.rule_source(scopes) {
            None => {
                let problem = "is missing: write \"path\" if the upstream's paths name the tenant \
                               (and list them in gateway.routes), \"host\" if its host names do (see \
                               gateway.tenant_host), or \"identity\" if it takes the tenant from our \
                               identity headers alone";
                faults.push("gateway.tenant_binding", problem);
                None
            }
            Some(source) => source.compile().map_err(|more| faults.0.extend(more)).ok(),
        };
        let hosts = self.hosts(&mut faults);
        let entry_hosts = self.checked_entry_hosts(&mut faults);
        let headers = self.request_headers(rules.as_ref(), &mut faults);
        let upstreams = self.upstreams(&hosts, &headers, &mut faults);
        let certificate = self.entry(trusted_proxies, &mut faults);
        if self.record_timeout_ms == 0 {
            let problem = "0 lets nothing through; write milliseconds above 0";
            faults.push("gateway.record_timeout_ms", problem);
        }
        match (rules, faults.0.is_empty()) {
            (Some(rules), true) => Ok(GatewaySettings {
                rules: Arc::new(rules),
                hosts,
                entry_hosts,
                inject_banner: self.browser.as_ref().is_some_and(|b| b.inject_banner),
                request_headers: headers,
                upstreams,
                certificate,
                trusted_proxies: trusted_proxies.to_vec(),
                record_timeout: Duration::from_millis(self.record_timeout_ms),
            }),
            _ => Err(InvalidConfig(faults.0)),
        }
    }

    /// The rules as they are written; `None` if the tenant binding is missing.
    pub fn rule_source(&self, scopes: &[ScopeConfig]) -> Option<RuleSource> {
        Some(RuleSource {
            tenant_binding: self.tenant_binding?,
            tenant_host: self.tenant_host.clone(),
            organization: self.organization,
            routes: self.routes.clone(),
            selectors: self.selectors.clone(),
            hidden: self.hidden.clone(),
            scopes: scopes.to_vec(),
        })
    }

    fn hosts(&self, faults: &mut Faults) -> Vec<String> {
        let public = match self.public_url.parse::<http::Uri>() {
            Ok(uri)
                if matches!(uri.scheme_str(), Some("http" | "https"))
                    && uri.authority().is_some_and(is_plain)
                    && matches!(uri.path(), "" | "/")
                    && uri.query().is_none() =>
            {
                Some(uri)
            }
            _ => {
                let problem = format!(
                    "{:?} must be http:// or https:// with a host and no path, such as \
                     \"https://support.example.com\"",
                    self.public_url
                );
                faults.push("gateway.public_url", problem);
                None
            }
        };
        let mut hosts = Vec::new();
        if let Some(uri) = &public {
            let port = if uri.scheme_str() == Some("https") {
                443
            } else {
                80
            };
            let host = uri.host().unwrap_or_default().to_ascii_lowercase();
            match uri.port_u16() {
                Some(given) if given != port => hosts.push(format!("{host}:{given}")),
                _ => hosts.extend([host.clone(), format!("{host}:{port}")]),
            }
        }
        for (index, host) in self.hosts.iter().enumerate() {
            if host.parse::<Authority>().is_ok_and(|a| is_plain(&a)) {
                hosts.push(host.to_ascii_lowercase());
            } else {
                let problem = format!("{host:?} must be a host, with a port if it needs one");
                faults.push(format!("gateway.hosts[{index}]"), problem);
            }
        }
        hosts
    }

    fn request_headers(&self, rules: Option<&RuleSet>, faults: &mut Faults) -> Vec<HeaderName> {
        let key = "gateway.request_headers";
        let mut allowed = match &self.request_headers {
            Some(names) => header_names(key, names, faults),
            None => headers::default_allowed(),
        };
        for name in allowed.iter().filter(|n| headers::is_never_passed(n)) {
            let problem = format!("{name:?} is never passed on; remove it from the list");
            faults.push(key, problem);
        }
        // A selector that names the session's own tenant is as good as any other header.
        for selectors in rules.iter().flat_map(|r| [&r.tenant, &r.organization]) {
            allowed.extend(selectors.headers.iter().cloned());
        }
        allowed
    }
}

fn is_plain(authority: &Authority) -> bool {
    !authority.as_str().contains('@') && !authority.host().is_empty()
}

struct Faults(Vec<Fault>);

impl Faults {
    fn push(&mut self, key: impl Into<String>, problem: impl Into<String>) {
        self.0.push(Fault::new(key, problem));
    }

    fn take<T, E: std::fmt::Display>(&mut self, key: &str, result: Result<T, E>) -> Option<T> {
        result
            .map_err(|error| self.push(key, error.to_string()))
            .ok()
    }
}

fn header_names(key: &str, names: &[String], faults: &mut Faults) -> Vec<HeaderName> {
    let mut parsed = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match name.parse() {
            Ok(name) => parsed.push(name),
            Err(_) => faults.push(
                format!("{key}[{index}]"),
                format!("{name:?} is not a header's name"),
            ),
        }
    }
    parsed
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
