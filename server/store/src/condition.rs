//! Whether the store can be written, according to its writer.

use std::time::{Duration, Instant};

use app::domain::record::OutageCause;
use metrics::gauge;
use parking_lot::Mutex;
use tokio::sync::watch;

/// 1 while the gateway's records can be written, 0 otherwise.
const WRITABLE: &str = "support_console_record_writable";
/// How often an ongoing outage is logged.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Nothing can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    pub cause: OutageCause,
    /// When the outage was noticed.
    pub since: Instant,
}

/// Whether the store can be written, for everyone who asks.
#[derive(Debug)]
pub(super) struct Condition {
    outage: watch::Sender<Option<Outage>>,
    told_at: Mutex<Option<Instant>>,
}

impl Condition {
    pub(super) fn sound() -> Self {
        gauge!(WRITABLE).set(1.0);
        Self {
            outage: watch::Sender::new(None),
            told_at: Mutex::default(),
        }
    }

    pub(super) fn outage(&self) -> Option<Outage> {
        *self.outage.borrow()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Option<Outage>> {
        self.outage.subscribe()
    }

    /// Whether nothing may be written any more: see [`OutageCause::Broken`].
    pub(super) fn is_broken(&self) -> bool {
        self.outage()
            .is_some_and(|outage| outage.cause == OutageCause::Broken)
    }

    /// Something was committed. A broken store stays broken, because a flush that works after a
    /// failed one doesn't show that the failed one's data is safe.
    pub(super) fn worked(&self) {
        let recovered = self.outage.send_if_modified(|outage| {
            let ends = outage.is_some_and(|outage| outage.cause != OutageCause::Broken);
            if ends {
                *outage = None;
            }
            ends
        });
        if recovered {
            gauge!(WRITABLE).set(1.0);
            tracing::warn!("support requests can be recorded again");
        }
    }

    /// Nothing could be committed.
    pub(super) fn failed(&self, cause: OutageCause) {
        let changed = self.outage.send_if_modified(|outage| match outage {
            Some(present) if present.cause == OutageCause::Broken || present.cause == cause => {
                false
            }
            Some(present) => {
                present.cause = cause;
                true
            }
            None => {
                *outage = Some(Outage {
                    cause,
                    since: Instant::now(),
                });
                true
            }
        });
        if self.is_to_be_told(changed) {
            gauge!(WRITABLE).set(0.0);
            tracing::error!(
                cause = %cause,
                "support requests can't be recorded and are refused: {}",
                cause.sentence()
            );
        }
    }

    fn is_to_be_told(&self, changed: bool) -> bool {
        let mut told_at = self.told_at.lock();
        let due = changed || told_at.is_none_or(|told_at| told_at.elapsed() >= TELL_EVERY);
        if due {
            *told_at = Some(Instant::now());
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_ends_with_the_next_commit_unless_a_flush_failed() {
        let condition = Condition::sound();
        condition.failed(OutageCause::Full);
        let since = condition.outage().unwrap().since;
        condition.failed(OutageCause::Locked);
        let outage = condition.outage().unwrap();
        assert_eq!((outage.cause, outage.since), (OutageCause::Locked, since));
        condition.worked();
        assert_eq!(condition.outage(), None);

        condition.failed(OutageCause::Broken);
        condition.worked();
        condition.failed(OutageCause::Full);
        assert!(condition.is_broken());
    }
}
