//! The figures that every page shows, counted once for all of a node's streams.

use std::{sync::Arc, time::Duration};

use app::domain::{support_sessions::SupportSessionCounts, tenants::HealthCounts};
use tokio::{sync::Mutex, time::Instant};

use crate::services::{Core, ServiceError};

/// How old figures may be for a page that only looks whether anything is different.
pub(super) const UNPROMPTED: Duration = Duration::from_secs(1);

/// The latest figures. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Figures(Arc<Inner>);

#[derive(Default)]
struct Inner {
    tenants: Mutex<Option<Counted<HealthCounts>>>,
    sessions: Mutex<Option<Counted<SupportSessionCounts>>>,
}

/// What was counted from an instant on.
#[derive(Clone, Copy)]
struct Counted<T> {
    from: Instant,
    counts: T,
}

impl Figures {
    /// Tenants by health, counted at `since` or later. A stream that asks while another one counts waits for it.
    pub(super) async fn tenants(
        &self,
        core: &Core,
        since: Instant,
    ) -> Result<HealthCounts, ServiceError> {
        let mut latest = self.0.tenants.lock().await;
        if let Some(counted) = latest.filter(|counted| counted.from >= since) {
            return Ok(counted.counts);
        }
        let from = Instant::now();
        let mut reader = core.store.read().await?;
        let counts = reader.db().count_tenants_by_health(None).await?;
        *latest = Some(Counted { from, counts });
        Ok(counts)
    }

    /// Support sessions by status, counted at `since` or later.
    pub(super) async fn sessions(
        &self,
        core: &Core,
        since: Instant,
    ) -> Result<SupportSessionCounts, ServiceError> {
        let mut latest = self.0.sessions.lock().await;
        if let Some(counted) = latest.filter(|counted| counted.from >= since) {
            return Ok(counted.counts);
        }
        let from = Instant::now();
        let mut reader = core.store.read().await?;
        let counts = reader.db().count_support_sessions(None, core.now()).await?;
        *latest = Some(Counted { from, counts });
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::testing::worlds;

    #[tokio::test]
    async fn any_number_of_streams_counts_once_for_one_change() {
        for world in worlds().await {
            let (figures, core, engine) = (Figures::default(), &world.core, world.engine);
            let changed_at = Instant::now();
            let counts = figures.tenants(core, changed_at).await.unwrap();
            // Nobody would see this tenant, had the others counted again.
            world.add_tenant("third").await;
            for _ in 0..200 {
                let shared = figures.tenants(core, changed_at).await.unwrap();
                assert_eq!(shared, counts, "{engine}");
            }
            let anew = figures.tenants(core, Instant::now()).await.unwrap();
            assert_ne!(anew, counts, "{engine}: what changed later is counted");

            let none = figures.sessions(core, changed_at).await.unwrap();
            world.open(crate::services::testing::form()).await;
            let shared = figures.sessions(core, changed_at).await.unwrap();
            assert_eq!(shared, none, "{engine}");
            let anew = figures.sessions(core, Instant::now()).await.unwrap();
            assert_eq!((none.active, anew.active), (0, 1), "{engine}");
        }
    }
}
