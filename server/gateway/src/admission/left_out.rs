//! The fields that were left out of requests, for the audit log to name once in each session.

use std::collections::{HashMap, HashSet};

use app::domain::SupportSessionId;
use http::HeaderName;
use parking_lot::Mutex;

/// The most names that are reported for one session.
const MAX_NAMES: usize = 64;
/// The longest name that is reported.
const MAX_LENGTH: usize = 64;
/// The most sessions whose reported names are remembered.
const MAX_SESSIONS: usize = 4096;

/// The names that were already reported for active sessions.
#[derive(Default)]
pub(crate) struct LeftOut(Mutex<HashMap<SupportSessionId, HashSet<HeaderName>>>);

impl LeftOut {
    /// The `names` that were not reported for `session` yet. Marks them as reported.
    pub(crate) fn unsaid(&self, session: SupportSessionId, names: &[HeaderName]) -> Vec<String> {
        if names.is_empty() {
            return Vec::new();
        }
        let mut sessions = self.0.lock();
        if sessions.len() >= MAX_SESSIONS && !sessions.contains_key(&session) {
            // Then their names may be reported again.
            sessions.clear();
        }
        let said = sessions.entry(session).or_default();
        let mut unsaid = Vec::new();
        for name in names
            .iter()
            .filter(|name| name.as_str().len() <= MAX_LENGTH)
        {
            if said.len() < MAX_NAMES && said.insert(name.clone()) {
                unsaid.push(name.to_string());
            }
        }
        unsaid
    }

    /// Forgets a session that has ended.
    pub(crate) fn forget(&self, session: SupportSessionId) {
        self.0.lock().remove(&session);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_name_is_said_once_in_each_session() {
        let left_out = LeftOut::default();
        let session = |number| SupportSessionId::from_uuid(Uuid::from_u128(number));
        let names = ["x-a", "x-b", "x-a"].map(HeaderName::from_static);
        assert_eq!(left_out.unsaid(session(1), &names), ["x-a", "x-b"]);
        assert!(left_out.unsaid(session(1), &names).is_empty());
        assert_eq!(left_out.unsaid(session(2), &names[..1]), ["x-a"]);
        left_out.forget(session(1));
        assert_eq!(left_out.unsaid(session(1), &names[1..2]), ["x-b"]);
        let many: Vec<_> = (0..200)
            .map(|number| format!("x-{number}").parse().unwrap())
            .collect();
        assert_eq!(left_out.unsaid(session(3), &many).len(), MAX_NAMES);
    }
}
