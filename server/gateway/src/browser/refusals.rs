//! The last refusals of each session, for the banner. The application shows them only as its own
//! errors.

use std::collections::{HashMap, VecDeque};

use app::domain::{RequestId, SupportSessionId, Timestamp, access_log::Refusal};
use parking_lot::Mutex;

use super::fetch_metadata;
use crate::{arrival::Arrival, judge::Denied};

/// How many are kept per session.
const MAX_TOLD: usize = 5;
/// The most sessions whose refusals are kept.
const MAX_SESSIONS: usize = 4096;
/// The longest path and the longest reason that are kept.
const MAX_TEXT: usize = 200;

/// A refusal, as the banner shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) request_id: RequestId,
    /// `POST /v1/exports`, as it is recorded.
    pub(crate) request: String,
    pub(crate) detail: String,
    pub(crate) at: Timestamp,
}

/// The refusals of active sessions.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<HashMap<SupportSessionId, VecDeque<Told>>>);

impl Refusals {
    /// Keeps the refusal of a request by a page of the session's host, unless the person has seen
    /// it. Method and path are as recorded.
    pub(crate) fn keep(
        &self,
        arrival: &Arrival,
        session: SupportSessionId,
        (method, path): (&str, &str),
        detail: &str,
    ) {
        if !arrival.at_entry || is_seen(arrival) {
            return;
        }
        let cut = |text: &str| text.chars().take(MAX_TEXT).collect::<String>();
        let told = Told {
            request_id: arrival.request_id,
            request: format!("{method} {}", cut(path)),
            detail: cut(detail),
            at: arrival.at,
        };
        let mut sessions = self.0.lock();
        if sessions.len() >= MAX_SESSIONS && !sessions.contains_key(&session) {
            let other = sessions.keys().next().copied();
            other.map(|other| sessions.remove(&other));
        }
        let kept = sessions.entry(session).or_default();
        kept.truncate(MAX_TOLD - 1);
        kept.push_front(told);
    }

    /// The refusals of a session, oldest first.
    pub(crate) fn of(&self, session: SupportSessionId) -> Vec<Told> {
        let sessions = self.0.lock();
        let kept = sessions.get(&session).into_iter().flatten();
        kept.rev().cloned().collect()
    }

    /// Forgets a session that has ended.
    pub(crate) fn forget(&self, session: SupportSessionId) {
        self.0.lock().remove(&session);
    }
}

/// Whether a person would miss the denied request. Not redirects, requests by pages of other
/// origins, and workers.
pub(crate) fn is_news(arrival: &Arrival, denied: &Denied) -> bool {
    let others = [Refusal::WrongEntry, Refusal::WrongOrigin];
    denied.location.is_none()
        && !others.contains(&denied.refusal)
        && !arrival.headers.contains_key("service-worker")
}

/// Whether one of our pages shows it.
fn is_seen(arrival: &Arrival) -> bool {
    fetch_metadata::is_navigation(&arrival.headers)
}
