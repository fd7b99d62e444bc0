//! Time as a parameter.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use app::domain::Timestamp;
use futures::future::BoxFuture;
use tokio::sync::watch;

/// Tells the time, and waits for a time.
///
/// Instants have microsecond precision, like everything that is stored.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Waits until the time is `at` or later.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()>;
}

/// Takes an instant down to the microsecond.
pub fn to_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

/// The machine's clock.
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

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let clock = *self;
        Box::pin(async move {
            // The machine may sleep or its clock may be set, so no single wait is trusted for long.
            while let Ok(left) = (at - clock.now()).to_std()
                && !left.is_zero()
            {
                tokio::time::sleep(left.min(Duration::from_secs(1))).await;
            }
        })
    }
}

/// A clock that never goes back behind the latest instant it has been told of, so that a clock set
/// back revives nothing.
pub struct FlooredClock {
    inner: Arc<dyn Clock>,
    floor: AtomicI64,
}

impl FlooredClock {
    /// Follows `inner`, but never behind `floor`.
    pub fn new(inner: Arc<dyn Clock>, floor: Timestamp) -> Self {
        Self {
            inner,
            floor: AtomicI64::new(floor.timestamp_micros()),
        }
    }
}

impl Clock for FlooredClock {
    fn now(&self) -> Timestamp {
        let now = self.inner.now();
        let micros = now.timestamp_micros();
        let floor = self.floor.fetch_max(micros, Ordering::AcqRel).max(micros);
        Timestamp::from_timestamp_micros(floor).unwrap_or(now)
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        if at <= self.now() {
            return Box::pin(std::future::ready(()));
        }
        self.inner.sleep_until(at)
    }
}

/// A clock that runs ahead of another by as much as it is told: the demo's.
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

    /// Goes ahead by `by`; those who wait for an instant in between wake.
    pub fn advance(&self, by: chrono::TimeDelta) {
        self.offset.send_modify(|offset| *offset += by);
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        self.inner.now() + *self.offset.borrow()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
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

/// A clock that stands still until it is moved: for tests.
#[derive(Clone)]
pub struct ManualClock {
    state: Arc<Mutex<ManualState>>,
}

struct ManualState {
    now: Timestamp,
    waiting: BTreeMap<Timestamp, Vec<tokio::sync::oneshot::Sender<()>>>,
}

impl ManualClock {
    /// Stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self {
            state: Arc::new(Mutex::new(ManualState {
                now,
                waiting: BTreeMap::new(),
            })),
        }
    }

    /// Goes ahead by `by`; those who wait for an instant in between wake.
    pub fn advance(&self, by: chrono::TimeDelta) {
        let now = self.now() + by;
        self.set(now);
    }

    /// Goes to `now`, which may lie in the past.
    pub fn set(&self, now: Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now = now;
        let later = state
            .waiting
            .split_off(&(now + chrono::TimeDelta::microseconds(1)));
        for waiter in std::mem::replace(&mut state.waiting, later)
            .into_values()
            .flatten()
        {
            // Whoever no longer waits need not be woken.
            let _ = waiter.send(());
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .now
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let (wake, woken) = tokio::sync::oneshot::channel();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
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

    #[test]
    fn a_clock_set_back_stays_at_the_latest_instant() {
        let manual = ManualClock::at(noon());
        let clock = FlooredClock::new(Arc::new(manual.clone()), noon() - TimeDelta::hours(1));
        manual.advance(TimeDelta::minutes(5));
        assert_eq!(clock.now(), noon() + TimeDelta::minutes(5));
        manual.set(noon() - TimeDelta::days(1));
        assert_eq!(clock.now(), noon() + TimeDelta::minutes(5));
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
