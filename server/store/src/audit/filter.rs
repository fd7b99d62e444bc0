//! Whose events a list shows, and which of them match a filter.

use std::fmt;

use app::domain::{
    TenantId,
    audit::{AuditCategory, AuditEvent, AuditFilter, RESPONSE},
    page::Direction,
};
use audit::chain;

use super::{metadata::OF_REQUESTS, packed::pack_id};
use crate::{Sought, listing::Listing};

/// Whose events a caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditReach {
    All,
    /// Events of every tenant, but none without one.
    Tenants,
    /// Events of one tenant.
    Tenant(TenantId),
}

impl AuditReach {
    /// Whether an event is within it.
    pub fn covers(&self, event: &AuditEvent) -> bool {
        match self {
            Self::All => true,
            Self::Tenants => event.tenant_id.is_some(),
            Self::Tenant(id) => event.tenant_id.as_ref() == Some(id),
        }
    }
}

impl fmt::Display for AuditReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Tenants => f.write_str("tenants"),
            Self::Tenant(id) => write!(f, "tenant:{id}"),
        }
    }
}

/// The sort keys of a list. A chain is in the order of time.
pub(crate) fn list_keys(reach: &AuditReach, filter: &AuditFilter) -> &'static [&'static str] {
    match chain_listed(reach, filter) {
        Some(_) => &["place"],
        None => &["recorded_at", "place"],
    }
}

/// The one chain that a list is about.
pub(super) fn chain_listed(reach: &AuditReach, filter: &AuditFilter) -> Option<String> {
    let tenant = match reach {
        AuditReach::Tenant(id) => Some(id),
        AuditReach::All | AuditReach::Tenants => filter.tenant_id.as_ref(),
    };
    tenant.map(|id| chain::name(Some(id)))
}

/// The rows of the audit log that match a filter, in an order.
pub(super) fn listing(
    keys: &'static [&'static str],
    direction: Direction,
    reach: &AuditReach,
    filter: &AuditFilter,
) -> Listing {
    let mut listing = Listing::new("audit_entries", keys, direction);
    match reach {
        AuditReach::All => {}
        AuditReach::Tenants => listing.and("chain <> 'system'"),
        AuditReach::Tenant(id) => of_chain(&mut listing, &chain::name(Some(id))),
    }
    if let Some(tenant) = &filter.tenant_id {
        of_chain(&mut listing, &chain::name(Some(tenant)));
    }
    if is_of_no_request(filter) {
        // The condition of the indexes of all other events.
        listing.and("deed > 0");
    }
    if let Some(session) = filter.session_id {
        listing.and_bind("resource = {}", pack_id(&session.to_string()));
    }
    if filter.without_answers {
        // Asked of each event that is read. It depends on no other deed, so a page doesn't cost with their number. A condition
        // that NULL can't meet would let an engine begin with the deeds.
        listing.and_bind("COALESCE(action, {}) <> {}", RESPONSE);
    }
    if let Some(from) = filter.from {
        listing.and_bind("recorded_at >= {}", from);
    }
    if let Some(to) = filter.to {
        listing.and_bind("recorded_at < {}", to);
    }
    listing
}

pub(super) fn of_chain(listing: &mut Listing, chain: &str) {
    listing.and_bind(
        "place > (SELECT number << 40 FROM audit_chains WHERE name = {})",
        chain,
    );
    listing.and_bind(
        "place < (SELECT (number + 1) << 40 FROM audit_chains WHERE name = {})",
        chain,
    );
}

/// Whether a filter leaves out deeds.
pub(super) fn picks_deeds(filter: &AuditFilter) -> bool {
    let parts = [
        filter.category.is_some(),
        filter.action.is_some(),
        filter.actor.is_some(),
        filter.outcome.is_some(),
    ];
    parts.contains(&true)
}

/// The deeds that match a filter.
pub(super) fn deeds(filter: &AuditFilter) -> Listing {
    let mut deeds = Listing::new("audit_deeds", &["id"], Direction::Ascending);
    pick_deeds(&mut deeds, filter);
    if is_of_no_request(filter) {
        // Nearly all deeds are of requests.
        deeds.and("id > 0");
    }
    deeds
}

/// Only the deeds that match a filter, or the events with such deeds.
pub(super) fn pick_deeds(deeds: &mut Listing, filter: &AuditFilter) {
    if let Some(category) = filter.category {
        deeds.and_bind("category = {}", category);
    }
    let action = filter.action.as_deref();
    match action.map(|action| (action, action.strip_suffix('*'))) {
        Some((_, Some(prefix))) => deeds.and_prefix("action", prefix),
        Some((action, None)) => deeds.and_bind("action = {}", action),
        None => {}
    }
    if let Some(actor) = &filter.actor {
        deeds.and_contains_or_equals("actor_search", &Sought::new(actor), "actor_id", actor);
    }
    if let Some(outcome) = filter.outcome {
        deeds.and_bind("outcome = {}", outcome);
    }
}

/// Whether a filter excludes all events of requests.
pub(super) fn is_of_no_request(filter: &AuditFilter) -> bool {
    let is_left_out = |action: &str, of_request: &str| match action.strip_suffix('*') {
        Some(prefix) => !of_request.starts_with(prefix),
        None => of_request != action,
    };
    let other_category = filter
        .category
        .is_some_and(|category| category != AuditCategory::SupportSession);
    let action = filter.action.as_deref();
    other_category
        || action.is_some_and(|action| {
            OF_REQUESTS
                .iter()
                .all(|of_request| is_left_out(action, of_request))
        })
}
