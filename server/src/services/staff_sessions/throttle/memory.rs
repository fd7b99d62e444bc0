//! The throttle's state in this process, so that a flood of sign-ins doesn't reach the store.
//!
//! The store decides who is admitted. Memory only refuses, and for at most a minute. If something
//! is forgotten or unknown here, that costs a transaction and admits nobody. This process doesn't
//! learn of a success elsewhere, so a person may be refused here for the rest of that minute.

use std::collections::HashMap;

use app::domain::Timestamp;
use parking_lot::Mutex;
use store::{Change, ChangeKind, Store};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

use super::{Attempt, LONGEST_DELAY, NotBefore};

/// With more subjects than this, all of them are forgotten.
const MANY: usize = 10_000;

/// Until when attempts on accounts and from addresses are refused.
pub(in crate::services::staff_sessions) struct Memory(Mutex<Known>);

struct Known {
    until: HashMap<String, Timestamp>,
    changes: Receiver<Change>,
}

impl Memory {
    pub(in crate::services::staff_sessions) fn of(store: &Store) -> Self {
        Self(Mutex::new(Known {
            until: HashMap::new(),
            changes: store.changes(),
        }))
    }

    /// If an attempt comes too early, when another one may be made.
    pub(in crate::services::staff_sessions) fn refuses(
        &self,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let mut known = self.0.lock();
        known.forget_outdated();
        let subjects = attempt.subjects.iter();
        let until = subjects.filter_map(|(subject, _)| known.until.get(subject).copied());
        // Nothing is refused for longer, whatever the clock has done since.
        until
            .filter(|until| *until > now && *until - now <= LONGEST_DELAY)
            .max()
    }

    /// Remembers the store's decision.
    pub(in crate::services::staff_sessions) fn learn(&self, said: impl Iterator<Item = NotBefore>) {
        let mut known = self.0.lock();
        for NotBefore { subject, at } in said {
            if known.until.len() >= MANY {
                known.until.clear();
            }
            let until = known.until.entry(subject).or_insert(at);
            *until = (*until).max(at);
        }
    }

    /// Forgets an attempt that was not a failure, because the store now decides otherwise.
    pub(in crate::services::staff_sessions) fn forget(&self, attempt: &Attempt) {
        let mut known = self.0.lock();
        let subjects = attempt.subjects.iter().map(|(subject, _)| subject);
        for subject in subjects.chain(&attempt.account) {
            known.until.remove(subject);
        }
    }
}

impl Known {
    /// A new password ends an account's throttle, even if another process set it.
    fn forget_outdated(&mut self) {
        loop {
            match self.changes.try_recv() {
                Ok(change) if change.kind != ChangeKind::Staff => {}
                Ok(_) | Err(TryRecvError::Lagged(_)) => self.until.clear(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::services::testing::{noon, sqlite};

    fn said(subject: &str, at: Timestamp) -> impl Iterator<Item = NotBefore> {
        let subject = subject.to_owned();
        std::iter::once(NotBefore { subject, at })
    }

    #[tokio::test]
    async fn it_is_bounded_and_refuses_for_no_longer_than_the_store_would() {
        let world = sqlite().await;
        let memory = Memory::of(&world.core.store);
        let attempt = Attempt::new(None, Some("203.0.113.7"), false);
        let (subject, _) = &attempt.subjects[0];
        let until = noon() + TimeDelta::seconds(8);
        memory.learn(said(subject, until));
        memory.learn(said(subject, noon()));
        assert_eq!(memory.refuses(&attempt, noon()), Some(until));
        assert_eq!(memory.refuses(&attempt, until), None);
        let set_back = until - LONGEST_DELAY - TimeDelta::microseconds(1);
        assert_eq!(memory.refuses(&attempt, set_back), None);
        for number in 0..3 * MANY {
            memory.learn(said(&number.to_string(), until));
            assert!(memory.0.lock().until.len() <= MANY);
        }
        assert_eq!(memory.refuses(&attempt, noon()), None, "the store is asked");
    }
}
