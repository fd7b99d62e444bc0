//! Reading the audit log.

use std::fmt;

use app::domain::{
    AuditEventId, TenantId, Timestamp,
    audit::{Actor, AuditEvent, AuditFilter},
    page::Direction,
};
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
    }
}

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
        listing(
            &["recorded_at", "chain", "seq"],
            Direction::Descending,
            reach,
            filter,
        )
        .fetch(self, page, |event: &AuditEvent| {
            vec![
                event.recorded_at.into(),
                (&event.chain).into(),
                event.seq.into(),
            ]
        })
        .await
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
        listing(&["chain", "seq"], Direction::Ascending, reach, filter)
            .fetch_after(self, after, EXPORT_PAGE)
            .await
    }
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
        AuditReach::Tenant(id) => listing.and_bind("tenant_id = {}", id),
    }
    if let Some(category) = filter.category {
        listing.and_bind("category = {}", category);
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
        listing.and_bind("tenant_id = {}", tenant);
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
