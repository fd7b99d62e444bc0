//! The rules, ready for use.

use app::domain::{OrganizationId, TenantId};
use http::{HeaderName, Method};

use super::{
    bindings::TenantBinding,
    hidden::Hidden,
    host::TenantHost,
    patterns::PathPattern,
    scopes::{Confinement, Ruling, Scopes},
    selectors::SelectorRules,
};
use crate::ports::KnownSession;

/// Everything on which the decision depends, besides session and request.
#[derive(Debug, Clone)]
pub struct RuleSet {
    pub(crate) hash: String,
    pub(crate) scopes: Scopes,
    pub(crate) binding: TenantBinding,
    pub(crate) tenant_host: Option<TenantHost>,
    pub(crate) routes: Vec<PathPattern>,
    pub(crate) tenant: SelectorRules,
    pub(crate) organization: SelectorRules,
    pub(crate) organization_header: bool,
    pub(crate) hidden: Hidden,
    /// If there are any, only these paths can be permitted.
    pub(crate) only: Vec<PathPattern>,
}

impl RuleSet {
    /// The hash of these rules: see [`RuleSource::hash`](super::RuleSource::hash).
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The scopes that people choose from, `read_only` first.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// The tenant that a path names by a route or a rule.
    pub fn tenant_named_by<'p>(&self, path: &'p str) -> Option<&'p str> {
        let routes = self.routes.iter();
        let mut named = routes.filter_map(|route| route.matches_above(path)?.tenant);
        named.next().or_else(|| self.scopes.tenant_named_by(path))
    }

    /// The ruling of only the granted scopes, for a method on a canonical path.
    pub fn ruling(&self, session: &KnownSession, method: &Method, path: &str) -> Ruling<'_> {
        let own = Confinement {
            tenant: session.tenant_id.as_str(),
            organization: session.organization_id.as_ref().map(OrganizationId::as_str),
        };
        self.scopes.rule(&session.scopes, method, path, own)
    }

    /// The replacement for rules that are lost.
    pub(crate) fn permitting_nothing(hash: &str) -> Self {
        Self {
            hash: hash.to_owned(),
            scopes: Scopes::none(),
            binding: TenantBinding::Path,
            tenant_host: None,
            routes: Vec::new(),
            tenant: SelectorRules::default(),
            organization: SelectorRules::default(),
            organization_header: false,
            hidden: Hidden::default(),
            only: Vec::new(),
        }
    }

    /// How a request's tenant is established.
    pub fn tenant_binding(&self) -> TenantBinding {
        self.binding
    }

    /// The tenant's host name at the upstream, if tenants have their own and this one is valid.
    pub fn tenant_host_of(&self, tenant: &TenantId) -> Option<String> {
        self.tenant_host.as_ref()?.of(tenant.as_str())
    }

    /// Query parameters that can name a tenant.
    pub fn tenant_parameters(&self) -> &[String] {
        &self.tenant.query
    }

    /// Header fields that can name a tenant.
    pub fn tenant_headers(&self) -> &[HeaderName] {
        &self.tenant.headers
    }
}
