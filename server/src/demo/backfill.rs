//! Reports a part of the past through the REST API.

use app::domain::{Timestamp, telemetry::RequestRecord};

use super::{
    DemoError, World,
    api::BATCH,
    history::{self, Stretch},
};

impl World {
    /// Reports the tenants' calls from `from` to `until`. Returns their number.
    pub(super) async fn report_past(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<u64, DemoError> {
        let stretch = Stretch {
            from,
            until,
            started: self.state.first_started,
        };
        let all = self.tenants.iter();
        let records: Vec<RequestRecord> = all
            .flat_map(|tenant| history::of(tenant, self.state.seed, stretch))
            .collect();
        for (number, batch) in records.chunks(BATCH).enumerate() {
            // Two ranges never begin at the same instant.
            let key = format!("backfill-{}-{number}", from.timestamp_micros());
            self.api.send(batch, &key).await?;
        }
        Ok(records.iter().map(|record| u64::from(record.count)).sum())
    }
}
