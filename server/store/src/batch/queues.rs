//! The queue of writes, and its order.

use std::time::Duration;

use app::domain::record::RecordLevel;
use tokio::sync::mpsc;

use super::Job;
use crate::{StoreError, act::Priority};

/// How long acts without a waiting caller are held back, so that they share a commit with others: a
/// request's completion with the next request's record.
const RESTS_FOR: Duration = Duration::from_millis(5);

/// The queue of writes.
pub(super) struct Queues {
    /// The act that woke the writer.
    first: Option<Box<dyn Job>>,
    /// The held-back act that woke the writer.
    rested: Option<Box<dyn Job>>,
    turn: bool,
    gateway: mpsc::Receiver<Box<dyn Job>>,
    normal: mpsc::UnboundedReceiver<Box<dyn Job>>,
    resting: mpsc::UnboundedReceiver<Box<dyn Job>>,
}

impl Queues {
    pub(super) const fn new(
        gateway: mpsc::Receiver<Box<dyn Job>>,
        normal: mpsc::UnboundedReceiver<Box<dyn Job>>,
        resting: mpsc::UnboundedReceiver<Box<dyn Job>>,
    ) -> Self {
        Self {
            first: None,
            rested: None,
            turn: false,
            gateway,
            normal,
            resting,
        }
    }

    /// Waits for work and returns the level it must be kept at. `None` once there are no more
    /// callers.
    pub(super) async fn wait(&mut self, record: RecordLevel) -> Option<RecordLevel> {
        let mut priority = Priority::Resting;
        if self.rested.is_none() {
            priority = tokio::select! {
                biased;
                Some(job) = self.gateway.recv() => self.is_first(job, Priority::Gateway),
                Some(job) = self.normal.recv() => self.is_first(job, Priority::Normal),
                Some(job) = self.resting.recv() => self.is_first(job, Priority::Resting),
                else => return None,
            };
        }
        if priority == Priority::Resting {
            priority = tokio::select! {
                biased;
                Some(job) = self.gateway.recv() => self.is_first(job, Priority::Gateway),
                Some(job) = self.normal.recv() => self.is_first(job, Priority::Normal),
                () = tokio::time::sleep(RESTS_FOR) => Priority::Resting,
            };
        }
        // Anything but a record is flushed, and so are the records that share its commit.
        let records_alone = priority != Priority::Normal && self.normal.is_empty();
        Some(if records_alone {
            record
        } else {
            RecordLevel::Flushed
        })
    }

    fn is_first(&mut self, job: Box<dyn Job>, priority: Priority) -> Priority {
        match priority {
            Priority::Resting => self.rested = Some(job),
            Priority::Gateway | Priority::Normal => self.first = Some(job),
        }
        priority
    }

    /// Takes acts that may be kept at this level, at most so many, in the order in which they lock
    /// support sessions. Those that come too late are answered.
    pub(super) fn take(&mut self, level: RecordLevel, most: usize, into: &mut Vec<Box<dyn Job>>) {
        let from = into.len();
        while into.len() - from < most
            && let Some(job) = self.next(level)
        {
            match job.is_late() {
                true => job.answer(Err(StoreError::TooLate)),
                false => into.push(job),
            }
        }
        if let Some(taken) = into.get_mut(from..) {
            taken.sort_by_key(|job| job.locks());
        }
    }

    /// The next act that may be kept at this level.
    pub(super) fn next(&mut self, level: RecordLevel) -> Option<Box<dyn Job>> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        // In turn, so that completions don't pile up behind any number of records.
        self.turn = !self.turn;
        let next = match self.turn {
            true => self.next_resting().or_else(|| self.next_of_gateway()),
            false => self.next_of_gateway().or_else(|| self.next_resting()),
        };
        match level {
            RecordLevel::Flushed => next.or_else(|| self.normal.try_recv().ok()),
            RecordLevel::Written => next,
        }
    }

    fn next_of_gateway(&mut self) -> Option<Box<dyn Job>> {
        self.gateway.try_recv().ok()
    }

    fn next_resting(&mut self) -> Option<Box<dyn Job>> {
        let rested = self.rested.take();
        rested.or_else(|| self.resting.try_recv().ok())
    }
}
