//! A tenant's stored health, and the tenants due for evaluation.

use app::domain::{TenantId, Timestamp, health::Verdict};

use super::StoredTenant;
use const_format::concatcp;

use crate::{Bookkeeping, Db, StoreError, record::Record, sql::queries};

queries! {
    Db {
        /// When the next tenant is due, in microseconds.
        pub fn next_health_change() -> one i64
            = "SELECT COALESCE(MIN(next_change_at), 9223372036854775807) FROM tenants";

        fn list_due(now: Timestamp, limit: u32) -> all TenantId
            = "SELECT id FROM tenants WHERE next_change_at <= :now ORDER BY next_change_at LIMIT :limit";
    }
    Bookkeeping {
        /// One tenant, locked until this transaction ends.
        pub fn lock_tenant(id: &TenantId) -> optional StoredTenant
            // Changes nothing, but on PostgreSQL locks the row, because an evaluation of health
            // must read the buckets after all other evaluations of this tenant.
            = concatcp!("UPDATE tenants SET health_at = health_at WHERE id = :id RETURNING ", StoredTenant::COLUMNS);

        /// Notes that a tenant called between two instants, and locks it until this transaction
        /// ends.
        pub fn see_tenant(id: &TenantId, first: Timestamp, last: Timestamp) -> optional StoredTenant
            = concatcp!("UPDATE tenants SET last_seen = CASE WHEN last_seen < :last THEN :last ELSE last_seen END, \
                first_seen = CASE WHEN first_seen = -1 OR first_seen > :first THEN :first ELSE first_seen END \
                WHERE id = :id RETURNING ", StoredTenant::COLUMNS);

        /// Makes a tenant's health due at `at`.
        pub fn set_next_health_change(id: &TenantId, at: Timestamp)
            = "UPDATE tenants SET next_change_at = :at WHERE id = :id";

        /// Stores the evaluated health of a tenant.
        pub fn set_tenant_health(id: &TenantId, health: &NewHealth)
            where (id, health = health.verdict.health, severity = i64::from(health.verdict.health.severity()),
                urgency = health.verdict.cause.urgency(), since = health.since, calls_24h = health.calls_24h, errors_24h = health.errors_24h,
                error_ppm = health.error_ppm(), cause = health.verdict.cause, at = health.at,
                next_change_at = health.next_change_at.map_or(i64::MAX, |at| at.timestamp_micros()))
            = "UPDATE tenants SET health = :health, severity = :severity, urgency = :urgency, \
                health_since = :since, calls_24h = :calls_24h, \
                errors_24h = :errors_24h, error_ppm = :error_ppm, verdict = :cause, health_at = :at, \
                next_change_at = :next_change_at WHERE id = :id";
    }
}

/// The evaluated health of a tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct NewHealth {
    /// The health and why.
    pub verdict: Verdict,
    /// Since when the health is this.
    pub since: Timestamp,
    /// Calls in the last 24 hours.
    pub calls_24h: u64,
    pub errors_24h: u64,
    /// When this was evaluated.
    pub at: Timestamp,
    /// When it may change without traffic; `None` if it can't.
    pub next_change_at: Option<Timestamp>,
}

impl NewHealth {
    /// Errors per million calls; -1 without calls.
    fn error_ppm(&self) -> i64 {
        if self.calls_24h == 0 {
            return -1;
        }
        let ppm = u128::from(self.errors_24h) * 1_000_000 / u128::from(self.calls_24h);
        i64::try_from(ppm).unwrap_or(i64::MAX)
    }
}

impl Db<'_> {
    /// Up to `limit` tenants that are due for evaluation, in ascending order of their IDs: the
    /// order in which rows are locked.
    pub async fn list_due_tenants(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        let mut due = self.list_due(now, limit).await?;
        due.sort();
        Ok(due)
    }
}
