//! The health of all tenants over time.

use app::domain::{caller::Context, policy::Act, problem::Problem, tenants::HealthAt};
use chrono::{DurationRound as _, TimeDelta};
use store::{Priority, StoreError};

use super::TenantsService;

/// How far back the counts are shown.
const SHOWN: TimeDelta = TimeDelta::days(7);
/// How long they are kept.
pub(in crate::services) const HISTORY_KEPT: TimeDelta = TimeDelta::days(8);

impl TenantsService {
    /// The counts of the last week, hour by hour, oldest first.
    pub(super) async fn history(&self, context: &Context) -> Result<Vec<HealthAt>, Problem> {
        self.core.authorise(context, Act::ReadTenants)?;
        let mut reader = self.core.store.read().await?;
        let first = self.core.now() - SHOWN;
        Ok(reader.db().list_health_history(first).await?)
    }

    /// Counts the tenants by health, for the hour that has begun. For a timer.
    ///
    /// # Errors
    ///
    /// If the store can't be read or written.
    pub async fn count_health(&self) -> Result<(), StoreError> {
        let now = self.core.now();
        let hour = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now);
        let counts = {
            let mut reader = self.core.store.read().await?;
            reader.db().count_tenants_by_health(None).await?
        };
        let keep = self
            .core
            .store
            .write(Priority::Normal, (hour, counts), |(hour, counts), tx| {
                Box::pin(async move { tx.keep_health_counts(*hour, *counts).await })
            });
        keep.await
    }
}
