//! The queue of writes, and its order.

use std::{collections::VecDeque, time::Duration};

use app::domain::record::RecordLevel;
use tokio::sync::mpsc;

use super::Job;
use crate::act::Priority;

/// How long acts without a waiting caller are held back, so that they share a commit with others: a
/// request's completion with the next request's record.
const RESTS_FOR: Duration = Duration::from_millis(5);

/// SQLite's writer rests after a batch, this long for each act (about as long as an act takes). Records that arrive meanwhile
/// share the next commit, because a commit takes as long as two or three acts.
const REST: Duration = Duration::from_micros(20);
/// The longest such rest.
const LONGEST_REST: Duration = Duration::from_micros(500);

/// How long the writer rests after a batch: not at all after one request and the end of another, since then nobody else is
/// asking.
pub(super) fn rest_after(acts: u32) -> Duration {
    match acts {
        0..=2 => Duration::ZERO,
        acts => REST.saturating_mul(acts).min(LONGEST_REST),
    }
}

/// One act in this many is an end, if one waits. The others are records, if there are any.
const ENDS_SHARE: u8 = 4;
/// One act in this many is neither an end nor a record, if one waits.
const OTHERS_SHARE: u8 = 64;

/// The queue of writes.
pub(super) struct Queues {
    /// The act that woke the writer.
    first: Option<Box<dyn Job>>,
    /// The held-back act that woke the writer.
    rested: Option<Box<dyn Job>>,
    /// Acts that the last batch had sorted, but had no time for.
    sorted: VecDeque<Box<dyn Job>>,
    /// Counts acts, to give ends their share.
    turn: u8,
    /// Counts acts since one that was neither an end nor a record.
    since_other: u8,
    /// Whether it is the turn of completions.
    rests: bool,
    /// Whether this batch has had a record.
    has_record: bool,
    ends: mpsc::UnboundedReceiver<Box<dyn Job>>,
    gateway: mpsc::Receiver<Box<dyn Job>>,
    normal: mpsc::UnboundedReceiver<Box<dyn Job>>,
    resting: mpsc::UnboundedReceiver<Box<dyn Job>>,
}

impl Queues {
    pub(super) const fn new(
        ends: mpsc::UnboundedReceiver<Box<dyn Job>>,
        gateway: mpsc::Receiver<Box<dyn Job>>,
        normal: mpsc::UnboundedReceiver<Box<dyn Job>>,
        resting: mpsc::UnboundedReceiver<Box<dyn Job>>,
    ) -> Self {
        Self {
            first: None,
            rested: None,
            sorted: VecDeque::new(),
            turn: 0,
            since_other: 0,
            rests: false,
            has_record: false,
            ends,
            gateway,
            normal,
            resting,
        }
    }

    /// Waits for work and returns the durability that it needs. `None` once there are no more
    /// callers.
    pub(super) async fn wait(&mut self, record: RecordLevel) -> Option<RecordLevel> {
        let mut priority = Priority::Resting;
        if !self.sorted.is_empty() || !self.gateway.is_empty() {
            priority = Priority::Gateway;
        } else if self.rested.is_none() {
            priority = tokio::select! {
                biased;
                Some(job) = self.ends.recv() => self.is_first(job, Priority::End),
                Some(job) = self.gateway.recv() => self.is_first(job, Priority::Gateway),
                Some(job) = self.normal.recv() => self.is_first(job, Priority::Normal),
                Some(job) = self.resting.recv() => self.is_first(job, Priority::Resting),
                else => return None,
            };
        }
        if priority == Priority::Resting {
            priority = tokio::select! {
                biased;
                Some(job) = self.ends.recv() => self.is_first(job, Priority::End),
                Some(job) = self.gateway.recv() => self.is_first(job, Priority::Gateway),
                Some(job) = self.normal.recv() => self.is_first(job, Priority::Normal),
                () = tokio::time::sleep(RESTS_FOR) => Priority::Resting,
            };
        }
        // A batch begins with an end, unless the last batch had time only for one.
        if std::mem::take(&mut self.has_record) {
            self.turn = 0;
        }
        // Anything but a record is flushed, and so are the records that share its commit.
        let is_record = matches!(priority, Priority::Gateway | Priority::Resting);
        let records_alone = is_record && self.ends.is_empty() && self.normal.is_empty();
        Some(if records_alone {
            record
        } else {
            RecordLevel::Flushed
        })
    }

    fn is_first(&mut self, job: Box<dyn Job>, priority: Priority) -> Priority {
        match priority {
            Priority::Resting => self.rested = Some(job),
            Priority::End | Priority::Gateway | Priority::Normal => self.first = Some(job),
        }
        self.has_record |= priority == Priority::Gateway;
        priority
    }

    /// Sorts waiting acts, at most `most`, into the order in which they lock support sessions. Acts
    /// for which the last batch had no time come first, wherever they are in this order.
    pub(super) fn sort(&mut self, level: RecordLevel, most: usize) {
        if !self.sorted.is_empty() {
            return;
        }
        let mut waiting: Vec<_> = std::iter::from_fn(|| self.next(level)).take(most).collect();
        waiting.sort_by_key(|job| job.locks());
        self.sorted = waiting.into();
    }

    /// The next of the sorted acts.
    pub(super) fn next_sorted(&mut self) -> Option<Box<dyn Job>> {
        self.sorted.pop_front()
    }

    /// The next act that may be committed at this level.
    pub(super) fn next(&mut self, level: RecordLevel) -> Option<Box<dyn Job>> {
        let first = self.sorted.pop_front().or_else(|| self.first.take());
        if first.is_some() {
            return first;
        }
        if level == RecordLevel::Written {
            return self.next_record();
        }
        let ends_turn = self.turn.is_multiple_of(ENDS_SHARE);
        self.turn = self.turn.wrapping_add(1);
        let early = match (self.since_other < OTHERS_SHARE, ends_turn) {
            (false, _) => self.next_other(),
            (true, true) => self.next_end(),
            (true, false) => None,
        };
        let next = early.or_else(|| self.next_record());
        let next = next.or_else(|| self.next_end());
        next.or_else(|| self.next_other())
    }

    fn next_end(&mut self) -> Option<Box<dyn Job>> {
        self.ends.try_recv().ok()
    }

    fn next_other(&mut self) -> Option<Box<dyn Job>> {
        self.since_other = 0;
        self.normal.try_recv().ok()
    }

    /// Records and completions take turns, so that completions don't wait behind any number of
    /// records.
    fn next_record(&mut self) -> Option<Box<dyn Job>> {
        self.rests = !self.rests;
        let next = match self.rests {
            true => self.next_resting().or_else(|| self.next_of_gateway()),
            false => self.next_of_gateway().or_else(|| self.next_resting()),
        };
        self.has_record |= next.is_some();
        self.since_other = self.since_other.saturating_add(1);
        next
    }

    fn next_of_gateway(&mut self) -> Option<Box<dyn Job>> {
        self.gateway.try_recv().ok()
    }

    fn next_resting(&mut self) -> Option<Box<dyn Job>> {
        let rested = self.rested.take();
        rested.or_else(|| self.resting.try_recv().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writer_rests_after_batches_of_many_and_never_long() {
        assert_eq!(rest_after(0), Duration::ZERO);
        assert_eq!(rest_after(2), Duration::ZERO);
        assert_eq!(rest_after(10), Duration::from_micros(200));
        assert_eq!(rest_after(u32::MAX), LONGEST_REST);
    }
}
