//! Time as a parameter.

mod steady;

use std::{collections::BTreeMap, pin::Pin, sync::Arc, time::Duration};

use app::domain::{Timestamp, to_micros};
use parking_lot::Mutex;
use tokio::sync::watch;

pub use self::steady::SteadyClock;

/// Completes at its time.
pub type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the time, and waits for a time.
///
/// Instants have microsecond precision, like everything that is stored.
pub trait Clock: Send + Sync {
    /// The current time by this clock.
    fn now(&self) -> Timestamp;

    /// The time since the machine's start, including sleep. It can't be set.
    fn since_boot(&self) -> Duration;

    /// The latest instant that has certainly passed: [`Self::now`], unless that has just jumped.
    fn confirmed(&self) -> Timestamp {
        self.now()
    }

    /// Waits until the time is `at` or later.
    fn sleep_until(&self, at: Timestamp) -> Wait;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the machine's clock is read"
    )]
    fn now(&self) -> Timestamp {
        to_micros(chrono::Utc::now())
    }

    fn since_boot(&self) -> Duration {
        use rustix::time::{ClockId, clock_gettime};

        let since = clock_gettime(ClockId::Boottime);
        Duration::try_from(since).unwrap_or_default()
    }

    fn sleep_until(&self, at: Timestamp) -> Wait {
        let clock = *self;
        Box::pin(async move {
            let span = (at - clock.now()).to_std().unwrap_or_default();
            let due = clock.since_boot() + span;
            // The machine may sleep or its clock may be set, so no single wait is trusted for long.
            while clock.now() < at
                && let Some(left) = due.checked_sub(clock.since_boot())
                && !left.is_zero()
            {
                tokio::time::sleep(left.min(Duration::from_secs(1))).await;
            }
        })
    }
}

/// A clock that runs ahead of another by an adjustable offset: the demo's.
pub struct OffsetClock {
    inner: Arc<dyn Clock>,
    offset: watch::Sender<chrono::TimeDelta>,
}

impl OffsetClock {
    /// Follows `inner` with no offset.
    pub fn new(inner: Arc<dyn Clock>) -> Self {
        Self {
            inner,
            offset: watch::Sender::new(chrono::TimeDelta::zero()),
        }
    }

    /// Moves ahead by `by`. Tasks waiting for an instant in between wake up.
    pub fn advance(&self, by: chrono::TimeDelta) {
        self.offset.send_modify(|offset| *offset += by);
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        self.inner.now() + *self.offset.borrow()
    }

    fn since_boot(&self) -> Duration {
        // Advancing it moves all its times, so it is not a jump.
        self.inner.since_boot() + self.offset.borrow().to_std().unwrap_or_default()
    }

    fn sleep_until(&self, at: Timestamp) -> Wait {
        let inner = Arc::clone(&self.inner);
        let mut offset = self.offset.subscribe();
        Box::pin(async move {
            loop {
                let target = at - *offset.borrow_and_update();
                tokio::select! {
                    () = inner.sleep_until(target) => return,
                    changed = offset.changed() => if changed.is_err() { return inner.sleep_until(target).await },
                }
            }
        })
    }
}

/// A clock that stands still until it is moved, for tests.
#[derive(Clone)]
pub struct ManualClock {
    state: Arc<Mutex<ManualState>>,
}

struct ManualState {
    now: Timestamp,
    since_boot: Duration,
    waiting: BTreeMap<Timestamp, Vec<tokio::sync::oneshot::Sender<()>>>,
}

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self {
            state: Arc::new(Mutex::new(ManualState {
                now,
                since_boot: Duration::ZERO,
                waiting: BTreeMap::new(),
            })),
        }
    }

    /// Moves ahead by `by`. Tasks waiting for an instant in between wake up.
    pub fn advance(&self, by: chrono::TimeDelta) {
        let now = self.now() + by;
        self.state.lock().since_boot += by.to_std().unwrap_or_default();
        self.set(now);
    }

    /// Sets it to `now`, which may be in the past, while no time passes.
    pub fn set(&self, now: Timestamp) {
        let mut state = self.state.lock();
        state.now = now;
        let later = state
            .waiting
            .split_off(&(now + chrono::TimeDelta::microseconds(1)));
        for waiter in std::mem::replace(&mut state.waiting, later)
            .into_values()
            .flatten()
        {
            // A receiver that no longer waits need not wake up.
            let _ = waiter.send(());
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.state.lock().now
    }

    fn since_boot(&self) -> Duration {
        self.state.lock().since_boot
    }

    fn sleep_until(&self, at: Timestamp) -> Wait {
        let (wake, woken) = tokio::sync::oneshot::channel();
        let mut state = self.state.lock();
        if at <= state.now {
            return Box::pin(std::future::ready(()));
        }
        state.waiting.entry(at).or_default().push(wake);
        Box::pin(async move {
            let _ = woken.await;
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn noon() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    #[tokio::test]
    async fn moving_the_clock_wakes_exactly_those_whose_time_has_come() {
        let clock = ManualClock::at(noon());
        let soon = tokio::spawn(clock.sleep_until(noon() + TimeDelta::minutes(1)));
        let later = tokio::spawn(clock.sleep_until(noon() + TimeDelta::minutes(2)));
        clock.advance(TimeDelta::minutes(1));
        soon.await.unwrap();
        assert!(!later.is_finished());
        clock.advance(TimeDelta::minutes(1));
        later.await.unwrap();
    }

    #[tokio::test]
    async fn an_offset_clock_wakes_sleepers_when_it_is_moved() {
        let clock = OffsetClock::new(Arc::new(SystemClock));
        let waiting = tokio::spawn(clock.sleep_until(clock.now() + TimeDelta::hours(1)));
        clock.advance(TimeDelta::hours(2));
        waiting.await.unwrap();
    }
}
