//! A tenant's stored health, and the tenants due for evaluation.

use app::domain::{TenantId, Timestamp, health::Verdict};

use super::StoredTenant;
use const_format::concatcp;

use crate::{Db, StoreError, Tx, record::Record, sql::statements};

statements! {
    // Changes nothing, but on PostgreSQL takes the row's lock: whoever works health out must read
    // the buckets after all others who do the same for this tenant.
    LOCK = concatcp!("UPDATE tenants SET health_at = health_at WHERE id = $1 RETURNING ", StoredTenant::COLUMNS);
    SEE = concatcp!("UPDATE tenants SET last_seen = CASE WHEN last_seen < $2 THEN $2 ELSE last_seen END, \
        first_seen = CASE WHEN first_seen = -1 OR first_seen > $3 THEN $3 ELSE first_seen END \
        WHERE id = $1 RETURNING ", StoredTenant::COLUMNS);
    SET_HEALTH = "UPDATE tenants SET health = $2, severity = $3, health_since = $4, calls_24h = $5, \
        errors_24h = $6, error_ppm = $7, verdict = $8, health_at = $9, next_change_at = $10 WHERE id = $1";
    SET_NEXT_CHANGE = "UPDATE tenants SET next_change_at = $2 WHERE id = $1";
    LIST_DUE = "SELECT id FROM tenants WHERE next_change_at <= $1 ORDER BY next_change_at LIMIT $2";
    NEXT_CHANGE = "SELECT COALESCE(MIN(next_change_at), 9223372036854775807) FROM tenants";
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
        let due = self.query(LIST_DUE).bind(now).bind(limit);
        let mut due: Vec<TenantId> = due.fetch_all().await?;
        due.sort();
        Ok(due)
    }

    /// When the next tenant is due, in microseconds.
    pub async fn next_health_change(&mut self) -> Result<i64, StoreError> {
        self.query(NEXT_CHANGE).fetch_one().await
    }
}

impl Tx<'_> {
    /// One tenant, held until the end of this transaction.
    pub async fn lock_tenant(&mut self, id: &TenantId) -> Result<Option<StoredTenant>, StoreError> {
        self.query(LOCK).bind(id).fetch_optional().await
    }

    /// Notes that a tenant called between two instants, and holds it until the end of this
    /// transaction.
    pub async fn see_tenant(
        &mut self,
        id: &TenantId,
        first: Timestamp,
        last: Timestamp,
    ) -> Result<Option<StoredTenant>, StoreError> {
        self.query(SEE)
            .bind(id)
            .bind(last)
            .bind(first)
            .fetch_optional()
            .await
    }

    /// Stores the evaluated health of a tenant.
    pub async fn set_tenant_health(
        &mut self,
        id: &TenantId,
        health: &NewHealth,
    ) -> Result<(), StoreError> {
        let verdict = &health.verdict;
        self.query(SET_HEALTH)
            .bind(id)
            .bind(verdict.health)
            .bind(i64::from(verdict.health.severity()))
            .bind(health.since)
            .bind(health.calls_24h)
            .bind(health.errors_24h)
            .bind(health.error_ppm())
            .bind(&verdict.cause)
            .bind(health.at)
            .bind(
                health
                    .next_change_at
                    .map_or(i64::MAX, |at| at.timestamp_micros()),
            )
            .done()
            .await
    }

    /// Makes a tenant's health due at `at`.
    pub async fn set_next_health_change(
        &mut self,
        id: &TenantId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.query(SET_NEXT_CHANGE).bind(id).bind(at).done().await
    }
}
