//! The additions of a batch to each span, in pieces that don't delay other writers for long.

use std::collections::{BTreeMap, HashSet};

use app::domain::{
    TenantId, Timestamp,
    telemetry::{IngestReport, RejectedRecord, RequestRecord},
    tenants::CallBucket,
};
use store::{Db, StoreError, calls::SPAN};

use super::{Batch, validate};

/// The most work of one transaction, in units of one counted span: about 10 ms.
const MAX_WEIGHT: usize = 240;
/// The weight of one tenant's verdict beside its spans.
const TENANT_WEIGHT: usize = 12;

/// The additions of a batch to one span of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub tenant: TenantId,
    pub calls: CallBucket,
    pub first: Timestamp,
    pub last: Timestamp,
}

/// Cells that are counted in one transaction, in their order.
pub type Chunk = Vec<Cell>;

/// The plan for a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In ascending order of tenant and start: the order in which rows are locked.
    pub cells: Vec<Cell>,
    /// The report for the sender.
    pub report: IngestReport,
}

impl Plan {
    /// Judges every record as of `now`. A batch that is sent again is judged as of when it was
    /// first received, and so has the same result. `support` are the records of support traffic, by
    /// their place in the batch.
    pub async fn draw(
        db: &mut Db<'_>,
        batch: &Batch,
        error_status: u16,
        now: Timestamp,
        support: &HashSet<usize>,
    ) -> Result<Self, StoreError> {
        let mut rejected = Vec::new();
        let mut good = Vec::with_capacity(batch.records.len());
        for (index, record) in batch.records.iter().enumerate() {
            match record {
                Ok(record) => match validate(index, record, now) {
                    Ok(()) => good.push((index, record)),
                    Err(reason) => rejected.push(reason),
                },
                Err(reason) => rejected.push(reason.clone()),
            }
        }
        let known = known_tenants(db, &good).await?;
        let mut report = IngestReport::default();
        let mut cells = BTreeMap::new();
        for (index, record) in good {
            if !known.contains(&record.tenant_id) {
                rejected.push(RejectedRecord {
                    index,
                    field: Some("tenant_id".into()),
                    message: "no tenant with this ID is registered".into(),
                });
            } else if support.contains(&index) {
                report.support_traffic += 1;
            } else {
                report.accepted += 1;
                count(&mut cells, record, error_status, now);
            }
        }
        rejected.sort_by_key(|reason| reason.index);
        report.rejected = rejected;
        Ok(Self {
            cells: cells.into_values().collect(),
            report,
        })
    }

    /// The cells after `done`, in pieces.
    pub fn chunks(self, done: Option<&(TenantId, Timestamp)>) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let mut chunk: Chunk = Vec::new();
        let mut weight = 0;
        for cell in self.cells {
            if done
                .is_some_and(|(tenant, start)| (&cell.tenant, &cell.calls.start) <= (tenant, start))
            {
                continue;
            }
            let same = chunk.last().is_some_and(|last| last.tenant == cell.tenant);
            weight += 1 + if same { 0 } else { TENANT_WEIGHT };
            if weight > MAX_WEIGHT {
                chunks.push(std::mem::take(&mut chunk));
                weight = 1 + TENANT_WEIGHT;
            }
            chunk.push(cell);
        }
        if !chunk.is_empty() {
            chunks.push(chunk);
        }
        chunks
    }
}

async fn known_tenants(
    db: &mut Db<'_>,
    good: &[(usize, &RequestRecord)],
) -> Result<HashSet<TenantId>, StoreError> {
    let named: HashSet<&TenantId> = good.iter().map(|(_, record)| &record.tenant_id).collect();
    let named: Vec<TenantId> = named.into_iter().cloned().collect();
    Ok(db.list_known_tenants(&named).await?.into_iter().collect())
}

fn count(
    cells: &mut BTreeMap<(TenantId, Timestamp), Cell>,
    record: &RequestRecord,
    error_status: u16,
    now: Timestamp,
) {
    // The sender's clock runs ahead of ours. The record is about now.
    let at = app::domain::to_micros(record.at.min(now));
    let start = span_start(at);
    let cell = cells
        .entry((record.tenant_id.clone(), start))
        .or_insert_with(|| Cell {
            tenant: record.tenant_id.clone(),
            calls: CallBucket::empty(start),
            first: at,
            last: at,
        });
    let calls = u64::from(record.count);
    cell.calls.calls += calls;
    if record.status >= error_status {
        cell.calls.errors += calls;
        if record.status >= 500 {
            cell.calls.server_errors += calls;
        }
    }
    cell.first = cell.first.min(at);
    cell.last = cell.last.max(at);
}

/// The start of the span that holds `at`.
fn span_start(at: Timestamp) -> Timestamp {
    let length = SPAN.num_seconds();
    let start = at.timestamp().div_euclid(length) * length;
    Timestamp::from_timestamp(start, 0).unwrap_or(at)
}
