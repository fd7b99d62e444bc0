//! The rate of each session, and its requests that don't count.

use std::collections::HashMap;

use app::domain::{SupportSessionId, Timestamp};
use parking_lot::Mutex;

use crate::{
    ports::KnownSession,
    rates::{Quota, Rates, TooFast},
};

/// The most sessions whose free requests are remembered. Forgotten ones count after all.
const MAX_SESSIONS: usize = 4096;

/// How many static files a session may have for each request that counts.
const FILES: u64 = 20;

/// Requests of this node's sessions that count, and those that turned out to be free.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    rates: Rates<SupportSessionId>,
    /// Those that turned out not to count.
    given_back: Rates<SupportSessionId>,
    /// Requests that were recorded as counting, but don't. The session's next record corrects the
    /// total.
    free: Mutex<HashMap<SupportSessionId, u64>>,
}

impl Allowance {
    /// Takes one request out of the session's rate.
    ///
    /// # Errors
    ///
    /// If the session exceeds its rate.
    pub(crate) fn take(&self, session: &KnownSession, now: Timestamp) -> Result<(), TooFast> {
        match quota(session) {
            Some(quota) => self.rates.take(session.id, quota, now).map(drop),
            None => Ok(()),
        }
    }

    /// Gives back a recorded request whose answer was a static file: it counts neither in the rate
    /// nor in the total. The answer decides this, because a client could claim anything.
    pub(crate) fn give_back(&self, session: &KnownSession, now: Timestamp) {
        if let Some(quota) = quota(session) {
            // A page has many files, but only a limited number a minute.
            let most = session.limits.requests_per_minute.unwrap_or_default();
            let most = Quota::per_minute(most.saturating_mul(FILES));
            if self.given_back.take(session.id, most, now).is_err() {
                return;
            }
            self.rates.give_back(session.id, quota, now);
        }
        let mut free = self.free.lock();
        if free.len() >= MAX_SESSIONS && !free.contains_key(&session.id) {
            free.clear();
        }
        *free.entry(session.id).or_default() += 1;
    }

    /// How many earlier requests of the session don't count. Returns each only once.
    pub(crate) fn take_free(&self, session: SupportSessionId) -> u64 {
        self.free.lock().remove(&session).unwrap_or_default()
    }

    /// The record that was to take these into account has not been written.
    pub(crate) fn put_back(&self, session: SupportSessionId, free: u64) {
        if free > 0 {
            *self.free.lock().entry(session).or_default() += free;
        }
    }

    /// Forgets a session that has ended.
    pub(crate) fn forget(&self, session: SupportSessionId) {
        self.free.lock().remove(&session);
    }
}

fn quota(session: &KnownSession) -> Option<Quota> {
    session.limits.requests_per_minute.map(Quota::per_minute)
}
