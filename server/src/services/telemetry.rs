//! Telemetry: counts batches, and re-evaluates health when nothing arrives.

mod reception;
mod report;
mod support;

use std::{collections::HashSet, sync::Arc};

use app::domain::{
    TenantId, Timestamp,
    caller::Context,
    policy::Act,
    problem::{Problem, ProblemCode},
    telemetry::{IngestReport, MAX_RECORDS},
};
use chrono::TimeDelta;
use store::{
    Bookkeeping, ChangeKind, Priority, StoreError,
    telemetry::{BatchKey, StoredBatch},
};

pub(super) use self::reception::is_frozen;
pub use self::reception::telemetry_state;
use self::{
    reception::stale_after,
    report::{Kept, is_refused, refused, repeated},
};
use super::{Core, ServiceError, core::actor};
use crate::ingest::{Batch, Chunk, HealthChanges, Plan, evaluate};

/// How many tenants one transaction of the ticker re-evaluates.
const DUE_AT_ONCE: u32 = 16;
/// How long spans are kept: the windows reach 8 days back.
pub(super) const SPANS_KEPT: TimeDelta = TimeDelta::days(9);
/// How long the key of a batch is kept, and which support requests it reported. A batch that is
/// repeated later only has records that are too old to count again.
pub(super) const BATCHES_KEPT: TimeDelta = TimeDelta::days(9);
/// The longest `Idempotency-Key`, in bytes.
const IDEMPOTENCY_KEY_MAX: usize = 200;

/// Receives telemetry. Cheap to clone.
#[derive(Clone)]
pub struct TelemetryService {
    core: Core,
    changes: Arc<HealthChanges>,
}

impl TelemetryService {
    pub fn new(core: Core) -> Self {
        Self {
            core,
            changes: Arc::new(HealthChanges::default()),
        }
    }

    pub const fn core(&self) -> &Core {
        &self.core
    }

    /// Announces new health to open pages.
    pub fn health_changes(&self) -> &HealthChanges {
        &self.changes
    }

    /// Counts a batch and evaluates the health of its tenants. Names invalid records, and counts
    /// valid ones. A batch with the key of an earlier one of the same sender counts once.
    ///
    /// # Errors
    ///
    /// [`ProblemCode::InvalidInput`] if no record is valid: nothing is kept then, not even the key.
    /// [`ProblemCode::Conflict`] if the key was used with other records.
    pub async fn ingest(
        &self,
        context: &Context,
        batch: Batch,
        idempotency_key: Option<String>,
    ) -> Result<IngestReport, Problem> {
        let kept = Kept::Whole;
        let report = self.ingest_keeping(kept, context, &batch, idempotency_key);
        let report = report.await?;
        match is_refused(&report) {
            true => Err(refused(&report)),
            false => Ok(report),
        }
    }

    /// The same, but it is no error if no record is valid. Nothing is kept then either. Rejected records aren't kept with the
    /// key: in a batch that is sent again, they are found again.
    ///
    /// # Errors
    ///
    /// [`ProblemCode::Conflict`] if the key was used with other records.
    pub async fn ingest_any(
        &self,
        context: &Context,
        batch: &Batch,
        idempotency_key: Option<String>,
    ) -> Result<IngestReport, Problem> {
        self.ingest_keeping(Kept::Figures, context, batch, idempotency_key)
            .await
    }

    async fn ingest_keeping(
        &self,
        kept: Kept,
        context: &Context,
        batch: &Batch,
        idempotency_key: Option<String>,
    ) -> Result<IngestReport, Problem> {
        self.core.authorise(context, Act::SendTelemetry)?;
        if batch.records.len() > MAX_RECORDS {
            return Err(Problem::new(
                ProblemCode::TooLarge,
                format!("A batch can have at most {MAX_RECORDS} records."),
            ));
        }
        let key = idempotency_key
            .map(validate_key)
            .transpose()?
            .map(|key| BatchKey {
                sender: actor(&context.caller).id,
                key,
            });
        let report = self.take_in(kept, batch, key).await;
        report.map_err(Problem::from)
    }

    async fn take_in(
        &self,
        kept: Kept,
        batch: &Batch,
        key: Option<BatchKey>,
    ) -> Result<IngestReport, ServiceError> {
        let now = self.core.now();
        let claimed = match &key {
            Some(key) => Some(self.claim(key, batch, now).await?),
            None => None,
        };
        let earlier = claimed.as_ref().and_then(|batch| batch.report.clone());
        if let (Some(report), Kept::Whole) = (&earlier, kept) {
            return Ok(repeated(report.clone()));
        }
        let as_of = claimed.as_ref().map_or(now, |batch| batch.received_at);
        let error_status = self.core.config.health.error_status;
        let support = match earlier {
            Some(_) => HashSet::new(),
            None => self.support_traffic(batch, key.as_ref(), as_of).await?,
        };
        let plan = {
            let mut reader = self.core.store.read().await?;
            Plan::draw(&mut reader.db(), batch, error_status, as_of, &support).await?
        };
        let report = plan.report.clone();
        if let Some(earlier) = earlier {
            return Ok(repeated(kept.completed(earlier, &report)));
        }
        if is_refused(&report) {
            if let Some(key) = key {
                self.release(key).await?;
            }
            return Ok(report);
        }
        let done = claimed.and_then(|batch| batch.done);
        let chunks = plan.chunks(done.as_ref());
        for chunk in chunks {
            if let Some(earlier) = self.count(chunk, key.clone()).await? {
                return Ok(repeated(kept.completed(earlier, &report)));
            }
        }
        match key {
            Some(key) => {
                let done = self.finish(key, kept.part_of(&report)).await?;
                Ok(kept.completed(done, &report))
            }
            None => Ok(report),
        }
    }

    async fn claim(
        &self,
        key: &BatchKey,
        batch: &Batch,
        now: Timestamp,
    ) -> Result<StoredBatch, ServiceError> {
        let given = (key.clone(), batch.digest());
        self.core
            .store
            .write(Priority::Normal, given, move |(key, digest), tx| {
                Box::pin(async move {
                    let stored = tx.claim_telemetry_batch(key, digest, now).await?;
                    if stored.body_hash == *digest {
                        Ok(stored)
                    } else {
                        Err(ServiceError::Refused(Problem::new(
                            ProblemCode::Conflict,
                            "This Idempotency-Key was used for other records. Use a new key for \
                             every batch.",
                        )))
                    }
                })
            })
            .await
    }

    async fn release(&self, key: BatchKey) -> Result<(), ServiceError> {
        self.core
            .store
            .write(Priority::Normal, key, move |key, tx| {
                Box::pin(async move { Ok(tx.release_telemetry_batch(key).await?) })
            })
            .await
    }

    /// Counts one piece of a batch. Returns the batch's report if a concurrent sender finished
    /// first.
    async fn count(
        &self,
        chunk: Chunk,
        key: Option<BatchKey>,
    ) -> Result<Option<IngestReport>, ServiceError> {
        let now = self.core.now();
        let tell = self.changes.may_tell(now);
        let core = self.core.clone();
        let counted = self
            .core
            .store
            .write(
                Priority::Normal,
                (core, chunk, key),
                move |(core, chunk, key), tx| {
                    Box::pin(async move {
                        let counted =
                            count_chunk(tx, core, chunk.clone(), key.as_ref(), now).await?;
                        if tell {
                            tx.change(ChangeKind::Health, "", now).await?;
                        }
                        Ok::<_, ServiceError>(counted)
                    })
                },
            )
            .await;
        if !tell || counted.is_err() {
            self.changes.leave_to_ticker();
        }
        counted
    }

    async fn finish(
        &self,
        key: BatchKey,
        report: IngestReport,
    ) -> Result<IngestReport, ServiceError> {
        self.core
            .store
            .write(Priority::Normal, (key, report), move |(key, report), tx| {
                Box::pin(async move {
                    let stored = tx.lock_telemetry_batch(key).await?;
                    if let Some(report) = stored.and_then(|batch| batch.report) {
                        return Ok(repeated(report));
                    }
                    tx.finish_telemetry_batch(key, report).await?;
                    Ok(report.clone())
                })
            })
            .await
    }

    /// Evaluates every tenant that is due, unless verdicts are frozen. Returns how many.
    pub async fn reevaluate_due(&self) -> Result<u64, ServiceError> {
        let mut all = 0;
        loop {
            let now = self.core.now();
            let (frozen, due) = {
                let mut reader = self.core.store.read().await?;
                let mut db = reader.db();
                let reception = db.telemetry_reception().await?;
                let frozen = is_frozen(&self.core, reception);
                (frozen, db.list_due_tenants(now, DUE_AT_ONCE).await?)
            };
            if frozen || due.is_empty() {
                return Ok(all);
            }
            all += due.len() as u64;
            self.reevaluate(due, now).await?;
        }
    }

    async fn reevaluate(&self, due: Vec<TenantId>, now: Timestamp) -> Result<(), ServiceError> {
        let tell = self.changes.may_tell(now);
        let core = self.core.clone();
        let done = self
            .core
            .store
            .write(Priority::Normal, (core, due), move |(core, due), tx| {
                Box::pin(async move {
                    for id in due {
                        if let Some(stored) = tx.lock_tenant(id).await? {
                            evaluate(tx, &stored, &core.config.health, now).await?;
                        }
                    }
                    if tell {
                        tx.change(ChangeKind::Health, "", now).await?;
                    }
                    Ok::<_, ServiceError>(())
                })
            })
            .await;
        if !tell || done.is_err() {
            self.changes.leave_to_ticker();
        }
        done
    }

    /// Announces health to open pages that hasn't been announced yet.
    pub async fn tell_health_changes(&self) -> Result<(), ServiceError> {
        if !self.changes.take_untold() {
            return Ok(());
        }
        self.core
            .store
            .write(Priority::Normal, self.core.now(), |now, tx| {
                Box::pin(async move { Ok(tx.change(ChangeKind::Health, "", *now).await?) })
            })
            .await
    }
}

async fn count_chunk(
    tx: &mut Bookkeeping<'_>,
    core: &Core,
    chunk: Chunk,
    key: Option<&BatchKey>,
    now: Timestamp,
) -> Result<Option<IngestReport>, ServiceError> {
    let mut cells = chunk;
    if let Some(key) = key {
        // Another sender of the same batch may have counted some of it since the plan was drawn.
        let stored = tx
            .lock_telemetry_batch(key)
            .await?
            .ok_or(StoreError::Contended)?;
        if let Some(report) = stored.report {
            return Ok(Some(report));
        }
        if let Some((tenant, start)) = &stored.done {
            cells.retain(|cell| (&cell.tenant, &cell.calls.start) > (tenant, start));
        }
        if let Some(last) = cells.last() {
            tx.advance_telemetry_batch(key, &last.tenant, last.calls.start)
                .await?;
        }
    }
    for of_tenant in cells.chunk_by(|a, b| a.tenant == b.tenant) {
        let Some(tenant) = of_tenant.first().map(|cell| &cell.tenant) else {
            continue;
        };
        let first = of_tenant.iter().map(|cell| cell.first).min().unwrap_or(now);
        let last = of_tenant.iter().map(|cell| cell.last).max().unwrap_or(now);
        let Some(stored) = tx.see_tenant(tenant, first, last).await? else {
            continue;
        };
        for cell in of_tenant {
            tx.add_calls(tenant, &cell.calls).await?;
        }
        evaluate(tx, &stored, &core.config.health, now).await?;
    }
    tx.receive_telemetry(now, stale_after(core)).await?;
    Ok(None)
}

fn validate_key(key: String) -> Result<String, Problem> {
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && (1..=IDEMPOTENCY_KEY_MAX).contains(&key.len()) {
        Ok(key)
    } else {
        Err(Problem::invalid_field(
            "Idempotency-Key",
            format!("must be 1 to {IDEMPOTENCY_KEY_MAX} visible ASCII characters"),
        ))
    }
}

#[cfg(test)]
mod tests;
