//! The figures that pages show. They are counted once for all of a node's streams.

use std::{collections::HashMap, sync::Arc, time::Duration};

use app::domain::{TenantId, support_sessions::SupportSessionCounts, tenants::HealthCounts};
use tokio::{sync::Mutex, time::Instant};

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
    /// The active user sessions of tenants, each with the instant at which they were counted.
    user_sessions: Mutex<HashMap<TenantId, (Instant, u64)>>,
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
            user_sessions: Mutex::default(),
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

    /// A tenant's active user sessions, counted at `since` or later.
    pub(super) async fn user_sessions(
        &self,
        core: &Core,
        tenant: &TenantId,
        since: Instant,
    ) -> Result<u64, ServiceError> {
        let mut known = self.0.user_sessions.lock().await;
        known.retain(|_, (from, _)| *from >= since);
        if let Some((_, active)) = known.get(tenant) {
            return Ok(*active);
        }
        let from = Instant::now();
        let mut reader = core.store.read().await?;
        let mut db = reader.db();
        let active = db.count_active_user_sessions(tenant, core.now()).await?;
        known.insert(tenant.clone(), (from, active));
        Ok(active)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::testing::{tenant, worlds};

    #[tokio::test]
    async fn any_number_of_pages_of_a_tenant_counts_its_user_sessions_once() {
        for world in worlds().await {
            let (core, engine) = (&world.core, world.engine);
            let figures = Figures::default();
            let (acme, bolt) = (tenant("acme"), tenant("bolt"));
            let since = Instant::now();
            let counted = figures.user_sessions(core, &acme, since).await.unwrap();
            // A second count fails.
            world
                .run("ALTER TABLE user_sessions RENAME TO elsewhere")
                .await;
            for _ in 0..200 {
                let shared = figures.user_sessions(core, &acme, since).await.unwrap();
                assert_eq!(shared, counted, "{engine}");
            }
            let other = figures.user_sessions(core, &bolt, since).await;
            assert!(other.is_err(), "{engine}: another tenant is counted");
            let later = figures.user_sessions(core, &acme, Instant::now()).await;
            assert!(later.is_err(), "{engine}: it is counted again");
        }
    }

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
