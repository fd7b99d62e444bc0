//! The rules as written, without anything that may differ between nodes and releases. A support
//! session remembers the rules under which it was created in this form.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    bindings::{HiddenConfig, OrganizationBinding, SelectorConfig, TenantBinding},
    hidden::Hidden,
    host::TenantHost,
    patterns::PathPattern,
    rule_set::RuleSet,
    scopes::{ScopeConfig, Scopes},
    selectors::SelectorRules,
};
use crate::config::{Fault, Faults};

/// The configuration that decides what a support session may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSource {
    /// How a request's tenant is established.
    pub tenant_binding: TenantBinding,
    /// The upstream's host name for a tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_host: Option<String>,
    /// Whether the upstream honours `Support-Organization`.
    pub organization: OrganizationBinding,
    /// Paths that name tenants and organizations.
    #[serde(default)]
    pub routes: Vec<String>,
    /// Other places where a request can name a tenant or an organization.
    #[serde(default)]
    pub selectors: SelectorConfig,
    /// Secrets to be hidden in records.
    #[serde(default)]
    pub hidden: HiddenConfig,
    /// The scopes beside `read_only`, or with it.
    #[serde(default)]
    pub scopes: Vec<ScopeConfig>,
}

impl RuleSource {
    /// The text that is stored and hashed: canonical JSON (RFC 8785).
    pub fn to_text(&self) -> String {
        serde_json_canonicalizer::to_string(self).unwrap_or_default()
    }

    /// Reads what [`Self::to_text`] wrote.
    ///
    /// # Errors
    ///
    /// If the text is not rules of this or an earlier release.
    pub fn from_text(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// SHA-256 of [`Self::to_text`], in hexadecimal: equal for nodes with the same rules.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.to_text()))
    }

    /// Checks the rules and makes them ready for use.
    ///
    /// # Errors
    ///
    /// Every fault, naming its key and what to change.
    pub fn compile(&self) -> Result<RuleSet, Vec<Fault>> {
        let mut faults = Faults::default();
        let scopes = Scopes::new(&self.scopes).unwrap_or_else(|more| {
            faults.0.extend(more);
            Scopes::built_in()
        });
        let routes = faults.each("gateway.routes", &self.routes, route);
        let tenant_host = self.tenant_host(&mut faults);
        let names_tenants =
            routes.iter().any(PathPattern::captures_tenant) || scopes.name_tenants();
        if self.tenant_binding == TenantBinding::Path && faults.0.is_empty() && !names_tenants {
            let problem = "tenant_binding = \"path\" needs at least one pattern with {tenant_id}, \
                           such as \"/v1/tenants/{tenant_id}\"";
            faults.push("gateway.routes", problem);
        }
        let SelectorConfig {
            query,
            headers,
            organization_query,
            organization_headers,
        } = &self.selectors;
        let tenant = SelectorRules {
            query: query.clone(),
            headers: faults.header_names("gateway.selectors.headers", headers),
        };
        let key = "gateway.selectors.organization_headers";
        let organization = SelectorRules {
            query: organization_query.clone(),
            headers: faults.header_names(key, organization_headers),
        };
        let rules = RuleSet {
            hash: self.hash(),
            scopes,
            binding: self.tenant_binding,
            tenant_host,
            routes,
            tenant,
            organization,
            organization_header: self.organization == OrganizationBinding::Header,
            hidden: Hidden::new(&self.hidden, &mut faults),
            only: Vec::new(),
        };
        faults.or(Some(rules))
    }

    fn tenant_host(&self, faults: &mut Faults) -> Option<TenantHost> {
        let key = "gateway.tenant_host";
        match (&self.tenant_host, self.tenant_binding) {
            (None, TenantBinding::Host) => {
                let problem = "is missing: tenant_binding = \"host\" needs the upstream's host name \
                               for a tenant, such as \"{tenant_id}.api.example.com\"";
                faults.push(key, problem);
                None
            }
            (Some(_), TenantBinding::Path | TenantBinding::Identity) => {
                let problem = "is used with tenant_binding = \"host\" only; remove one of them";
                faults.push(key, problem);
                None
            }
            (Some(text), TenantBinding::Host) => {
                let host = text.parse::<TenantHost>();
                let host = host.map_err(|error| format!("{text:?} {error}"));
                faults.take(key, host)
            }
            (None, _) => None,
        }
    }
}

fn route(text: &str) -> Result<PathPattern, String> {
    let route = text.parse::<PathPattern>().map_err(|e| e.to_string())?;
    match route.captures_anything() {
        true => Ok(route),
        false => Err("must capture {tenant_id} or {organization_id}".to_owned()),
    }
}
