//! Remembers forms that can't be done twice, so that the second of two clicks is told what the first has done.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use app::domain::Timestamp;
use chrono::TimeDelta;

use super::Flashes;

const KEPT: TimeDelta = TimeDelta::minutes(15);
/// How many are remembered at most. Only forms that were done are.
const AT_MOST: usize = 1024;

/// What a form has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    pub at: Timestamp,
    /// How many objects it changed.
    pub count: usize,
}

/// By what tells a form apart. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct SentForms(Arc<Mutex<HashMap<String, Sent>>>);

impl Flashes {
    /// Notes that `form` was done now. It names its sender, and so it is only found by the same one.
    pub fn note_sent(&self, form: String, count: usize) {
        let at = self.clock.now();
        let mut all = self.sent.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, sent| sent.at + KEPT > at);
        if all.len() >= AT_MOST {
            let oldest = all.iter().min_by_key(|(_, sent)| sent.at);
            let oldest = oldest.map(|(form, _)| form.clone());
            oldest.map(|oldest| all.remove(&oldest));
        }
        all.insert(form, Sent { at, count });
    }

    /// What `form` did if it was done in the last quarter of an hour.
    pub fn sent(&self, form: &str) -> Option<Sent> {
        let now = self.clock.now();
        let all = self.sent.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(form).copied().filter(|sent| sent.at + KEPT > now)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::flashes, *};

    #[test]
    fn what_was_done_is_remembered_for_a_while_and_fills_no_memory() {
        let (flashes, clock) = flashes();
        flashes.note_sent("a".into(), 2);
        let sent = flashes.sent("a").unwrap();
        assert_eq!((sent.count, flashes.sent("b")), (2, None));
        clock.advance(TimeDelta::seconds(1));
        for n in 0..2 * AT_MOST {
            flashes.note_sent(n.to_string(), 0);
        }
        assert_eq!(flashes.sent.0.lock().unwrap().len(), AT_MOST);
        assert_eq!(flashes.sent("a"), None, "the oldest goes first");
        flashes.note_sent("a".into(), 2);
        clock.advance(KEPT);
        assert_eq!(flashes.sent("a"), None);
    }
}
