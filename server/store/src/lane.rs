//! The kinds of use of the store, and how many uses of each may run at the same time.
//!
//! Each lane has its own connections, so no lane can take what another needs. A caller that finds
//! its lane full waits for a moment and is then refused. `docs/decisions/0017` says why.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::StoreError;

/// How long to wait for a place in a lane.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an end waits.
const PATIENCE_OF_ENDS: Duration = Duration::from_secs(30);
/// How long a statement may take for people and programs that read.
const LOOK: Duration = Duration::from_secs(4);
/// How long a statement of an export may take. With a filter that matches little, one page of an
/// export reads a whole chain.
const EXPORT: Duration = Duration::from_secs(20);

/// A kind of use that has its own connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The gateway's look-ups and refusals, leases, and the log of changes.
    Gateway,
    /// Acts that end a session or withdraw access. At the writer they go first.
    Ends,
    /// Look-ups of callers, by cookie or key.
    Callers,
    /// Acts of people. Only PostgreSQL gives each its own connection.
    Acts,
    /// Pages, server functions and plain forms. The default.
    Pages,
    /// Live streams.
    Live,
    /// Reading by the REST interface.
    Rest,
    /// Audit logs as files.
    Exports,
    /// Requests of the platform by key that report something: telemetry, user sessions, ends of
    /// requests.
    Reports,
    /// Background tasks.
    Tasks,
    /// A command in a shell, which is a separate process.
    Shell,
}

tokio::task_local! {
    static LANE: Lane;
}

impl Lane {
    pub(crate) const ALL: [Self; 11] = [
        Self::Gateway,
        Self::Ends,
        Self::Callers,
        Self::Acts,
        Self::Pages,
        Self::Live,
        Self::Rest,
        Self::Exports,
        Self::Reports,
        Self::Tasks,
        Self::Shell,
    ];

    /// Runs a task, or a part of one, in this lane. Tasks that it starts are in no lane.
    pub fn run<F: Future>(self, task: F) -> impl Future<Output = F::Output> {
        LANE.scope(self, Box::pin(task))
    }

    /// The lane of the current task.
    pub fn of_task() -> Option<Self> {
        LANE.try_with(|lane| *lane).ok()
    }

    /// How many connections it has. `docs/operations.md` states their sum.
    pub(crate) const fn places(self) -> usize {
        match self {
            // The log of changes and the lease always use one each.
            Self::Gateway => 5,
            Self::Pages => 4,
            Self::Tasks => 1,
            Self::Ends
            | Self::Callers
            | Self::Acts
            | Self::Live
            | Self::Rest
            | Self::Exports
            | Self::Reports
            | Self::Shell => 2,
        }
    }

    /// Whether it runs at a lower priority, because programs and background tasks can wait.
    pub(crate) const fn gives_way(self) -> bool {
        matches!(self, Self::Live | Self::Rest | Self::Exports | Self::Tasks)
    }

    /// How long to wait for one of them.
    pub(crate) const fn patience(self) -> Duration {
        match self {
            Self::Ends => PATIENCE_OF_ENDS,
            _ => PATIENCE,
        }
    }

    /// How long one of its statements may take.
    pub(crate) const fn limit(self) -> Option<Duration> {
        match self {
            Self::Gateway | Self::Ends | Self::Shell => None,
            Self::Exports => Some(EXPORT),
            Self::Callers
            | Self::Acts
            | Self::Pages
            | Self::Live
            | Self::Rest
            | Self::Reports
            | Self::Tasks => Some(LOOK),
        }
    }
}

/// The places of every lane on SQLite. On PostgreSQL each lane has a pool. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Lanes([Arc<Semaphore>; Lane::ALL.len()]);

/// A place in a lane, until it is dropped.
pub(crate) type Place = OwnedSemaphorePermit;

/// Waits for a place in a lane, as long as the lane allows.
pub(crate) async fn in_time<T>(
    lane: Lane,
    free: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let waited = tokio::time::timeout(lane.patience(), free).await;
    waited.unwrap_or(Err(StoreError::Busy))
}

impl Lanes {
    pub(crate) fn new() -> Self {
        Self(Lane::ALL.map(|lane| Arc::new(Semaphore::new(lane.places()))))
    }

    /// A place, as soon as one is free.
    pub(crate) async fn enter(&self, lane: Lane) -> Result<Place, StoreError> {
        let free = Arc::clone(&self.0[lane as usize]).acquire_owned();
        free.await.map_err(|_| StoreError::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_finds_its_own_places() {
        for (place, lane) in Lane::ALL.into_iter().enumerate() {
            assert_eq!(lane as usize, place);
        }
    }

    #[test]
    fn the_manual_states_how_many_connections_a_node_opens() {
        let lanes = Lane::ALL.into_iter().filter(|lane| *lane != Lane::Shell);
        // And the writer's, and the one that listens for changes.
        let most = lanes.map(Lane::places).sum::<usize>() + 2;
        let manual = include_str!("../../../docs/operations.md");
        assert!(manual.contains(&format!("at most {most} connections")));
    }
}
