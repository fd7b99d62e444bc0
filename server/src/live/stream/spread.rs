//! Over which time pages fetch everything again, so that not all of them do it at once.

use std::time::Duration;

use gateway::entropy::Entropy;
use tokio::time::Instant;

/// How much each open page adds to the time over which all pages are told to fetch everything
/// again.
const RESET_EACH: Duration = Duration::from_millis(20);
/// The longest such time.
const RESET_WITHIN: Duration = Duration::from_secs(5);

/// How often a page is told to fetch everything again at most, where many changes a second may
/// concern it.
const RESET_EVERY: Duration = Duration::from_secs(5);

/// The time over which this many pages are told that something may have been missed.
pub(super) fn spread(pages: usize) -> Duration {
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    RESET_EACH.saturating_mul(pages).min(RESET_WITHIN)
}

/// When a page that would be told at `at`, and was told at `last`, is told in its turn.
pub(super) fn in_turn(at: Instant, last: Option<Instant>) -> Instant {
    last.map_or(at, |last| at.max(last + RESET_EVERY))
}

/// From 0 to 1.
pub(super) fn fraction(entropy: &dyn Entropy) -> f64 {
    let mut bytes = [0; 4];
    entropy.fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use gateway::entropy::SeededEntropy;

    use super::{super::TICK, *};

    #[test]
    fn a_herd_is_told_over_seconds_and_a_few_pages_at_once() {
        assert!(spread(5) <= TICK);
        assert_eq!(spread(200), Duration::from_secs(4));
        assert_eq!(spread(usize::MAX), RESET_WITHIN);
        let entropy = SeededEntropy::new(1);
        let waits: Vec<_> = (0..200)
            .map(|_| spread(200).mul_f64(fraction(&entropy)))
            .collect();
        assert!(waits.iter().all(|wait| *wait <= RESET_WITHIN));
        // In no half second more than a quarter of them.
        for from in (0..8).map(|half| Duration::from_millis(500) * half) {
            let within = from..from + Duration::from_millis(500);
            let told = waits.iter().filter(|wait| within.contains(*wait)).count();
            assert!((5..50).contains(&told), "{told} from {from:?}");
        }
    }

    #[test]
    fn the_first_of_many_changes_is_told_at_once_and_later_ones_in_turns() {
        let now = Instant::now();
        assert_eq!(in_turn(now, None), now);
        let told = Some(now);
        for millis in [0, 200, 4_900] {
            let at = now + Duration::from_millis(millis);
            assert_eq!(in_turn(at, told), now + RESET_EVERY, "{millis}");
        }
        let later = now + RESET_EVERY + Duration::from_millis(1);
        assert_eq!(in_turn(later, told), later);
    }
}
