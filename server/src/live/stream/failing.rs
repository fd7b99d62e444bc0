//! A store that can't be read for a while.

use std::time::Duration;

use tokio::time::Instant;

use crate::services::ServiceError;

/// How long a stream continues while the store can't be read. After that the browser notices, and
/// says that its data is out of date.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it waits in between.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The store can't be read.
#[derive(Clone, Copy)]
pub(super) struct Failing {
    since: Instant,
    /// When to try again.
    pub(super) next: Instant,
}

/// Waits for a store that can't be read, but not for ever.
pub(super) fn bear(
    failing: Option<Failing>,
    error: ServiceError,
    now: Instant,
) -> Result<Failing, ServiceError> {
    let since = failing.map_or(now, |failing| failing.since);
    match error {
        ServiceError::Store(_) if now - since <= PATIENCE => Ok(Failing {
            since,
            next: now + TRY_AGAIN,
        }),
        error => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use app::domain::problem::Problem;
    use store::StoreError;

    use super::*;

    #[test]
    fn a_store_that_cannot_be_read_is_borne_for_ten_seconds_and_a_refusal_not_at_all() {
        let away = || ServiceError::Store(StoreError::Busy);
        let begin = Instant::now();
        let mut failing = bear(None, away(), begin).unwrap();
        assert_eq!(failing.next, begin + TRY_AGAIN);
        for second in 2..=10 {
            let now = begin + Duration::from_secs(second);
            failing = bear(Some(failing), away(), now).unwrap();
            assert_eq!((failing.since, failing.next), (begin, now + TRY_AGAIN));
        }
        let late = begin + Duration::from_millis(10_001);
        assert!(bear(Some(failing), away(), late).is_err());
        let refused = ServiceError::Refused(Problem::not_found("tenant"));
        assert!(bear(Some(failing), refused, begin).is_err());
    }
}
