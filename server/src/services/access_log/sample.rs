//! Samples refusals that anyone can cause in any number, such as those of an ended session's token:
//! some are recorded, all are counted, and no one waits for them.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use app::domain::{SupportSessionId, Timestamp};
use chrono::TimeDelta;
use gateway::ports::RefusedRequest;
use metrics::counter;
use store::access_log::WrittenBy;
use tokio::sync::{broadcast, mpsc};

use super::record::{self, Kept};
use crate::services::Core;

/// Refusals that are counted and not recorded.
const UNRECORDED: &str = "gateway_refusals_unrecorded_total";
/// How many refusals of a session may be recorded at once. After that, one every [`EVERY`].
const AT_ONCE: i32 = 20;
/// How often a refusal of a session is recorded after that.
const EVERY: TimeDelta = TimeDelta::seconds(1);
/// With more sessions than this, all of them are forgotten. An ended session may then record some
/// more refusals, up to the store's own limit.
const MANY: usize = 10_000;

/// Counts a refusal that is not recorded.
pub(super) fn count_unrecorded() {
    counter!(UNRECORDED).increment(1);
}

/// Which refusals are recorded.
#[derive(Debug, Default)]
pub(super) struct Sampler(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// When each session's allowance is full again.
    whole_at: HashMap<SupportSessionId, Timestamp>,
    /// Ended sessions that have recorded as many refusals as an ended session may.
    full: HashSet<SupportSessionId>,
}

impl Sampler {
    /// Whether this one is recorded.
    pub(super) fn admits(&self, refused: &RefusedRequest) -> bool {
        let (session, at) = (refused.request.support_session_id, refused.request.at);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.full.contains(&session) {
            return false;
        }
        if seen.whole_at.len() >= MANY {
            seen.whole_at.clear();
        }
        let most = at + EVERY * AT_ONCE;
        let whole_at = seen.whole_at.entry(session).or_insert(at);
        *whole_at = (*whole_at).clamp(at, most);
        let next = *whole_at + EVERY;
        let admits = next <= most;
        if admits {
            *whole_at = next;
        }
        admits
    }

    fn is_full(&self, session: SupportSessionId) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.full.len() >= MANY {
            seen.full.clear();
        }
        seen.full.insert(session);
        seen.whole_at.remove(&session);
    }
}

/// Records queued refusals until the recorder is gone.
pub(super) async fn record_sampled(
    core: Core,
    by: Arc<WrittenBy>,
    sampler: Arc<Sampler>,
    mut queue: mpsc::Receiver<RefusedRequest>,
    touched: broadcast::Sender<SupportSessionId>,
) {
    while let Some(refused) = queue.recv().await {
        let session = refused.request.support_session_id;
        match record::refuse(&core, &by, refused).await {
            Ok(Kept::Row) => drop(touched.send(session)),
            Ok(Kept::Nothing) => {
                sampler.is_full(session);
                count_unrecorded();
            }
            Err(error) => {
                tracing::debug!(support_session.id = %session, error = %error, "can't record a refusal");
                count_unrecorded();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_leaves_a_few_rows_and_then_one_a_second() {
        let sampler = Sampler::default();
        let noon: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let admitted = |number: u128, at| {
            let refused = super::super::tests::refused(number, at);
            (0..1000).filter(|_| sampler.admits(&refused)).count()
        };
        assert_eq!(admitted(1, noon), 20);
        assert_eq!(admitted(1, noon + TimeDelta::milliseconds(999)), 0);
        assert_eq!(admitted(1, noon + TimeDelta::seconds(3)), 3);
        assert_eq!(admitted(2, noon), 20, "another session has its own");
        assert_eq!(
            admitted(1, noon - TimeDelta::hours(5)),
            0,
            "a clock set back"
        );
        sampler.is_full(
            super::super::tests::refused(2, noon)
                .request
                .support_session_id,
        );
        assert_eq!(admitted(2, noon + TimeDelta::hours(1)), 0);
    }
}
