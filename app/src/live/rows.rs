//! The rows of a table that grows while it is read: the visible rows, and those that wait until the
//! reader looks away.

use crate::domain::{
    SupportSessionId, Timestamp, access_log::AccessLogEntry, support_sessions::SupportSession,
};

/// A row with a place among its kind.
pub trait LiveRow: Clone {
    /// The row's identity and position: rows are sorted by descending key.
    type Key: Ord + Copy;

    fn key(&self) -> Self::Key;
}

impl LiveRow for AccessLogEntry {
    type Key = u64;

    fn key(&self) -> u64 {
        self.seq
    }
}

impl LiveRow for SupportSession {
    type Key = (Timestamp, SupportSessionId);

    fn key(&self) -> Self::Key {
        (self.issued_at, self.id)
    }
}

/// Rows, newest first, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveRows<T> {
    shown: Vec<T>,
    waiting: Vec<T>,
}

impl<T: LiveRow> LiveRows<T> {
    /// Rows as the server gave them, in any order.
    pub fn new(rows: impl IntoIterator<Item = T>) -> Self {
        let mut shown = Vec::new();
        for row in rows {
            put(&mut shown, row);
        }
        Self {
            shown,
            waiting: Vec::new(),
        }
    }

    /// The visible rows, newest first.
    pub fn shown(&self) -> &[T] {
        &self.shown
    }

    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The row with this key, if it is shown.
    pub fn find(&self, key: T::Key) -> Option<&T> {
        let at = self.shown.binary_search_by(|probe| key.cmp(&probe.key()));
        at.ok().and_then(|at| self.shown.get(at))
    }

    /// Adds the rows of a live event. A visible row changes in place. With `hold`, new rows wait,
    /// so that nothing moves under the pointer or the focus.
    pub fn receive(&mut self, rows: impl IntoIterator<Item = T>, hold: bool) {
        for row in rows {
            let is_shown = self.find(row.key()).is_some();
            if is_shown || !hold {
                put(&mut self.shown, row);
            } else {
                put(&mut self.waiting, row);
            }
        }
        if !hold {
            self.release();
        }
    }

    pub fn release(&mut self) {
        for row in std::mem::take(&mut self.waiting) {
            put(&mut self.shown, row);
        }
    }
}

fn put<T: LiveRow>(rows: &mut Vec<T>, row: T) {
    match rows.binary_search_by(|probe| row.key().cmp(&probe.key())) {
        Ok(at) => rows[at] = row,
        Err(at) => rows.insert(at, row),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Row(u32, &'static str);

    impl LiveRow for Row {
        type Key = u32;

        fn key(&self) -> u32 {
            self.0
        }
    }

    fn keys(rows: &LiveRows<Row>) -> Vec<u32> {
        rows.shown().iter().map(|row| row.0).collect()
    }

    #[test]
    fn a_shown_row_changes_in_place_even_while_new_ones_wait() {
        let mut rows = LiveRows::new([Row(2, "open"), Row(1, "done")]);
        rows.receive([Row(2, "done"), Row(3, "open")], true);
        assert_eq!(rows.shown(), [Row(2, "done"), Row(1, "done")]);
        assert_eq!(rows.waiting(), 1);
    }

    #[test]
    fn a_waiting_row_that_changes_is_counted_once_and_shown_as_it_is_now() {
        let mut rows = LiveRows::new([Row(1, "done")]);
        rows.receive([Row(2, "open")], true);
        rows.receive([Row(2, "done")], true);
        assert_eq!(rows.waiting(), 1);
        rows.release();
        assert_eq!(rows.shown(), [Row(2, "done"), Row(1, "done")]);
        assert_eq!(rows.waiting(), 0);
    }

    #[test]
    fn what_waited_is_shown_with_the_next_row_that_need_not_wait() {
        let mut rows = LiveRows::new([]);
        rows.receive([Row(2, "")], true);
        rows.receive([Row(3, "")], false);
        assert_eq!(keys(&rows), [3, 2]);
        assert_eq!(rows.waiting(), 0);
    }

    proptest! {
        #[test]
        fn no_row_is_lost_doubled_or_out_of_order(
            batches in prop::collection::vec((prop::collection::vec(0_u32..40, 0..8), any::<bool>()), 0..12),
        ) {
            let mut rows = LiveRows::new([]);
            let mut sent = std::collections::BTreeSet::new();
            for (batch, hold) in batches {
                sent.extend(batch.iter().copied());
                rows.receive(batch.into_iter().map(|key| Row(key, "")), hold);
            }
            rows.release();
            prop_assert_eq!(keys(&rows), sent.into_iter().rev().collect::<Vec<_>>());
        }
    }
}
