//! Support sessions that were looked up a moment ago.
//!
//! No access depends on this alone (`docs/decisions/0010`): the record of each request is only
//! written if the store says that its session is active at that instant.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gateway::ports::KnownSession;
use store::{Change, ChangeKind, Store};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

/// How long a looked-up session may be reused: as long as a node may serve without contact to the
/// store.
const KEPT: Duration = Duration::from_secs(1);
const MAX: usize = 1024;

/// The recently found sessions, by the hashes of their tokens.
pub(super) struct Known(Mutex<State>);

struct State {
    changes: Receiver<Change>,
    /// Each with the time since boot at which its look-up began.
    found: HashMap<[u8; 32], (Duration, KnownSession)>,
    /// How often something was forgotten because of a change.
    forgotten: u64,
}

/// The state when a look-up began.
pub(super) struct LookedUp {
    at: Duration,
    forgotten: u64,
}

impl Known {
    pub(super) fn new(store: &Store) -> Self {
        Self(Mutex::new(State {
            changes: store.changes(),
            found: HashMap::new(),
            forgotten: 0,
        }))
    }

    /// The session of this token, if it was found recently and no change of it was reported since.
    /// `now` is the time since boot.
    ///
    /// # Errors
    ///
    /// If it must be looked up. The result goes to [`Self::keep`].
    pub(super) fn find(
        &self,
        token_hash: &[u8; 32],
        now: Duration,
    ) -> Result<KnownSession, LookedUp> {
        let state = self.up_to_date();
        match state.found.get(token_hash) {
            Some((at, session)) if now < *at + KEPT => Ok(session.clone()),
            _ => Err(LookedUp {
                at: now,
                forgotten: state.forgotten,
            }),
        }
    }

    /// Keeps a look-up's result, unless something changed meanwhile. A session with an idle limit
    /// is not kept, because each record postpones its end.
    pub(super) fn keep(&self, looked_up: LookedUp, store: &Store, session: &KnownSession) {
        let lasts = session.ended.is_none() && session.limits.idle_ends_at.is_none();
        let mut state = self.up_to_date();
        if !lasts || !store.follows_changes() || state.forgotten != looked_up.forgotten {
            return;
        }
        if state.found.len() >= MAX {
            state.found.retain(|_, (at, _)| looked_up.at < *at + KEPT);
        }
        if state.found.len() < MAX {
            let found = (looked_up.at, session.clone());
            state.found.insert(session.token_hash, found);
        }
    }

    fn up_to_date(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match state.changes.try_recv() {
                Ok(change) if change.kind == ChangeKind::SupportSession => {
                    state.forgotten += 1;
                    let is_other =
                        |session: &KnownSession| session.id.to_string() != change.subject;
                    state.found.retain(|_, (_, session)| is_other(session));
                }
                Ok(_) => {}
                Err(TryRecvError::Empty) => return state,
                // Changes were missed, or the sender has stopped.
                Err(TryRecvError::Lagged(_)) => state.forget_all(),
                Err(TryRecvError::Closed) => {
                    state.forget_all();
                    return state;
                }
            }
        }
    }
}

impl State {
    fn forget_all(&mut self) {
        self.forgotten += 1;
        self.found.clear();
    }
}

#[cfg(test)]
mod tests;
