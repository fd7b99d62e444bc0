//! The destinations of permitted requests: one upstream, or several by host or path.

use std::{path::PathBuf, sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue, uri::Authority};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio_rustls::rustls::pki_types::ServerName;

use super::{GatewayConfig, TenantBinding, fault::Faults, origin};
use crate::{
    forward::upstream::{
        AskedAs, Names, PublicUrl, Timeouts, UpstreamSettings, UpstreamTls,
        serves::{Serves, without_default_port},
    },
    headers::{RequestHeaders, UpstreamAuthorization},
    judge::canonical::CanonicalTarget,
    tls::trust,
};

/// One `[[gateway.upstreams]]` table. Of several that match a request, one with its host takes
/// precedence over one for any host. Then the longest prefix wins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamConfig {
    /// The name in logs and in `doctor`.
    pub name: String,
    /// The address: `http://10.0.0.5:8080` or `https://billing.internal`.
    pub url: String,
    /// The hosts that this upstream serves. Empty means every host.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The path below which it serves requests, on segment boundaries. It is not removed.
    pub path_prefix: Option<String>,
    /// The `Authorization` that we send to it, or `pass`, to forward the one of a platform's page.
    pub authorization: Option<SecretString>,
    /// The addresses at which the platform's users reach it. Requests to it name the first.
    #[serde(default)]
    pub public_urls: Vec<String>,
    /// Which host requests of pages at a session's host name to it.
    #[serde(default)]
    pub asked_as: AskedAs,
    /// The names of its cookies that scripts of its pages may read and write at sessions' hosts.
    #[serde(default)]
    pub readable_cookies: Vec<String>,
    /// Whether browsers cache its static files while the session lasts, if it allows caching
    /// itself.
    #[serde(default)]
    pub keep_static_files: bool,
    /// The origins besides the session's host that its pages may connect and submit forms to, off the
    /// record.
    #[serde(default)]
    pub connect_origins: Vec<String>,
    /// PEM file with the CA of its certificate. Defaults to the system's CAs.
    pub ca: Option<PathBuf>,
    /// The audience of signed identities (the claim `aud`). Defaults to its origin.
    pub identity_audience: Option<String>,
}

/// How long the gateway waits for its upstream and for its clients, in milliseconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeoutConfig {
    /// For a connection, including TLS.
    pub connect_ms: u64,
    /// For the first byte of the answer, since the last byte of the request was sent.
    pub first_byte_ms: u64,
    /// For the next bytes of an answer that has begun.
    pub idle_ms: u64,
    /// For the next bytes of a request's body, from the client.
    pub request_idle_ms: u64,
}

impl Default for TimeoutConfig {
    fn default() -> Self {
        Self {
            connect_ms: 5_000,
            first_byte_ms: 60_000,
            idle_ms: 300_000,
            request_idle_ms: 60_000,
        }
    }
}

impl TimeoutConfig {
    fn checked(&self, faults: &mut Faults) -> Timeouts {
        let mut duration = |key: &str, millis: u64| {
            if millis == 0 {
                let problem = "0 would refuse everything: use more than 0 milliseconds";
                faults.push(format!("gateway.timeouts.{key}"), problem);
            }
            Duration::from_millis(millis)
        };
        Timeouts {
            connect: duration("connect_ms", self.connect_ms),
            first_byte: duration("first_byte_ms", self.first_byte_ms),
            idle: duration("idle_ms", self.idle_ms),
            request_idle: duration("request_idle_ms", self.request_idle_ms),
        }
    }
}

/// The `authorization` that forwards a page's own.
const PASS: &str = "pass";

/// One upstream, and its place in the configuration.
struct Entry {
    config: UpstreamConfig,
    /// Its index, if there are several.
    index: Option<usize>,
}

impl GatewayConfig {
    /// The addresses of all upstreams, for people.
    pub fn upstream_urls(&self) -> Vec<&str> {
        let several = self.upstreams.iter().map(|upstream| upstream.url.as_str());
        self.upstream
            .as_deref()
            .into_iter()
            .chain(several)
            .collect()
    }

    pub(super) fn upstreams(
        &self,
        hosts: &[String],
        allowed: &[HeaderName],
        faults: &mut Faults,
    ) -> Vec<UpstreamSettings> {
        let timeouts = self.timeouts.checked(faults);
        let mut settings: Vec<UpstreamSettings> = Vec::new();
        for entry in self.upstream_entries(faults) {
            let Some(serves) = entry.serves(hosts, faults) else {
                continue;
            };
            if let Some(other) = settings.iter().find(|other| other.serves.overlaps(&serves)) {
                let problem = format!(
                    "{} and {} serve the same host and path_prefix; change one of them",
                    other.name, entry.config.name
                );
                faults.push(entry.key("url"), problem);
            }
            let authorization = entry.authorization(faults);
            let identity_audience = entry.identity_audience(faults);
            let public = entry.public_urls(faults);
            let asked_as = entry.asked_as(self, faults);
            let Some((authority, tls)) = entry.url(faults) else {
                continue;
            };
            let scheme = tls.as_ref().map_or("http", |_| "https");
            let others = public
                .iter()
                .map(|url| (url.scheme.as_str(), &url.authority));
            let urls = std::iter::once((scheme, &authority)).chain(others);
            let names = Names {
                readable: entry.readable_cookies(faults),
                connects: entry.connect_origins(faults),
                ..Names::of(urls)
            };
            settings.push(UpstreamSettings {
                name: entry.config.name.clone(),
                authority,
                tls,
                timeouts,
                serves,
                identity_audience,
                headers: Arc::new(RequestHeaders::new(allowed.iter().cloned(), authorization)),
                public,
                asked_as,
                keep_static_files: entry.config.keep_static_files,
                names: Arc::new(names),
            });
        }
        settings
    }

    fn upstream_entries(&self, faults: &mut Faults) -> Vec<Entry> {
        match (&self.upstream, self.upstreams.as_slice()) {
            (Some(url), []) => vec![Entry {
                config: UpstreamConfig {
                    name: "upstream".into(),
                    url: url.clone(),
                    hosts: Vec::new(),
                    path_prefix: None,
                    authorization: self.upstream_authorization.clone(),
                    public_urls: self.upstream_public_urls.clone(),
                    asked_as: self.upstream_asked_as,
                    readable_cookies: self.upstream_readable_cookies.clone(),
                    keep_static_files: self.upstream_keep_static_files,
                    connect_origins: self.upstream_connect_origins.clone(),
                    ca: self.upstream_ca.clone(),
                    identity_audience: self.identity_audience.clone(),
                },
                index: None,
            }],
            (None, []) => {
                let problem = "is missing: set the address of the platform's API, such as \
                               \"http://127.0.0.1:8080\"";
                faults.push("gateway.upstream", problem);
                Vec::new()
            }
            (alone, several) => {
                if alone.is_some()
                    || self.upstream_authorization.is_some()
                    || self.upstream_ca.is_some()
                    || self.identity_audience.is_some()
                    || !self.upstream_public_urls.is_empty()
                    || self.upstream_asked_as != AskedAs::default()
                    || !self.upstream_readable_cookies.is_empty()
                    || !self.upstream_connect_origins.is_empty()
                    || self.upstream_keep_static_files
                {
                    let problem = "beside [[gateway.upstreams]] there is no upstream, \
                                   upstream_authorization, upstream_public_urls, \
                                   upstream_asked_as, upstream_readable_cookies, \
                                   upstream_connect_origins, upstream_keep_static_files, \
                                   upstream_ca or identity_audience: write url, authorization, \
                                   public_urls, asked_as, readable_cookies, connect_origins, \
                                   keep_static_files, ca and identity_audience into each of its \
                                   tables";
                    faults.push("gateway.upstreams", problem);
                }
                let entry = |(index, config): (usize, &UpstreamConfig)| Entry {
                    config: config.clone(),
                    index: Some(index),
                };
                several.iter().enumerate().map(entry).collect()
            }
        }
    }
}

impl Entry {
    /// The key of this upstream's `field`.
    fn key(&self, field: &str) -> String {
        match (self.index, field) {
            (Some(index), _) => format!("gateway.upstreams[{index}].{field}"),
            (None, "url") => "gateway.upstream".to_owned(),
            (None, "identity_audience") => "gateway.identity_audience".to_owned(),
            (None, _) => format!("gateway.upstream_{field}"),
        }
    }

    fn serves(&self, known: &[String], faults: &mut Faults) -> Option<Serves> {
        let UpstreamConfig {
            name,
            hosts,
            path_prefix,
            ..
        } = &self.config;
        let hosts: Vec<String> = hosts.iter().map(|h| h.to_ascii_lowercase()).collect();
        let is_known = |host: &String| {
            let host = without_default_port(host);
            known.iter().any(|k| without_default_port(k) == host)
        };
        for host in hosts.iter().filter(|host| !is_known(host)) {
            let problem =
                format!("{name}: the gateway doesn't serve {host:?}: add it to gateway.hosts");
            faults.push("gateway.upstreams", problem);
        }
        let prefix = path_prefix.as_deref().unwrap_or("/");
        let canonical = CanonicalTarget::parse(prefix.as_bytes())
            .is_ok_and(|target| target.as_str() == prefix && target.query().is_none());
        if !canonical || (prefix != "/" && prefix.ends_with('/')) {
            let problem = format!(
                "{name}: path_prefix {prefix:?} must be a path in canonical form, without \
                 '/' at its end, such as \"/v1/billing\""
            );
            faults.push("gateway.upstreams", problem);
            return None;
        }
        Some(Serves::new(hosts, prefix))
    }

    fn identity_audience(&self, faults: &mut Faults) -> String {
        let wanted = self.config.identity_audience.as_deref();
        if wanted.is_some_and(|audience| audience.trim().is_empty()) {
            let problem =
                "is empty: set the audience (aud) that the upstream expects, or remove it";
            faults.push(self.key("identity_audience"), problem);
        }
        let audience = wanted.unwrap_or(&self.config.url);
        audience.trim_end_matches('/').to_owned()
    }

    fn authorization(&self, faults: &mut Faults) -> UpstreamAuthorization {
        let Some(secret) = &self.config.authorization else {
            return UpstreamAuthorization::Nothing;
        };
        if secret.expose_secret() == PASS {
            return UpstreamAuthorization::Pages;
        }
        let value = HeaderValue::from_str(secret.expose_secret());
        let value = value.map_err(|_| "can't be the value of a header");
        let value = faults.take(&self.key("authorization"), value);
        value.map_or_else(UpstreamAuthorization::default, UpstreamAuthorization::Ours)
    }

    fn asked_as(&self, gateway: &GatewayConfig, faults: &mut Faults) -> AskedAs {
        let asked_as = self.config.asked_as;
        let problem = match (&gateway.browser, gateway.tenant_binding) {
            _ if asked_as == AskedAs::Public => return asked_as,
            (None, _) => {
                "\"session\" is for tenants that are opened in browsers: add gateway.browser"
            }
            (_, Some(TenantBinding::Host)) => {
                "\"session\" can't be with tenant_binding = \"host\": there Host names the tenant"
            }
            _ => return asked_as,
        };
        faults.push(self.key("asked_as"), problem);
        asked_as
    }

    fn readable_cookies(&self, faults: &mut Faults) -> Vec<String> {
        let key = self.key("readable_cookies");
        faults.each(&key, &self.config.readable_cookies, |name| {
            let is_token = !name.is_empty() && name.parse::<HeaderName>().is_ok();
            if !is_token {
                return Err("is not a name of a cookie");
            }
            if name.to_ascii_lowercase().starts_with("__host-support-") {
                return Err("is the name of a cookie of ours");
            }
            Ok(name.to_owned())
        })
    }

    fn connect_origins(&self, faults: &mut Faults) -> Vec<String> {
        let key = self.key("connect_origins");
        faults.each(&key, &self.config.connect_origins, |url| {
            let uri = origin::parse(url, "").ok().map(http::Uri::into_parts);
            let both = uri.and_then(|parts| parts.scheme.zip(parts.authority));
            // WebSockets have their own schemes.
            let both = both.map(|(scheme, authority)| {
                let sockets = scheme.as_str().replacen("http", "ws", 1);
                format!("{scheme}://{authority} {sockets}://{authority}")
            });
            both.ok_or("must be http:// or https:// with a host and no path")
        })
    }

    fn public_urls(&self, faults: &mut Faults) -> Vec<PublicUrl> {
        faults.each(&self.key("public_urls"), &self.config.public_urls, |url| {
            let uri = origin::parse(url, "").ok().map(http::Uri::into_parts);
            let both = uri.and_then(|parts| parts.scheme.zip(parts.authority));
            both.map(|(scheme, authority)| PublicUrl { scheme, authority })
                .ok_or("must be http:// or https:// with a host and no path")
        })
    }

    fn url(&self, faults: &mut Faults) -> Option<(Authority, Option<UpstreamTls>)> {
        let url = &self.config.url;
        let uri = origin::parse(url, "http://127.0.0.1:8080");
        let uri = faults.take(&self.key("url"), uri)?;
        let https = uri.scheme_str() == Some("https");
        let authority = uri.into_parts().authority?;
        if https {
            let tls = self.tls(&authority, faults)?;
            return Some((authority, Some(tls)));
        }
        if self.config.ca.is_some() {
            let problem = format!(
                "{url} has no TLS; write https://, or remove {}",
                self.key("ca")
            );
            faults.push(self.key("url"), problem);
        }
        Some((authority, None))
    }

    fn tls(&self, authority: &Authority, faults: &mut Faults) -> Option<UpstreamTls> {
        let host = authority.host().trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned());
        let name =
            name.map_err(|_| format!("{host:?} is not a host that a certificate can be for"));
        let name = faults.take(&self.key("url"), name)?;
        let config = trust(self.config.ca.as_deref());
        let config = faults.take(&self.key("ca"), config)?;
        Some(UpstreamTls { config, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validate(more: &str) -> Result<Vec<String>, String> {
        let config: GatewayConfig = toml::from_str(&format!(
            "listen = \"127.0.0.1:1\"\npublic_url = \"https://g.example\"\n\
             hosts = [\"b.example\"]\ntenant_binding = \"identity\"\n{more}"
        ))
        .unwrap();
        let settings = config.validate(&[], &[]).map_err(|e| e.to_string())?;
        let names = settings.upstreams.iter().map(|u| u.name.clone());
        Ok(names.collect())
    }

    fn table(name: &str, more: &str) -> String {
        format!("[[upstreams]]\nname = \"{name}\"\nurl = \"http://127.0.0.1:1\"\n{more}\n")
    }

    #[test]
    fn one_or_several_but_not_both() {
        let one = "upstream = \"http://127.0.0.1:1\"\n";
        assert_eq!(validate(one).unwrap(), ["upstream"]);
        assert!(validate("").unwrap_err().contains("is missing"));
        let several = table("a", "") + &table("b", "path_prefix = \"/b\"");
        assert_eq!(validate(&several).unwrap(), ["a", "b"]);
        assert!(validate(&(one.to_owned() + &several)).is_err());
    }

    #[test]
    fn what_two_would_serve_is_a_fault() {
        for (one, other, fault) in [
            ("", "", true),
            ("", "path_prefix = \"/\"", true),
            ("path_prefix = \"/a\"", "path_prefix = \"/a\"", true),
            ("path_prefix = \"/a\"", "path_prefix = \"/b\"", false),
            ("", "hosts = [\"b.example\"]", false),
            (
                "hosts = [\"B.example:443\"]",
                "hosts = [\"b.example\"]",
                true,
            ),
        ] {
            let both = table("one", one) + &table("other", other);
            assert_eq!(validate(&both).is_err(), fault, "{one} {other}");
        }
    }

    #[test]
    fn faults_name_the_key_and_what_to_change() {
        for (more, part) in [
            ("hosts = [\"c.example\"]", "add it to gateway.hosts"),
            ("path_prefix = \"/a/\"", "path_prefix \"/a/\""),
            ("path_prefix = \"a\"", "path_prefix \"a\""),
            ("path_prefix = \"/a/../b\"", "canonical form"),
            ("path_prefix = \"/a?b\"", "canonical form"),
            (
                "authorization = \"a\\nb\"",
                "gateway.upstreams[0].authorization:",
            ),
            ("ca = \"/nowhere\"", "has no TLS"),
            ("asked_as = \"session\"", "add gateway.browser"),
        ] {
            let told = validate(&table("a", more)).unwrap_err();
            assert!(told.contains(part), "{part}: {told}");
        }
        let https = "upstream = \"https://127.0.0.1:1\"\nupstream_ca = \"/nowhere/ca.pem\"\n";
        let told = validate(https).unwrap_err();
        assert!(
            told.contains("gateway.upstream_ca: /nowhere/ca.pem"),
            "{told}"
        );
    }
    #[test]
    fn where_the_host_names_the_tenant_no_session_can_be_there() {
        let config: GatewayConfig = toml::from_str(
            "listen = \"127.0.0.1:1\"\npublic_url = \"https://g.example\"\n\
             tenant_binding = \"host\"\ntenant_host = \"{tenant_id}.example\"\n\
             upstream = \"http://127.0.0.1:1\"\nupstream_asked_as = \"session\"\n\
             [browser]\ndomain = \"support.example\"\n",
        )
        .unwrap();
        let told = config.validate(&[], &[]).unwrap_err().to_string();
        assert!(
            told.contains("gateway.upstream_asked_as: \"session\" can't"),
            "{told}"
        );
    }
}
