//! Batches of telemetry by their `Idempotency-Key`, and whether telemetry arrives.

mod reported;

use app::domain::{TenantId, Timestamp, telemetry::IngestReport};
use chrono::TimeDelta;

use const_format::concatcp;

use super::{
    Bookkeeping, Db, Row, StoreError,
    record::{Record, insert, record, select},
    sql::queries,
};

#[cfg(test)]
pub(crate) use self::reported::ALL as REPORTED_STATEMENTS;
pub use self::reported::ForwardedRequest;

queries! {
    Db {
        /// The batch with this key.
        pub fn lookup_telemetry_batch(key: &BatchKey) -> optional StoredBatch
            where (sender = key.sender, key = key.key)
            = select!(StoredBatch, "telemetry_batches WHERE api_key_id = :sender AND idempotency_key = :key");

        fn lookup_telemetry_state() -> optional Reception = select!(Reception, "telemetry_state WHERE id = 1");
    }
    Bookkeeping {
        fn insert_telemetry_batch(key: &BatchKey, body_hash: &str, now: Timestamp)
            where (sender = key.sender, key = key.key, body_hash, now)
            = concatcp!(insert!("telemetry_batches", "api_key_id, idempotency_key, body_hash, received_at"),
                " ON CONFLICT (api_key_id, idempotency_key) DO NOTHING");

        /// The batch with this key, locked until this transaction ends.
        pub fn lock_telemetry_batch(key: &BatchKey) -> optional StoredBatch
            where (sender = key.sender, key = key.key)
            // Changes nothing, but on PostgreSQL locks the row before it is read.
            = concatcp!("UPDATE telemetry_batches SET finished = finished WHERE api_key_id = :sender AND idempotency_key = :key \
                RETURNING ", StoredBatch::COLUMNS);

        /// Notes the last bucket of a batch that has been counted.
        pub fn advance_telemetry_batch(key: &BatchKey, tenant: &TenantId, start: Timestamp)
            where (sender = key.sender, key = key.key, tenant, start)
            = "UPDATE telemetry_batches SET done_tenant = :tenant, done_start = :start \
                WHERE api_key_id = :sender AND idempotency_key = :key";

        /// Marks a batch as fully counted, with its result.
        pub fn finish_telemetry_batch(key: &BatchKey, report: &IngestReport)
            where (sender = key.sender, key = key.key, report)
            = "UPDATE telemetry_batches SET finished = 1, report = :report \
                WHERE api_key_id = :sender AND idempotency_key = :key";

        /// Frees the key of a batch from which nothing has been counted.
        pub fn release_telemetry_batch(key: &BatchKey)
            where (sender = key.sender, key = key.key)
            = "DELETE FROM telemetry_batches WHERE api_key_id = :sender AND idempotency_key = :key AND finished = 0 \
                AND done_tenant = ''";

        /// Notes that telemetry arrives. A pause of `pause` or more makes this the instant at which
        /// it arrived again.
        pub fn receive_telemetry(now: Timestamp, pause: TimeDelta)
            where (now, resumes = now - pause, again = now - TimeDelta::seconds(1))
            // Once a second is enough, and prevents batches from waiting for each other's row lock.
            = "INSERT INTO telemetry_state (id, last_received_at, resumed_at) VALUES (1, :now, -1) \
                ON CONFLICT (id) DO UPDATE SET resumed_at = CASE WHEN telemetry_state.last_received_at <= :resumes \
                THEN excluded.last_received_at ELSE telemetry_state.resumed_at END, \
                last_received_at = excluded.last_received_at WHERE telemetry_state.last_received_at <= :again";

        /// Deletes up to 500 batches received before `before`. Returns how many.
        pub fn prune_telemetry_batches(before: Timestamp) -> count
            = "DELETE FROM telemetry_batches WHERE (api_key_id, idempotency_key) IN \
                (SELECT api_key_id, idempotency_key FROM telemetry_batches WHERE received_at < :before \
                ORDER BY received_at LIMIT 500)";
    }
}

/// Identifies a batch: its sender, and the key it was sent with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchKey {
    pub sender: String,
    /// The value of `Idempotency-Key`.
    pub key: String,
}

/// A batch that was sent with an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredBatch {
    /// SHA-256 of its records.
    pub body_hash: String,
    /// When it was first received.
    pub received_at: Timestamp,
    /// The last bucket that has been counted: tenant and start, in their order.
    pub done: Option<(TenantId, Timestamp)>,
    /// The result, once the whole batch was counted.
    pub report: Option<IngestReport>,
}

record! { StoredBatch {
    body_hash; received_at;
    done as [done_tenant, done_start] by done_of;
    report as [finished, report] by report_of;
} }

fn done_of(row: &Row) -> Result<Option<(TenantId, Timestamp)>, StoreError> {
    let start: Option<Timestamp> = row.get("done_start")?;
    let done = start.map(|start| Ok((row.get("done_tenant")?, start)));
    done.transpose()
}

fn report_of(row: &Row) -> Result<Option<IngestReport>, StoreError> {
    match row.get("finished")? {
        true => row.get("report").map(Some),
        false => Ok(None),
    }
}

/// Whether telemetry arrives at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reception {
    /// When the last record of any tenant was accepted.
    pub last_received_at: Option<Timestamp>,
    /// When telemetry arrived again after a pause.
    pub resumed_at: Option<Timestamp>,
}

record! { Reception { last_received_at; resumed_at } }

impl Db<'_> {
    /// Whether telemetry arrives at all.
    pub async fn telemetry_reception(&mut self) -> Result<Reception, StoreError> {
        let reception = self.lookup_telemetry_state().await?;
        Ok(reception.unwrap_or_default())
    }
}

impl Bookkeeping<'_> {
    /// Reserves a key for a batch, or finds the batch that already has it.
    pub async fn claim_telemetry_batch(
        &mut self,
        key: &BatchKey,
        body_hash: &str,
        now: Timestamp,
    ) -> Result<StoredBatch, StoreError> {
        self.insert_telemetry_batch(key, body_hash, now).await?;
        self.lock_telemetry_batch(key)
            .await?
            .ok_or(StoreError::Contended)
    }
}
