//! The figures that every page shows. They are counted once for all of a node's streams.

use std::{sync::Arc, time::Duration};

use app::domain::{support_sessions::SupportSessionCounts, tenants::HealthCounts};
use tokio::time::Instant;

use super::{
    board::TENANTS_EVERY,
    turns::{TICK, Turns},
};
use crate::services::{Core, ServiceError};

/// How old figures may be for a page that only checks for differences.
pub(super) const UNPROMPTED: Duration = Duration::from_secs(1);

/// The latest figures. Cheap to clone.
#[derive(Clone)]
pub(super) struct Figures(Arc<Inner>);

struct Inner {
    tenants: Turns<HealthCounts>,
    sessions: Turns<SupportSessionCounts>,
}

impl Default for Figures {
    fn default() -> Self {
        Self::counting(TENANTS_EVERY, TICK)
    }
}

impl Figures {
    /// Counts tenants and support sessions at most this often.
    fn counting(tenants: Duration, sessions: Duration) -> Self {
        Self(Arc::new(Inner {
            tenants: Turns::every(tenants),
            sessions: Turns::every(sessions),
        }))
    }

    /// Tenants by health, counted at `since` or later. `None` if it is too early to count again.
    pub(super) async fn tenants(
        &self,
        core: &Core,
        since: Instant,
    ) -> Result<Option<(Instant, HealthCounts)>, ServiceError> {
        let count = async || {
            let mut reader = core.store.read().await?;
            Ok(reader.db().count_tenants_by_health(None).await?)
        };
        self.0.tenants.at_least(since, count).await
    }

    /// Support sessions by status, counted at `since` or later. `None` if it is too early to count again.
    pub(super) async fn sessions(
        &self,
        core: &Core,
        since: Instant,
    ) -> Result<Option<(Instant, SupportSessionCounts)>, ServiceError> {
        let count = async || {
            let mut reader = core.store.read().await?;
            Ok(reader.db().count_support_sessions(None, core.now()).await?)
        };
        self.0.sessions.at_least(since, count).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::testing::worlds;

    #[tokio::test]
    async fn any_number_of_streams_counts_once_for_one_change() {
        for world in worlds().await {
            let (core, engine) = (&world.core, world.engine);
            let figures = Figures::counting(Duration::ZERO, Duration::ZERO);
            let changed_at = Instant::now();
            let counts = figures.tenants(core, changed_at).await.unwrap().unwrap().1;
            // Nobody would see this tenant, had the others counted again.
            world.add_tenant("third").await;
            for _ in 0..200 {
                let shared = figures.tenants(core, changed_at).await.unwrap().unwrap().1;
                assert_eq!(shared, counts, "{engine}");
            }
            let anew = figures
                .tenants(core, Instant::now())
                .await
                .unwrap()
                .unwrap()
                .1;
            assert_ne!(anew, counts, "{engine}: what changed later is counted");

            let none = figures.sessions(core, changed_at).await.unwrap().unwrap().1;
            world.open(crate::services::testing::form()).await;
            let shared = figures.sessions(core, changed_at).await.unwrap().unwrap().1;
            assert_eq!(shared, none, "{engine}");
            let anew = figures
                .sessions(core, Instant::now())
                .await
                .unwrap()
                .unwrap()
                .1;
            assert_eq!((none.active, anew.active), (0, 1), "{engine}");
        }
    }
}
