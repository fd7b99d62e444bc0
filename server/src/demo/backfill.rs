//! Reports a stretch of the past through the REST API.

use std::sync::Arc;

use app::domain::{Timestamp, telemetry::RequestRecord};

use super::{
    DemoError,
    api::{Api, BATCH},
    cast::Tenant,
    history::{self, Stretch},
};

/// Reports stretches of the past.
#[derive(Clone)]
pub(super) struct Backfill {
    pub(super) api: Api,
    pub(super) tenants: Arc<Vec<Tenant>>,
    pub(super) seed: u64,
    pub(super) started: Timestamp,
}

impl Backfill {
    /// Reports the tenants' calls from `from` to `until`. Returns their number.
    pub(super) async fn report(&self, from: Timestamp, until: Timestamp) -> Result<u64, DemoError> {
        let stretch = Stretch {
            from,
            until,
            started: self.started,
        };
        let all = self.tenants.iter();
        let records: Vec<RequestRecord> = all
            .flat_map(|tenant| history::of(tenant, self.seed, stretch))
            .collect();
        for (number, batch) in records.chunks(BATCH).enumerate() {
            // Two stretches never begin at the same instant.
            let key = format!("backfill-{}-{number}", from.timestamp_micros());
            self.api.send(batch, &key).await?;
        }
        Ok(records.iter().map(|record| u64::from(record.count)).sum())
    }
}
