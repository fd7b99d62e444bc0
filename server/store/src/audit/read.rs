//! Reading the audit log.

use std::fmt;

use app::domain::{
    AuditEventId, TenantId, Timestamp,
    audit::{Actor, AuditCategory, AuditEvent, AuditFilter},
    page::Direction,
};
use audit::chain;
use const_format::concatcp;

use super::heads::AuditPosition;
use crate::{
    Db, FromRow, Row, StoreError, fold,
    listing::{Listed, Listing, Wanted},
    record::{Record, record, select},
    searchable,
    sql::queries,
};

queries! {
    Db {
        pub fn lookup_audit_event(id: AuditEventId) -> optional AuditEvent
            = select!(AuditEvent, "audit_events WHERE id = :id");

        /// Up to 1,000 events of a chain after a position, oldest first.
        pub fn list_audit_chain(chain: &str, after: u64) -> all AuditEvent
            = select!(AuditEvent, "audit_events WHERE chain = :chain AND seq > :after ORDER BY seq LIMIT 1000");

        /// Up to 1,000 events of a chain between two positions, oldest first.
        pub fn list_audit_between(chain: &str, after: u64, before: u64) -> all AuditEvent
            = select!(AuditEvent, "audit_events WHERE chain = :chain AND seq > :after AND seq < :before ORDER BY seq LIMIT 1000");

        /// Up to 1,000 events of a chain after a position, oldest first, readable or not.
        pub fn list_stored_audit_chain(chain: &str, after: u64) -> all StoredEvent
            = concatcp!("SELECT actor_search, ", AuditEvent::COLUMNS,
                " FROM audit_events WHERE chain = :chain AND seq > :after ORDER BY seq LIMIT 1000");

        /// The names of all chains, including any whose head was taken away.
        pub fn list_audit_chains() -> all String
            = "SELECT chain FROM audit_heads UNION SELECT chain FROM audit_events ORDER BY chain";

        /// The last position of a chain.
        pub fn lookup_audit_head(chain: &str) -> optional AuditPosition
            = select!(AuditPosition, "audit_heads WHERE chain = :chain");

        fn latest_recorded_micros(limit: Timestamp) -> one i64
            = "SELECT COALESCE(MAX(recorded_at), 0) FROM audit_events WHERE recorded_at <= :limit";

        /// The bounds between which a chain's first event lies that was recorded at or after an instant, equal
        /// unless events are missing; and up to where events may be out of the order of time.
        fn first_place_at(chain: &str, at: Timestamp) -> one (Option<u64>, Option<u64>, Option<u64>) = FIRST_PLACE_AT;
    }
}

/// Halves the part of the chain that is certainly in the order of time.
const FIRST_PLACE_AT: &str = "WITH RECURSIVE search (low, high) AS (\
    SELECT CASE WHEN first < ordered_after THEN ordered_after ELSE first END, last + 1 FROM (\
        SELECT (SELECT MIN(seq) FROM audit_events WHERE chain = :chain) AS first, ordered_after + 1 AS ordered_after, \
        seq AS last FROM audit_heads WHERE chain = :chain) AS whole \
    UNION ALL \
    SELECT CASE WHEN e.recorded_at < :at THEN e.seq + 1 ELSE s.low END, \
        CASE WHEN e.recorded_at < :at THEN s.high ELSE e.seq END \
    FROM search s JOIN audit_events e ON e.chain = :chain AND e.seq = (s.low + s.high) / 2 WHERE s.low < s.high) \
    SELECT MAX(s.low), MIN(s.high), MAX(h.ordered_after) FROM search s, audit_heads h WHERE h.chain = :chain";

/// How many events an export reads at a time.
pub const EXPORT_PAGE: u32 = 1_000;

record! { Actor { kind = actor_type; id = actor_id; name = actor_name } }

record! { AuditEvent {
    v; chain; seq; prev; id; tenant_id; category; action; actor: Actor; resource_type; resource_id; outcome;
    occurred_at; recorded_at; request_id; ip; user_agent; metadata; hash;
} }

/// An event as stored, readable or not, for verification.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    pub chain: String,
    /// The position in it.
    pub seq: u64,
    /// The identifier, as it is written.
    pub id: String,
    /// The event, or why it is unreadable.
    pub event: Result<AuditEvent, String>,
}

impl FromRow for StoredEvent {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let id: String = row.get("id")?;
        let event = AuditEvent::from_row(row).map_err(|e| e.to_string());
        Ok(Self {
            chain: row.get("chain")?,
            seq: row.get("seq").unwrap_or_default(),
            event: match event {
                // An ID in another spelling is the same ID, but can't be found.
                Ok(event) if event.id.to_string() != id => Err(format!("id {id} is misspelt")),
                // What is searched in is no part of the hash, and must be what it was made of.
                Ok(event)
                    if row.get::<String>("actor_search")? != searchable(&event.actor.name) =>
                {
                    Err("actor_search does not fit the actor's name".to_owned())
                }
                event => event,
            },
            id,
        })
    }
}

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
    /// Whether an event lies within.
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

impl Db<'_> {
    /// The latest instant up to `limit` at which anything was recorded.
    pub async fn latest_recorded_instant(
        &mut self,
        limit: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let micros = self.latest_recorded_micros(limit).await?;
        Ok(Timestamp::from_timestamp_micros(micros).unwrap_or_default())
    }

    /// One page of events, newest first.
    pub async fn list_audit_events(
        &mut self,
        reach: &AuditReach,
        filter: &AuditFilter,
        page: impl Into<Wanted>,
    ) -> Result<Listed<AuditEvent>, StoreError> {
        let (mut page, keys) = (page.into(), list_keys(reach, filter));
        if keys.len() == 1 {
            page.keep_last_key();
        }
        let mut listing = listing(keys, Direction::Descending, reach, filter);
        self.narrow(&mut listing, reach, filter).await?;
        let listed = listing.fetch(self, page, |event: &AuditEvent| {
            vec![
                event.recorded_at.into(),
                (&event.chain).into(),
                event.seq.into(),
            ]
        });
        listed.await
    }

    /// Up to 1,000 events of those that a filter leaves, chain by chain and in each chain oldest
    /// first, after a chain and position.
    pub async fn list_audit_events_to_export(
        &mut self,
        reach: &AuditReach,
        filter: &AuditFilter,
        after: Option<(String, u64)>,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        let after = after.map(|(chain, seq)| vec![chain.into(), seq.into()]);
        let mut listing = listing(&["chain", "seq"], Direction::Ascending, reach, filter);
        self.narrow(&mut listing, reach, filter).await?;
        listing.fetch_after(self, after, EXPORT_PAGE).await
    }

    /// Leaves out the places of a chain that lie outside of a filter's times.
    async fn narrow(
        &mut self,
        listing: &mut Listing,
        reach: &AuditReach,
        filter: &AuditFilter,
    ) -> Result<(), StoreError> {
        let Some(chain) = chain_listed(reach, filter) else {
            return Ok(());
        };
        if let Some(from) = filter.from
            && let (Some(low), _, Some(0)) = self.first_place_at(&chain, from).await?
        {
            listing.and_bind("seq >= {}", low);
        }
        if let Some(to) = filter.to
            && let (_, Some(high), _) = self.first_place_at(&chain, to).await?
        {
            listing.and_bind("seq < {}", high);
        }
        Ok(())
    }
}

/// What a list is sorted by. The order of a chain is that of time.
pub(crate) fn list_keys(reach: &AuditReach, filter: &AuditFilter) -> &'static [&'static str] {
    match chain_listed(reach, filter) {
        Some(_) => &["seq"],
        None => &["recorded_at", "chain", "seq"],
    }
}

/// The one chain that a list is about.
fn chain_listed(reach: &AuditReach, filter: &AuditFilter) -> Option<String> {
    let tenant = match reach {
        AuditReach::Tenant(id) => Some(id),
        AuditReach::All | AuditReach::Tenants => filter.tenant_id.as_ref(),
    };
    tenant.map(|id| chain::name(Some(id)))
}

/// The rows of the audit log that a filter leaves, in an order.
pub(crate) fn listing(
    keys: &'static [&'static str],
    direction: Direction,
    reach: &AuditReach,
    filter: &AuditFilter,
) -> Listing {
    let mut listing = Listing::new("audit_events", keys, direction);
    match reach {
        AuditReach::All => {}
        AuditReach::Tenants => listing.and("tenant_id IS NOT NULL"),
        AuditReach::Tenant(id) => listing.and_bind("chain = {}", chain::name(Some(id))),
    }
    if let Some(category) = filter.category {
        listing.and_bind("category = {}", category);
        if category != AuditCategory::SupportSession {
            // The condition of the indexes by category.
            listing.and("category <> 'support_session'");
        }
    }
    match filter
        .action
        .as_deref()
        .map(|action| (action, action.strip_suffix('*')))
    {
        Some((_, Some(prefix))) => listing.and_prefix("action", prefix),
        Some((action, None)) => listing.and_bind("action = {}", action),
        None => {}
    }
    if let Some(actor) = &filter.actor {
        listing.and_contains_or_equals("actor_search", &fold(actor), "actor_id", actor);
    }
    if let Some(tenant) = &filter.tenant_id {
        listing.and_bind("chain = {}", chain::name(Some(tenant)));
    }
    if let Some(outcome) = filter.outcome {
        listing.and_bind("outcome = {}", outcome);
    }
    if let Some(from) = filter.from {
        listing.and_bind("recorded_at >= {}", from);
    }
    if let Some(to) = filter.to {
        listing.and_bind("recorded_at < {}", to);
    }
    listing
}
