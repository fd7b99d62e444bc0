//! Limits log lines that could come in any number.

use std::sync::atomic::{AtomicU64, Ordering};

use app::domain::Timestamp;
use chrono::TimeDelta;
use parking_lot::Mutex;

/// Passes one log line per interval, and counts the others. So an outsider can't fill the disk with
/// unknown tokens.
#[derive(Debug)]
pub(crate) struct LogLimit {
    every: TimeDelta,
    last: Mutex<Option<Timestamp>>,
    held_back: AtomicU64,
}

impl Default for LogLimit {
    /// One line a second.
    fn default() -> Self {
        Self::new(TimeDelta::seconds(1))
    }
}

impl LogLimit {
    const fn new(every: TimeDelta) -> Self {
        Self {
            every,
            last: Mutex::new(None),
            held_back: AtomicU64::new(0),
        }
    }

    /// If a line may be written now, the number of lines that were held back since the last.
    pub(crate) fn pass(&self, now: Timestamp) -> Option<u64> {
        let mut last = self.last.lock();
        // After a clock change, one line too many is better than none for hours.
        let due = last.is_none_or(|last| now - last >= self.every || now < last);
        if due {
            *last = Some(now);
            Some(self.held_back.swap(0, Ordering::Relaxed))
        } else {
            self.held_back.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_limited_and_says_how_many_lines_were_held_back() {
        let limit = LogLimit::new(TimeDelta::seconds(1));
        let start = chrono::DateTime::UNIX_EPOCH;
        assert_eq!(limit.pass(start), Some(0));
        assert_eq!(limit.pass(start), None);
        assert_eq!(limit.pass(start + TimeDelta::milliseconds(999)), None);
        assert_eq!(limit.pass(start + TimeDelta::seconds(1)), Some(2));
    }
}
