//! The checked `[gateway]` table.

use std::{sync::Arc, time::Duration};

use http::HeaderName;
use ipnet::IpNet;

use crate::{
    browser::EntryHosts,
    forward::upstream::UpstreamSettings,
    headers,
    judge::{Authorised, CanonicalRequest, Denied, Judge, RuleSet},
    ports::KnownSession,
    tls::Certificate,
};

/// A configuration that has passed its check.
#[derive(Debug)]
pub struct GatewaySettings {
    pub(crate) rules: Arc<RuleSet>,
    /// Accepted values of `Host`.
    pub(crate) hosts: Vec<String>,
    /// The scheme by which clients reach it: `http` or `https`.
    pub(crate) scheme: &'static str,
    /// The hosts at which support sessions open in browsers, if configured.
    pub(crate) entry_hosts: Option<EntryHosts>,
    /// Whether pages in browsers get the banner.
    pub(crate) inject_banner: bool,
    /// The request fields that pass.
    pub(crate) request_headers: Vec<HeaderName>,
    pub(crate) upstreams: Vec<UpstreamSettings>,
    /// The gateway's certificate, if it terminates TLS itself.
    pub(crate) certificate: Option<Arc<Certificate>>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) record_timeout: Duration,
}

impl GatewaySettings {
    /// What the configuration permits in support sessions.
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// How long to wait for a record, or for the store's answer.
    pub const fn record_timeout(&self) -> Duration {
        self.record_timeout
    }

    /// Accepted values of `Host`.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The request fields that pass.
    pub fn request_headers(&self) -> &[HeaderName] {
        &self.request_headers
    }

    /// The value of `Host` for clients.
    pub fn own_host(&self) -> Option<&str> {
        self.hosts.first().map(String::as_str)
    }

    /// Decides by today's rules only.
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

    /// Warnings about how settings of upstreams weaken the confinement of support sessions, one
    /// sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let upstreams = self.upstreams.iter();
        let passing = upstreams.filter(|upstream| upstream.headers.passes_authorization());
        let warning = |upstream: &UpstreamSettings| {
            format!(
                "upstream {}: authorization = \"pass\" lets the Authorization of the platform's pages \
                 pass. The upstream then decides by the platform's own credential, which no scope and \
                 no tenant of a support session confines. With tenant_binding = \"identity\" it must put \
                 our identity first: refuse, or serve only what Support-Tenant names, whatever else \
                 Authorization permits",
                upstream.name
            )
        };
        passing.map(warning).collect()
    }

    /// Notes on what doesn't work in browsers because an upstream's public names are not
    /// configured, one sentence each.
    pub fn notes(&self) -> Vec<String> {
        let upstreams = self.upstreams.iter();
        let nameless = upstreams.filter(|upstream| upstream.public.is_empty());
        let note = |upstream: &UpstreamSettings| {
            format!(
                "browsers: cookies of upstream {} for a domain that its URL doesn't name are dropped, and \
                 its redirects to another public address leave the session, unless its public_urls has \
                 that address",
                upstream.name
            )
        };
        match &self.entry_hosts {
            Some(_) if self.rules.tenant_host.is_none() => nameless.map(note).collect(),
            _ => Vec::new(),
        }
    }

    /// Fields of the platform's pages that could select a tenant: the judged ones, and common names
    /// that pass unjudged. One sentence each.
    pub fn fields_of_pages(&self) -> Vec<String> {
        if self.entry_hosts.is_none() {
            return Vec::new();
        }
        let rules = [&self.rules.tenant, &self.rules.organization];
        let judged: Vec<_> = rules.iter().flat_map(|rules| &rules.headers).collect();
        let passing = headers::customary_of_pages().filter(|name| !judged.contains(&name));
        let passing: Vec<_> = passing.map(|name| name.to_string()).collect();
        let judged: Vec<_> = judged.iter().map(|name| name.as_str()).collect();
        let mut said = Vec::new();
        if !judged.is_empty() {
            let names = judged.join(", ");
            said.push(format!(
                "pages in browsers may send {names} with the support session's own value alone"
            ));
        }
        said.push(format!(
            "pages in browsers may send {} and other fields unjudged. If the upstream takes a tenant or an \
             organization from one, list it in gateway.selectors",
            passing.join(", ")
        ));
        said
    }

    /// Checks whether each upstream is reachable: its name, and if it is not, why and what to do.
    pub async fn probe_upstreams(&self) -> Vec<(String, Result<(), String>)> {
        let mut probed = Vec::new();
        for upstream in &self.upstreams {
            let scheme = if upstream.tls.is_some() {
                "https"
            } else {
                "http"
            };
            let name = match upstream.name.as_str() {
                // A single upstream needs no name.
                "upstream" => String::new(),
                name => format!("{name} "),
            };
            let what = format!("{name}{scheme}://{}", upstream.authority);
            probed.push((what, upstream.probe().await));
        }
        probed
    }
}
