//! A clock that a set clock can't fool. `docs/decisions/0006` explains it.

use std::{sync::Arc, time::Duration};

use app::domain::{Timestamp, to_micros};
use chrono::TimeDelta;
use parking_lot::Mutex;

use super::{Clock, Wait};

/// If the machine's clock is ahead of the time that has passed by more than this, it has jumped.
/// NTP slews by less, and steps by more.
const DRIFT: TimeDelta = TimeDelta::seconds(2);
/// The anchor moves at most this often, so that rounding loses nothing.
const ANCHOR_EVERY: TimeDelta = TimeDelta::milliseconds(1);
/// How long a reading is reused.
const SLICE: TimeDelta = TimeDelta::seconds(1);

/// Follows another clock, but never falls behind the time that has passed since a known instant.
///
/// When the machine's clock is set back, this clock continues by `CLOCK_BOOTTIME`, one hundredth
/// slower, until the machine's clock has caught up: sessions that were due to end still end. When
/// it is set forward, this clock follows, which ends everything due in between. But such a jump
/// doesn't raise the confirmed time ([`Clock::confirmed`]) until the database's clock agrees, or as
/// much time has really passed.
#[derive(Clone)]
pub struct SteadyClock {
    inner: Arc<dyn Clock>,
    anchor: Arc<Mutex<Anchor>>,
}

struct Anchor {
    confirmed: Timestamp,
    since_boot: Duration,
    jumped: bool,
}

impl SteadyClock {
    /// Follows `inner`, but never goes behind `floor`.
    pub fn new(inner: Arc<dyn Clock>, floor: Timestamp) -> Self {
        let anchor = Anchor {
            confirmed: inner.now().max(floor),
            since_boot: inner.since_boot(),
            jumped: false,
        };
        Self {
            inner,
            anchor: Arc::new(Mutex::new(anchor)),
        }
    }

    /// Confirms a jump as far as another, independent clock supports it, which shows `at`.
    pub fn confirm(&self, at: Timestamp) {
        let borne_out = at.min(self.inner.now());
        let mut anchor = self.anchor.lock();
        let since_boot = self.inner.since_boot();
        if borne_out > anchor.confirmed + passed(&anchor, since_boot) {
            anchor.confirmed = borne_out;
            anchor.since_boot = since_boot;
        }
    }

    /// Now, and the latest instant that has certainly passed.
    fn read(&self) -> (Timestamp, Timestamp) {
        let mut anchor = self.anchor.lock();
        let (wall, since_boot) = (self.inner.now(), self.inner.since_boot());
        let passed = passed(&anchor, since_boot);
        let steady = anchor.confirmed + passed;
        let ahead = wall - steady;
        let jumped = ahead > DRIFT;
        let (now, confirmed) = if jumped {
            (wall, steady)
        } else {
            let now = wall.max(steady - passed / 100);
            (now, now)
        };
        if passed >= ANCHOR_EVERY || (now == wall && !jumped) {
            anchor.confirmed = confirmed;
            anchor.since_boot = since_boot;
        }
        if std::mem::replace(&mut anchor.jumped, jumped) != jumped {
            drop(anchor);
            tell(jumped, ahead);
        }
        (now, confirmed)
    }
}

/// How much time has passed since the anchor was set.
fn passed(anchor: &Anchor, since_boot: Duration) -> TimeDelta {
    let passed = since_boot.saturating_sub(anchor.since_boot);
    TimeDelta::from_std(passed).unwrap_or_default()
}

fn tell(jumped: bool, ahead: TimeDelta) {
    if jumped {
        tracing::error!(
            ahead_ms = ahead.num_milliseconds(),
            "the machine's clock jumped forward, so support sessions that are due by then end. \
             If the clock is right now, restart the server"
        );
    } else {
        tracing::info!("the machine's clock agrees with the elapsed time again");
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        to_micros(self.read().0)
    }

    fn since_boot(&self) -> Duration {
        self.inner.since_boot()
    }

    fn confirmed(&self) -> Timestamp {
        to_micros(self.read().1)
    }

    fn sleep_until(&self, at: Timestamp) -> Wait {
        let clock = self.clone();
        Box::pin(async move {
            loop {
                let left = at - clock.now();
                if left <= TimeDelta::zero() {
                    return;
                }
                // In slices, because the inner clock may be set meanwhile.
                let slice = clock.inner.now() + left.min(SLICE);
                clock.inner.sleep_until(slice).await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::clock::ManualClock;

    fn noon() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn clocks() -> (ManualClock, SteadyClock) {
        let manual = ManualClock::at(noon());
        let steady = SteadyClock::new(Arc::new(manual.clone()), noon() - TimeDelta::hours(1));
        (manual, steady)
    }

    #[test]
    fn it_is_never_behind_the_floor_and_goes_on_from_there() {
        let manual = ManualClock::at(noon());
        let floor = noon() + TimeDelta::hours(1);
        let clock = SteadyClock::new(Arc::new(manual.clone()), floor);
        assert_eq!(clock.now(), floor);
        manual.advance(TimeDelta::minutes(10));
        assert!(clock.now() >= floor + TimeDelta::minutes(9));
        assert!(clock.now() < floor + TimeDelta::minutes(10));
    }

    #[test]
    fn a_clock_set_back_revives_nothing_and_time_goes_on() {
        let (manual, clock) = clocks();
        manual.advance(TimeDelta::minutes(5));
        let before = clock.now();
        manual.set(noon() - TimeDelta::days(1));
        assert_eq!(clock.now(), before);
        manual.advance(TimeDelta::minutes(100));
        assert_eq!(clock.now(), before + TimeDelta::minutes(99));
    }

    #[test]
    fn after_a_clock_was_set_back_both_meet_again() {
        let (manual, clock) = clocks();
        manual.set(noon() - TimeDelta::minutes(1));
        manual.advance(TimeDelta::minutes(101));
        assert_eq!(clock.now(), manual.now());
    }

    #[test]
    fn a_jump_forward_is_told_but_raises_nothing() {
        let (manual, clock) = clocks();
        manual.set(noon() + TimeDelta::days(365));
        assert_eq!(clock.now(), noon() + TimeDelta::days(365));
        assert_eq!(clock.confirmed(), noon());
        manual.advance(TimeDelta::seconds(7));
        assert_eq!(clock.confirmed(), noon() + TimeDelta::seconds(7));
        manual.set(noon() + TimeDelta::seconds(7));
        assert_eq!(clock.now(), noon() + TimeDelta::seconds(7));
    }

    #[test]
    fn a_jump_that_another_clock_bears_out_is_confirmed_as_far_as_it_does() {
        let (manual, clock) = clocks();
        manual.set(noon() + TimeDelta::hours(2));
        clock.confirm(noon() + TimeDelta::hours(1));
        assert_eq!(clock.confirmed(), noon() + TimeDelta::hours(1));
        clock.confirm(noon() + TimeDelta::hours(3));
        assert_eq!(clock.confirmed(), noon() + TimeDelta::hours(2));
        clock.confirm(noon());
        assert_eq!(clock.confirmed(), noon() + TimeDelta::hours(2));
    }

    #[test]
    fn often_asked_it_loses_nothing() {
        let (manual, clock) = clocks();
        manual.set(noon() + TimeDelta::hours(1));
        for _ in 0..100_000 {
            manual.advance(TimeDelta::microseconds(3));
            clock.now();
        }
        assert_eq!(clock.confirmed(), noon() + TimeDelta::milliseconds(300));
    }

    #[test]
    fn who_waits_for_an_instant_is_woken_though_the_clock_was_set_back() {
        let (manual, clock) = clocks();
        let mut waiting = clock.sleep_until(noon() + TimeDelta::minutes(10));
        assert!((&mut waiting).now_or_never().is_none());
        manual.set(noon() - TimeDelta::minutes(1));
        manual.advance(TimeDelta::minutes(11));
        assert!((&mut waiting).now_or_never().is_some());
    }
}
