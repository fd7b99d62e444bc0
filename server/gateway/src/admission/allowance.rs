//! How fast each session may go, and which of its requests don't count.

use std::collections::HashMap;

use app::domain::{SupportSessionId, Timestamp};
use parking_lot::Mutex;

use crate::{
    ports::KnownSession,
    rates::{Quota, Rates, TooFast},
};

/// The most sessions of which free requests are known. What is lost counts after all.
const MAX_SESSIONS: usize = 4096;

/// How many static files a session may have for each request that counts.
const FILES: u64 = 20;

/// The requests of the sessions on this node that count, or that turned out not to.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    rates: Rates<SupportSessionId>,
    /// How many of them turned out not to count.
    given_back: Rates<SupportSessionId>,
    /// Requests that were recorded as counting, and don't. The session's next record says so.
    free: Mutex<HashMap<SupportSessionId, u64>>,
}

impl Allowance {
    /// Takes one request of the session's minute.
    ///
    /// # Errors
    ///
    /// If the session goes too fast.
    pub(crate) fn take(&self, session: &KnownSession, now: Timestamp) -> Result<(), TooFast> {
        match quota(session) {
            Some(quota) => self.rates.take(session.id, quota, now).map(drop),
            None => Ok(()),
        }
    }

    /// A recorded request of the session counts neither in its minute nor in its total: its answer was a
    /// static file. What a request is, its answer says, not the request: a client could say anything.
    pub(crate) fn give_back(&self, session: &KnownSession, now: Timestamp) {
        if let Some(quota) = quota(session) {
            // A page has many files, but not any number of them a minute.
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

    /// How many earlier requests of the session don't count. They are said once.
    pub(crate) fn take_free(&self, session: SupportSessionId) -> u64 {
        self.free.lock().remove(&session).unwrap_or_default()
    }

    /// Forgets a session that has ended.
    pub(crate) fn forget(&self, session: SupportSessionId) {
        self.free.lock().remove(&session);
    }
}

fn quota(session: &KnownSession) -> Option<Quota> {
    session.limits.requests_per_minute.map(Quota::per_minute)
}
