//! The check of the `[gateway]` table.

use std::{sync::Arc, time::Duration};

use http::{HeaderName, uri::Authority};
use ipnet::IpNet;

use super::{
    GatewayConfig,
    fault::{Faults, InvalidConfig},
    origin,
    settings::GatewaySettings,
};
use crate::{
    headers,
    judge::{RuleSet, RuleSource, scopes::ScopeConfig},
};

impl GatewayConfig {
    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// All faults, each with its key and what to change.
    pub fn validate(
        &self,
        scopes: &[ScopeConfig],
        trusted_proxies: &[IpNet],
    ) -> Result<GatewaySettings, InvalidConfig> {
        let mut faults = Faults::default();
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
            let problem = "0 would refuse everything: use more than 0 milliseconds";
            faults.push("gateway.record_timeout_ms", problem);
        }
        let settings = rules.map(|rules| GatewaySettings {
            rules: Arc::new(rules),
            hosts,
            scheme: match self.public_url.starts_with("https://") {
                true => "https",
                false => "http",
            },
            entry_hosts,
            inject_banner: self.browser.as_ref().is_some_and(|b| b.inject_banner),
            request_headers: headers,
            upstreams,
            certificate,
            trusted_proxies: trusted_proxies.to_vec(),
            record_timeout: Duration::from_millis(self.record_timeout_ms),
        });
        faults.or(settings).map_err(InvalidConfig)
    }

    /// The rules as written; `None` if the tenant binding is missing.
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
        let public = origin::parse(&self.public_url, "https://support.example.com");
        let mut hosts = Vec::new();
        if let Some(uri) = faults.take("gateway.public_url", public) {
            let port = origin::default_port(&uri);
            let host = uri.host().unwrap_or_default().to_ascii_lowercase();
            match uri.port_u16() {
                Some(given) if given != port => hosts.push(format!("{host}:{given}")),
                _ => hosts.extend([host.clone(), format!("{host}:{port}")]),
            }
        }
        hosts.extend(faults.each("gateway.hosts", &self.hosts, |host| {
            let authority = host.parse::<Authority>().ok().filter(origin::is_plain);
            authority
                .map(|_| host.to_ascii_lowercase())
                .ok_or("must be a host, with a port if it needs one")
        }));
        hosts
    }

    fn request_headers(&self, rules: Option<&RuleSet>, faults: &mut Faults) -> Vec<HeaderName> {
        let key = "gateway.request_headers";
        let mut allowed = match &self.request_headers {
            Some(names) => faults.header_names(key, names),
            None => headers::default_allowed(),
        };
        let never = |key: &str, names: &[HeaderName], faults: &mut Faults| {
            for name in names.iter().filter(|n| headers::is_never_passed(n)) {
                let problem = format!("{name:?} is never forwarded: remove it from the list");
                faults.push(key, problem);
            }
            for family in names.iter().filter_map(headers::Family::named) {
                if !family.is_narrow() {
                    let problem = "a * must follow two words at least, as in \"x-amz-meta-*\"";
                    faults.push(key, problem);
                }
            }
        };
        never(key, &allowed, faults);
        let key = "gateway.request_headers_add";
        let added = faults.header_names(key, &self.request_headers_add);
        never(key, &added, faults);
        allowed.extend(added);
        // A selector that names the session's own tenant is harmless.
        for selectors in rules.iter().flat_map(|r| [&r.tenant, &r.organization]) {
            allowed.extend(selectors.headers.iter().cloned());
        }
        allowed
    }
}
