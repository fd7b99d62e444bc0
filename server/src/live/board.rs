//! The rows that a node's streams show. They are read once for all streams.

use std::{collections::HashMap, sync::Arc, time::Duration};

use app::domain::{
    SupportSessionId, TenantId,
    support_sessions::SupportSession,
    tenants::{TelemetryState, TenantHealth},
};
use tokio::{sync::Mutex, time::Instant};

use super::turns::Turns;
use crate::services::{Core, ServiceError, telemetry::telemetry_state};

/// How often changed tenants are read, and sent, at most.
pub(super) const TENANTS_EVERY: Duration = Duration::from_secs(1);
/// How long a changed support session is kept for streams that have not read it yet.
const KEPT: Duration = Duration::from_secs(5);

/// The rows of tenants and support sessions. Cheap to clone.
#[derive(Clone)]
pub(super) struct Board(Arc<Inner>);

struct Inner {
    /// How many streams show which tenant.
    shown: parking_lot::Mutex<HashMap<TenantId, usize>>,
    tenants: Turns<Arc<TenantsNow>>,
    /// Each with the instant at which it was read.
    sessions: Mutex<HashMap<SupportSessionId, (Instant, Option<SupportSession>)>>,
}

/// Every tenant that a stream shows, and the state of telemetry.
pub(super) struct TenantsNow {
    pub(super) rows: HashMap<TenantId, TenantHealth>,
    pub(super) telemetry: TelemetryState,
}

/// The tenants of one stream, among those that are read for all streams.
pub(super) struct Shown {
    board: Board,
    tenants: Vec<TenantId>,
}

impl Default for Board {
    fn default() -> Self {
        Self::reading_tenants(TENANTS_EVERY)
    }
}

impl Board {
    /// With another interval than [`TENANTS_EVERY`].
    pub(super) fn reading_tenants(every: Duration) -> Self {
        Self(Arc::new(Inner {
            shown: parking_lot::Mutex::default(),
            tenants: Turns::every(every),
            sessions: Mutex::default(),
        }))
    }

    /// Reads these tenants too, as long as the result lives.
    pub(super) fn show(&self, tenants: &[TenantId]) -> Shown {
        let mut shown = self.0.shown.lock();
        for id in tenants {
            *shown.entry(id.clone()).or_default() += 1;
        }
        Shown {
            board: self.clone(),
            tenants: tenants.to_vec(),
        }
    }

    /// All shown tenants, as they were at `since` or later. `None` if it is too early to read them
    /// again.
    pub(super) async fn tenants(
        &self,
        core: &Core,
        since: Instant,
    ) -> Result<Option<(Instant, Arc<TenantsNow>)>, ServiceError> {
        let read = async || {
            let shown: Vec<_> = self.0.shown.lock().keys().cloned().collect();
            let mut reader = core.store.read().await?;
            let mut db = reader.db();
            let found = db.find_tenants_by_id(&shown).await?;
            let rows = found.into_iter().map(TenantHealth::from);
            Ok(Arc::new(TenantsNow {
                rows: rows.map(|row| (row.tenant.id.clone(), row)).collect(),
                telemetry: telemetry_state(core, db.telemetry_reception().await?),
            }))
        };
        self.0.tenants.at_least(since, read).await
    }

    /// Support sessions as they were at the instant beside each, or later. Revocations come with what each
    /// node has confirmed.
    pub(super) async fn sessions(
        &self,
        core: &Core,
        wanted: &HashMap<SupportSessionId, Instant>,
    ) -> Result<Vec<SupportSession>, ServiceError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut known = self.0.sessions.lock().await;
        let is_old = |(id, since): &(&SupportSessionId, &Instant)| {
            known.get(*id).is_none_or(|(from, _)| from < *since)
        };
        let old: Vec<_> = wanted.iter().filter(is_old).map(|(id, _)| *id).collect();
        if !old.is_empty() {
            let from = Instant::now();
            known.retain(|_, (read, _)| from - *read < KEPT);
            let mut reader = core.store.read().await?;
            let mut db = reader.db();
            let mut found = db.list_support_sessions_by_id(&old).await?;
            for session in &mut found {
                if let Some(revocation) = &mut session.revocation {
                    revocation.receipts = db.list_receipts(session.id).await?;
                }
            }
            known.extend(old.into_iter().map(|id| (id, (from, None))));
            known.extend(found.into_iter().map(|s| (s.id, (from, Some(s)))));
        }
        let found = wanted.keys().filter_map(|id| known.get(id)?.1.clone());
        Ok(found.collect())
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let mut shown = self.board.0.shown.lock();
        for id in &self.tenants {
            if let Some(count) = shown.get_mut(id) {
                *count -= 1;
                if *count == 0 {
                    shown.remove(id);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::testing::{form, tenant, worlds};

    #[tokio::test]
    async fn any_number_of_streams_reads_the_tenants_they_show_once_for_one_change() {
        for world in worlds().await {
            let (board, core, engine) = (Board::default(), &world.core, world.engine);
            let streams: Vec<_> = ["acme", "bolt"]
                .into_iter()
                .cycle()
                .take(200)
                .map(|id| board.show(&[tenant(id)]))
                .collect();
            let changed_at = Instant::now();
            let (_, first) = board.tenants(core, changed_at).await.unwrap().unwrap();
            assert_eq!(first.rows.len(), 2, "{engine}");
            // A second read fails.
            world.run("ALTER TABLE tenants RENAME TO elsewhere").await;
            for _ in &streams {
                let (_, shared) = board.tenants(core, changed_at).await.unwrap().unwrap();
                assert!(Arc::ptr_eq(&shared, &first), "{engine}");
                let early = board.tenants(core, Instant::now()).await.unwrap();
                assert!(early.is_none(), "{engine}: once a second");
            }
            world.run("ALTER TABLE elsewhere RENAME TO tenants").await;
            drop(streams);
            assert!(board.0.shown.lock().is_empty(), "{engine}");
        }
    }

    #[tokio::test]
    async fn any_number_of_streams_reads_a_changed_support_session_once() {
        for world in worlds().await {
            let (board, core, engine) = (Board::default(), &world.core, world.engine);
            let opened = world.open(form()).await;
            let wanted = HashMap::from([(opened.id, Instant::now())]);
            let first = board.sessions(core, &wanted).await.unwrap();
            assert_eq!(first.len(), 1, "{engine}");
            world
                .run("ALTER TABLE support_sessions RENAME TO elsewhere")
                .await;
            for _ in 0..200 {
                let shared = board.sessions(core, &wanted).await.unwrap();
                assert_eq!(shared, first, "{engine}");
                let nothing = board.sessions(core, &HashMap::new()).await.unwrap();
                assert!(nothing.is_empty(), "{engine}");
            }
            let changed = HashMap::from([(opened.id, Instant::now())]);
            assert!(
                board.sessions(core, &changed).await.is_err(),
                "{engine}: it is read"
            );
        }
    }
}
