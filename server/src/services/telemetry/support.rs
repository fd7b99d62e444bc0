//! Excludes support traffic from a batch, each recorded request once.

use std::collections::HashSet;

use app::domain::{RequestId, Timestamp};
use store::{Priority, StoreError, telemetry::BatchKey};

use super::TelemetryService;
use crate::{
    ingest::{Batch, reports},
    services::ServiceError,
};

/// How many requests one transaction claims.
const CLAIMED_AT_ONCE: usize = 200;

impl TelemetryService {
    /// The records that are support traffic, by their place in the batch. The batch claims the
    /// requests that they report, so a later batch that names them excludes nothing. A batch that
    /// is sent again under its key has claimed them itself.
    pub(super) async fn support_traffic(
        &self,
        batch: &Batch,
        key: Option<&BatchKey>,
        as_of: Timestamp,
    ) -> Result<HashSet<usize>, ServiceError> {
        let reports = {
            let mut reader = self.core.store.read().await?;
            reports(&mut reader.db(), batch, as_of).await?
        };
        let name = key.map_or_else(
            || self.core.new_uuid().to_string(),
            |key| format!("{} {}", key.sender, key.key),
        );
        let ids: Vec<RequestId> = reports.keys().copied().collect();
        let mut support = HashSet::with_capacity(ids.len());
        for ids in ids.chunks(CLAIMED_AT_ONCE) {
            let given = (name.clone(), ids.to_vec());
            let claimed = self
                .core
                .store
                .write(Priority::Normal, given, |(name, ids), tx| {
                    Box::pin(async move { tx.claim_reported(name, ids).await })
                });
            let claimed: Result<Vec<RequestId>, StoreError> = claimed.await;
            let claimed = claimed?;
            support.extend(claimed.iter().filter_map(|id| reports.get(id).copied()));
        }
        Ok(support)
    }
}
