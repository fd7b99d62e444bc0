//! The layer before Support Console's own interface: what a support session may read of its tenant there.

use std::sync::Arc;

use super::{LayerParts, SupportSessionLayer};
use crate::{
    config::TenantBinding,
    judge::{RuleSet, rule_book::RuleBook, selectors::SelectorRules},
};

/// What a support session may reach there: what its tenant may read. Everything is confined to the
/// session's tenant by who asks.
const OWN_ROUTES: [&str; 4] = [
    "/api/v1/audit",
    "/api/v1/audit/export",
    "/api/v1/support-sessions",
    "/api/v1/support-sessions/**",
];

impl SupportSessionLayer {
    /// A layer before routes that are Support Console's own: the same scopes, but what the rules say of
    /// the platform's paths and hosts does not hold there.
    pub fn before_own_routes(parts: LayerParts) -> Self {
        let rules = for_own_routes((*parts.rules).clone());
        let sessions = Arc::clone(&parts.sessions);
        let rules = RuleBook::reading(Arc::new(rules), sessions, for_own_routes);
        Self::with(rules, parts)
    }
}

/// Rules before [`OWN_ROUTES`], and for nothing else. Scopes hold as they are; how the platform names
/// tenants does not matter, since here the session itself does.
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
