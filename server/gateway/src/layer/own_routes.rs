//! The layer in front of Support Console's own REST API, where a support session may read some data
//! of its tenant.

use std::sync::Arc;

use super::{LayerParts, SupportSessionLayer};
use crate::{
    config::TenantBinding,
    judge::{RuleSet, rule_book::RuleBook, selectors::SelectorRules},
};

/// The routes that a support session may read. The services restrict everything to the session's
/// tenant.
const OWN_ROUTES: [&str; 4] = [
    "/api/v1/audit",
    "/api/v1/audit/export",
    "/api/v1/support-sessions",
    "/api/v1/support-sessions/**",
];

impl SupportSessionLayer {
    /// A layer in front of Support Console's own routes: the same scopes, but without the rules for
    /// the platform's paths and hosts.
    pub fn before_own_routes(parts: LayerParts) -> Self {
        let rules = for_own_routes((*parts.rules).clone());
        let sessions = Arc::clone(&parts.sessions);
        let rules = RuleBook::reading(Arc::new(rules), sessions, for_own_routes);
        Self::with(rules, parts)
    }
}

/// Rules for [`OWN_ROUTES`] only. Scopes stay as they are. How the platform names tenants doesn't
/// matter, because here the session names the tenant.
fn for_own_routes(rules: RuleSet) -> RuleSet {
    let routes = OWN_ROUTES.iter().filter_map(|route| route.parse().ok());
    RuleSet {
        binding: TenantBinding::Identity,
        tenant_host: None,
        routes: Vec::new(),
        tenant: SelectorRules {
            query: vec!["tenant".to_owned()],
            headers: Vec::new(),
        },
        organization: SelectorRules::default(),
        organization_header: false,
        only: routes.collect(),
        ..rules
    }
}
