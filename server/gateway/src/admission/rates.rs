//! How fast the requests of a support session may come: a token bucket that holds a minute's worth.
//!
//! Not `governor`, which is the same algorithm: its clock must be monotonic and its quota fixed, while
//! this one follows the gateway's [`Clock`](crate::clock::Clock), survives one that is set back, and
//! takes each session's own limit.

use std::collections::HashMap;

use app::domain::{SupportSessionId, Timestamp};
use parking_lot::Mutex;

const MINUTE_US: i64 = 60_000_000;
/// From so many sessions on, those whose bucket is full again are forgotten.
const MANY: usize = 1024;

/// The buckets of this process. A restart refills them. The total of a session is stored elsewhere
/// and survives.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<HashMap<SupportSessionId, i64>>);

/// The bucket is empty for so many seconds more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooFast {
    pub(crate) retry_after_seconds: u64,
}

impl Rates {
    /// Takes one request out of a session's bucket.
    ///
    /// Kept is the instant at which the bucket will be full (the "generic cell rate algorithm" of
    /// ITU-T I.371): it moves on by one interval with each request, and may not lie more than a
    /// minute ahead.
    pub(crate) fn take(
        &self,
        session: SupportSessionId,
        per_minute: Option<u64>,
        now: Timestamp,
    ) -> Result<(), TooFast> {
        let Some(per_minute) = per_minute.and_then(|n| i64::try_from(n).ok()) else {
            return Ok(());
        };
        let interval = MINUTE_US / per_minute.max(1);
        let now = now.timestamp_micros();
        let mut full_at = self.0.lock();
        if full_at.len() >= MANY {
            full_at.retain(|_, at| *at > now);
        }
        let at = full_at.entry(session).or_insert(now);
        // A clock that was set back must not close the bucket for longer than it takes to fill.
        *at = (*at).clamp(now, now + MINUTE_US);
        let next = *at + interval;
        let wait = next - (now + MINUTE_US);
        if wait > 0 {
            return Err(TooFast {
                retry_after_seconds: wait.unsigned_abs().div_ceil(1_000_000),
            });
        }
        *at = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
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
        let take = |at| rates.take(session(1), Some(30), at);
        for _ in 0..30 {
            assert_eq!(take(noon()), Ok(()));
        }
        let too_fast = take(noon()).unwrap_err();
        assert_eq!(too_fast.retry_after_seconds, 2);
        let later = noon() + TimeDelta::seconds(2);
        assert_eq!(take(later), Ok(()), "as was said");
        assert!(take(later).is_err());
        assert_eq!(rates.take(session(2), Some(30), later), Ok(()), "another");
        assert_eq!(rates.take(session(1), None, later), Ok(()), "without one");
    }

    #[test]
    fn a_clock_set_back_closes_nothing_for_long() {
        let rates = Rates::default();
        assert_eq!(rates.take(session(1), Some(1), noon()), Ok(()));
        let before = noon() - TimeDelta::hours(5);
        let too_fast = rates.take(session(1), Some(1), before).unwrap_err();
        assert_eq!(too_fast.retry_after_seconds, 60);
        let next = before + TimeDelta::minutes(1);
        assert_eq!(rates.take(session(1), Some(1), next), Ok(()));
    }

    #[test]
    fn buckets_that_are_full_again_are_forgotten() {
        let rates = Rates::default();
        for number in 0..5000 {
            let at = noon() + TimeDelta::minutes(number);
            let id = session(u128::try_from(number).unwrap());
            assert_eq!(rates.take(id, Some(10), at), Ok(()));
        }
        assert!(rates.0.lock().len() <= MANY);
    }
}
