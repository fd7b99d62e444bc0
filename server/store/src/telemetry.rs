//! Batches of telemetry by their `Idempotency-Key`, and whether telemetry arrives at all.

use app::domain::{TenantId, Timestamp, telemetry::IngestReport};
use chrono::TimeDelta;

use const_format::concatcp;

use super::{
    Db, Row, StoreError, Tx,
    record::{Record, insert, record, select},
    sql::statements,
};

statements! {
    LOOKUP = select!(StoredBatch, "telemetry_batches WHERE api_key_id = $1 AND idempotency_key = $2");
    CLAIM = concatcp!(insert!("telemetry_batches", "api_key_id, idempotency_key, body_hash, received_at"),
        " ON CONFLICT (api_key_id, idempotency_key) DO NOTHING");
    // Changes nothing, but on PostgreSQL takes the row's lock before it is read.
    LOCK = concatcp!("UPDATE telemetry_batches SET finished = finished WHERE api_key_id = $1 AND idempotency_key = $2 \
        RETURNING ", StoredBatch::COLUMNS);
    ADVANCE = "UPDATE telemetry_batches SET done_tenant = $3, done_start = $4 \
        WHERE api_key_id = $1 AND idempotency_key = $2";
    FINISH = "UPDATE telemetry_batches SET finished = 1, report = $3 WHERE api_key_id = $1 AND idempotency_key = $2";
    RELEASE = "DELETE FROM telemetry_batches WHERE api_key_id = $1 AND idempotency_key = $2 AND finished = 0 \
        AND done_tenant = ''";
    PRUNE = "DELETE FROM telemetry_batches WHERE (api_key_id, idempotency_key) IN \
        (SELECT api_key_id, idempotency_key FROM telemetry_batches WHERE received_at < $1 \
        ORDER BY received_at LIMIT 500)";
    STATE = select!(Reception, "telemetry_state WHERE id = 1");
    // Once a second is enough; and it keeps batches from waiting for each other's row lock.
    RECEIVE = "INSERT INTO telemetry_state (id, last_received_at, resumed_at) VALUES (1, $1, -1) \
        ON CONFLICT (id) DO UPDATE SET resumed_at = CASE WHEN telemetry_state.last_received_at <= $2 \
        THEN excluded.last_received_at ELSE telemetry_state.resumed_at END, \
        last_received_at = excluded.last_received_at WHERE telemetry_state.last_received_at <= $3";
}

/// Names a batch: who sent it, and the key it was sent with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchKey {
    pub sender: String,
    /// The `Idempotency-Key`.
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
    /// The batch with this key.
    pub async fn lookup_telemetry_batch(
        &mut self,
        key: &BatchKey,
    ) -> Result<Option<StoredBatch>, StoreError> {
        self.query(LOOKUP)
            .bind(&key.sender)
            .bind(&key.key)
            .fetch_optional()
            .await
    }

    /// Whether telemetry arrives at all.
    pub async fn telemetry_reception(&mut self) -> Result<Reception, StoreError> {
        let reception = self.query(STATE).fetch_optional().await?;
        Ok(reception.unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Takes a key for a batch, or finds the batch that has it already.
    pub async fn claim_telemetry_batch(
        &mut self,
        key: &BatchKey,
        body_hash: &str,
        now: Timestamp,
    ) -> Result<StoredBatch, StoreError> {
        self.query(CLAIM)
            .bind(&key.sender)
            .bind(&key.key)
            .bind(body_hash)
            .bind(now)
            .execute()
            .await?;
        self.lock_telemetry_batch(key)
            .await?
            .ok_or(StoreError::Contended)
    }

    /// The batch with this key, held until the end of this transaction.
    pub async fn lock_telemetry_batch(
        &mut self,
        key: &BatchKey,
    ) -> Result<Option<StoredBatch>, StoreError> {
        self.query(LOCK)
            .bind(&key.sender)
            .bind(&key.key)
            .fetch_optional()
            .await
    }

    /// Notes the last bucket of a batch that has been counted.
    pub async fn advance_telemetry_batch(
        &mut self,
        key: &BatchKey,
        tenant: &TenantId,
        start: Timestamp,
    ) -> Result<(), StoreError> {
        self.query(ADVANCE)
            .bind(&key.sender)
            .bind(&key.key)
            .bind(tenant)
            .bind(start)
            .done()
            .await
    }

    /// Marks a batch as fully counted, with its result.
    pub async fn finish_telemetry_batch(
        &mut self,
        key: &BatchKey,
        report: &IngestReport,
    ) -> Result<(), StoreError> {
        self.query(FINISH)
            .bind(&key.sender)
            .bind(&key.key)
            .bind(report)
            .done()
            .await
    }

    /// Gives the key of a batch back of which nothing has been counted.
    pub async fn release_telemetry_batch(&mut self, key: &BatchKey) -> Result<(), StoreError> {
        self.query(RELEASE)
            .bind(&key.sender)
            .bind(&key.key)
            .done()
            .await
    }

    /// Notes that telemetry arrives. A pause of `pause` or more makes this the instant at which
    /// it arrived again.
    pub async fn receive_telemetry(
        &mut self,
        now: Timestamp,
        pause: TimeDelta,
    ) -> Result<(), StoreError> {
        self.query(RECEIVE)
            .bind(now)
            .bind(now - pause)
            .bind(now - TimeDelta::seconds(1))
            .done()
            .await
    }

    /// Forgets up to 500 batches received before `before`; how many there were.
    pub async fn prune_telemetry_batches(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.query(PRUNE).bind(before).execute().await
    }
}
