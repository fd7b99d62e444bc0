//! A node's memory of support sessions, for receipts.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use app::domain::SupportSessionId;
use parking_lot::Mutex;

/// From how many sessions without open requests on old ones are forgotten, for which no receipt can
/// be needed.
const REMEMBERED: usize = 4096;
/// How long they are remembered: longer than any session lasts.
const REMEMBERED_FOR: Duration = Duration::from_hours(2);

/// One node's past in a support session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Past {
    /// When the first byte of its last request went upstream.
    pub last_sent: Option<Instant>,
    /// How many of its requests were cut.
    pub requests_cut: usize,
}

/// The sessions without requests in flight.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<HashMap<SupportSessionId, Past>>);

impl Memory {
    pub(super) fn find(&self, session: SupportSessionId) -> Past {
        self.0.lock().get(&session).copied().unwrap_or_default()
    }

    pub(super) fn take(&self, session: SupportSessionId) -> Past {
        self.0.lock().remove(&session).unwrap_or_default()
    }

    pub(super) fn keep(&self, session: SupportSessionId, past: Past) {
        if past == Past::default() {
            return;
        }
        let mut all = self.0.lock();
        if all.len() >= REMEMBERED {
            let asked_about = |at: Instant| at.elapsed() < REMEMBERED_FOR;
            all.retain(|_, past| past.last_sent.is_some_and(asked_about));
        }
        all.insert(session, past);
    }
}
