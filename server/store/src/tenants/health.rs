//! A tenant's stored health, and the tenants due for evaluation.

use app::domain::{TenantId, Timestamp, health::Verdict};

use super::StoredTenant;
use crate::{Db, StoreError, Tx, sql::statements};

statements! {
    // Changes nothing, but takes the row's lock on PostgreSQL: an evaluation must read the buckets
    // after all other evaluations of this tenant.
    LOCK = "UPDATE tenants SET health_at = health_at WHERE id = $1 RETURNING *";
    SEE = "UPDATE tenants SET last_seen = CASE WHEN last_seen < $2 THEN $2 ELSE last_seen END, \
        first_seen = CASE WHEN first_seen = -1 OR first_seen > $3 THEN $3 ELSE first_seen END \
        WHERE id = $1 RETURNING *";
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
        let due: Vec<super::FoundId> = self
            .query(LIST_DUE)
            .bind(now)
            .bind(limit)
            .fetch_all()
            .await?;
        let mut due: Vec<TenantId> = due.into_iter().map(|row| row.0).collect();
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
        let cause = serde_json::to_string(&verdict.cause).map_err(|e| StoreError::Unreadable {
            column: "verdict",
            problem: e.to_string(),
        })?;
        self.query(SET_HEALTH)
            .bind(id)
            .bind(verdict.health.as_str())
            .bind(i64::from(verdict.health.severity()))
            .bind(health.since)
            .bind(health.calls_24h)
            .bind(health.errors_24h)
            .bind(health.error_ppm())
            .bind(cause)
            .bind(health.at)
            .bind(
                health
                    .next_change_at
                    .map_or(i64::MAX, |at| at.timestamp_micros()),
            )
            .execute()
            .await?;
        Ok(())
    }

    /// Makes a tenant's health due at `at`.
    pub async fn set_next_health_change(
        &mut self,
        id: &TenantId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.query(SET_NEXT_CHANGE)
            .bind(id)
            .bind(at)
            .execute()
            .await?;
        Ok(())
    }
}
