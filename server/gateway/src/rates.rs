//! How often something may happen: a token bucket for each subject.
//!
//! Not `governor`, which is the same algorithm: its clock must be monotonic and its quota fixed.
//! This one uses the gateway's [`Clock`](crate::clock::Clock), survives a clock that is set back,
//! and has a quota for each subject.

use std::{collections::HashMap, hash::Hash};

use app::domain::Timestamp;
use chrono::TimeDelta;
use parking_lot::Mutex;

/// With fewer subjects than this, none is forgotten.
const FEW: usize = 1024;

/// The size of a bucket, and how long an empty one takes to fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many units may be taken at once.
    pub units: u64,
    /// The time in which the bucket fills.
    pub window: TimeDelta,
}

impl Quota {
    /// A minute's worth.
    pub const fn per_minute(units: u64) -> Self {
        Self {
            units,
            window: TimeDelta::minutes(1),
        }
    }

    fn microseconds(self) -> i64 {
        self.window.num_microseconds().unwrap_or(i64::MAX / 4)
    }

    /// The microseconds in which one unit comes back.
    fn interval(self) -> i64 {
        let units = i64::try_from(self.units).unwrap_or(i64::MAX).max(1);
        self.microseconds() / units
    }

    /// An hour's worth.
    pub const fn per_hour(units: u64) -> Self {
        Self {
            units,
            window: TimeDelta::hours(1),
        }
    }
}

/// The buckets of this process. A restart refills them.
#[derive(Debug)]
pub struct Rates<K>(Mutex<Buckets<K>>);

#[derive(Debug)]
struct Buckets<K> {
    of: HashMap<K, Bucket>,
    /// From this many buckets on, full ones are forgotten.
    forget_from: usize,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// When it will be full.
    full_at: i64,
    /// When something was last taken out or refused.
    seen_at: i64,
}

/// What is left in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// How many units may still be taken at once.
    pub remaining: u64,
    /// After how many seconds the bucket is full again.
    pub full_in_seconds: u64,
}

/// The bucket is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooFast {
    /// After how many seconds there is one unit again.
    pub retry_after_seconds: u64,
}

impl<K> Default for Rates<K> {
    fn default() -> Self {
        Self(Mutex::new(Buckets {
            of: HashMap::new(),
            forget_from: FEW,
        }))
    }
}

impl<K: Eq + Hash> Rates<K> {
    /// Takes one unit out of a subject's bucket.
    ///
    /// It stores the instant at which the bucket will be full (the "generic cell rate algorithm" of
    /// ITU-T I.371). Each unit moves it by one interval, and it may not be more than a window
    /// ahead.
    ///
    /// # Errors
    ///
    /// If the bucket is empty.
    pub fn take(&self, subject: K, quota: Quota, now: Timestamp) -> Result<Level, TooFast> {
        let (window, interval) = (quota.microseconds(), quota.interval());
        let now = now.timestamp_micros();
        let mut buckets = self.0.lock();
        buckets.forget_full_ones(now);
        let bucket = buckets.of.entry(subject).or_insert(Bucket {
            full_at: now,
            seen_at: now,
        });
        // A clock that is set back neither empties the bucket nor fills it.
        let set_back = (bucket.seen_at - now).max(0);
        bucket.full_at = (bucket.full_at - set_back).clamp(now, now + window);
        bucket.seen_at = now;
        let next = bucket.full_at + interval;
        let wait = next - (now + window);
        if wait > 0 {
            return Err(TooFast {
                retry_after_seconds: in_seconds(wait),
            });
        }
        bucket.full_at = next;
        Ok(Level {
            remaining: wait.unsigned_abs() / interval.max(1).unsigned_abs(),
            full_in_seconds: in_seconds(next - now),
        })
    }
}

impl<K: Eq + Hash> Rates<K> {
    /// Puts a unit back into a subject's bucket.
    pub fn give_back(&self, subject: K, quota: Quota, now: Timestamp) {
        let interval = quota.interval();
        if let Some(bucket) = self.0.lock().of.get_mut(&subject) {
            bucket.full_at = (bucket.full_at - interval).max(now.timestamp_micros());
        }
    }
}

impl<K: Eq + Hash> Buckets<K> {
    fn forget_full_ones(&mut self, now: i64) {
        if self.of.len() >= self.forget_from {
            self.of.retain(|_, bucket| bucket.full_at > now);
            // So that many buckets that aren't full are not checked each time.
            self.forget_from = FEW.max(2 * self.of.len());
        }
    }
}

/// Rounded up, so that waiting that long is enough.
const fn in_seconds(microseconds: i64) -> u64 {
    microseconds.unsigned_abs().div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use app::domain::SupportSessionId;
    use uuid::Uuid;

    use super::*;

    fn noon() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn session(number: u128) -> SupportSessionId {
        SupportSessionId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn a_minutes_worth_passes_at_once_and_then_one_at_a_time() {
        let rates = Rates::default();
        let take = |at| rates.take(session(1), Quota::per_minute(30), at);
        for left in (0..30).rev() {
            assert_eq!(take(noon()).unwrap().remaining, left);
        }
        let too_fast = take(noon()).unwrap_err();
        assert_eq!(too_fast.retry_after_seconds, 2);
        let later = noon() + TimeDelta::seconds(2);
        assert!(take(later).is_ok(), "as was said");
        assert!(take(later).is_err());
        let another = rates.take(session(2), Quota::per_minute(30), later);
        let level = Level {
            remaining: 29,
            full_in_seconds: 2,
        };
        assert_eq!(another, Ok(level));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_and_no_more() {
        let rates = Rates::default();
        let quota = Quota::per_minute(2);
        let take = || rates.take(session(1), quota, noon());
        rates.give_back(session(1), quota, noon());
        assert!(take().is_ok() && take().is_ok() && take().is_err());
        rates.give_back(session(1), quota, noon());
        assert!(take().is_ok() && take().is_err());
        for _ in 0..9 {
            rates.give_back(session(1), quota, noon());
        }
        assert!(take().is_ok() && take().is_ok() && take().is_err());
    }

    #[test]
    fn a_clock_set_back_closes_nothing_for_long() {
        let rates = Rates::default();
        let take = |at| rates.take(session(1), Quota::per_minute(1), at);
        assert!(take(noon()).is_ok());
        let before = noon() - TimeDelta::hours(5);
        assert_eq!(take(before).unwrap_err().retry_after_seconds, 60);
        assert!(take(before + TimeDelta::minutes(1)).is_ok());
    }

    #[test]
    fn a_clock_that_jumped_ahead_and_is_put_right_leaves_the_bucket_as_it_was() {
        let rates = Rates::default();
        let take = |at| rates.take(session(1), Quota::per_minute(30), at);
        for at in [noon(), noon() + TimeDelta::hours(2)] {
            assert_eq!(take(at).unwrap().remaining, 29);
        }
        assert_eq!(take(noon()).unwrap().remaining, 28);
    }

    #[test]
    fn buckets_that_are_full_again_are_forgotten() {
        let rates = Rates::default();
        for number in 0..5000 {
            let at = noon() + TimeDelta::minutes(number);
            let id = session(u128::try_from(number).unwrap());
            assert!(rates.take(id, Quota::per_minute(10), at).is_ok());
        }
        assert!(rates.0.lock().of.len() <= FEW);
    }
}
