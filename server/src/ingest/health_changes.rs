//! Announces new health to open pages, a few times a second at most.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use app::domain::Timestamp;
use chrono::TimeDelta;
use tokio::sync::Notify;

/// The shortest time between two entries in the log of changes.
const PACE: TimeDelta = TimeDelta::milliseconds(250);

/// Decides which write announces new health. The first one does. Those shortly after it leave this
/// to the ticker.
#[derive(Debug)]
pub struct HealthChanges {
    told_at: AtomicI64,
    untold: AtomicBool,
    wake: Notify,
}

impl Default for HealthChanges {
    fn default() -> Self {
        Self {
            told_at: AtomicI64::new(i64::MIN),
            untold: AtomicBool::new(false),
            wake: Notify::new(),
        }
    }
}

impl HealthChanges {
    /// The ticker's delay before it announces changes that writes have left to it.
    pub const PACE: std::time::Duration = std::time::Duration::from_millis(250);

    /// Whether the current write should announce new health itself.
    pub fn may_tell(&self, now: Timestamp) -> bool {
        let now = now.timestamp_micros();
        let pace = PACE.num_microseconds().unwrap_or_default();
        self.told_at
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |told| {
                // A clock that is set back must not suppress announcements for long.
                let due = now < told || now.saturating_sub(told) >= pace;
                due.then_some(now)
            })
            .is_ok()
    }

    /// Leaves the announcement to the ticker.
    pub fn leave_to_ticker(&self) {
        self.untold.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Whether there is something to announce. The caller must then announce it.
    pub fn take_untold(&self) -> bool {
        self.untold.swap(false, Ordering::AcqRel)
    }

    /// Waits until something is left to the ticker.
    pub async fn left_to_ticker(&self) {
        self.wake.notified().await;
    }
}
