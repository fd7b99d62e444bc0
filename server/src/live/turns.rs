//! Reads in turns what all of a node's streams show, once for all of them.

use std::time::Duration;

use tokio::{sync::Mutex, time::Instant};

/// How often changed support sessions and new requests are sent at most.
pub(super) const TICK: Duration = Duration::from_millis(200);

/// The result of the latest turn.
pub(super) struct Turns<T> {
    /// How long a turn lasts at least.
    every: Duration,
    latest: Mutex<Option<(Instant, T)>>,
}

impl<T: Clone> Turns<T> {
    pub(super) fn every(every: Duration) -> Self {
        Self {
            every,
            latest: Mutex::new(None),
        }
    }

    /// What was read at `since` or later, and when. A stream that asks while another one reads
    /// waits for it. `None` while the latest turn lasts and is too early: ask again.
    pub(super) async fn at_least<E>(
        &self,
        since: Instant,
        read: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<Option<(Instant, T)>, E> {
        self.at_least_by(Instant::now, since, read).await
    }

    async fn at_least_by<E>(
        &self,
        now: impl Fn() -> Instant,
        since: Instant,
        read: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<Option<(Instant, T)>, E> {
        let mut latest = self.latest.lock().await;
        match &*latest {
            Some((from, known)) if *from >= since => return Ok(Some((*from, known.clone()))),
            Some((from, _)) if now() - *from < self.every => return Ok(None),
            Some(_) | None => {}
        }
        let from = now();
        let read = read().await?;
        *latest = Some((from, read.clone()));
        Ok(Some((from, read)))
    }
}

/// Changes that a stream has not sent to its page yet: when the first and the last of them came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unserved {
    pub(super) first: Instant,
    last: Instant,
}

impl Unserved {
    pub(super) const fn at(at: Instant) -> Self {
        Self {
            first: at,
            last: at,
        }
    }

    /// These, and one that came at an instant.
    pub(super) fn and(unserved: Option<Self>, at: Instant) -> Self {
        Self {
            last: at,
            ..unserved.unwrap_or(Self::at(at))
        }
    }

    /// What is left of them once the page knows what there was at an instant.
    pub(super) fn after(self, from: Instant) -> Option<Self> {
        (self.last > from).then_some(Self::at(self.last))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[tokio::test]
    async fn changes_that_never_stop_are_read_once_a_turn_however_many_streams_there_are() {
        let turns = Turns::every(Duration::from_secs(1));
        let (start, mut reads, mut told) = (Instant::now(), 0, 0);
        // A second and a half, in which everything changes all the time for each of 200 streams.
        for tick in 0..15 {
            let now = start + Duration::from_millis(100) * tick;
            for _ in 0..200 {
                let read = async || {
                    reads += 1;
                    Ok::<_, Infallible>(reads)
                };
                let read = turns.at_least_by(|| now, now, read).await.unwrap();
                told += usize::from(read.is_some());
            }
        }
        assert_eq!(reads, 2);
        assert_eq!(told, 400, "each stream gets what each turn has read");
    }

    #[tokio::test]
    async fn no_page_waits_for_more_than_two_turns_while_changes_never_stop() {
        const STREAMS: u32 = 200;
        let turns = Turns::every(Duration::from_secs(1));
        let start = Instant::now();
        let at = |millis: u32| start + Duration::from_millis(1) * millis;
        let mut streams = vec![(None::<Unserved>, start); STREAMS as usize];
        for millis in 0..20_000 {
            let now = at(millis);
            // 50 changes a second, and each stream looks every 200 ms, at its own time.
            if millis % 20 == 0 {
                for (unserved, _) in &mut streams {
                    *unserved = Some(Unserved::and(*unserved, now));
                }
            }
            for (number, (unserved, told)) in (0..).zip(&mut streams) {
                if millis % STREAMS != number {
                    continue;
                }
                let Some(since) = *unserved else { continue };
                let read = async || Ok::<_, Infallible>(());
                let read = turns.at_least_by(|| now, since.first, read).await;
                if let Some((from, ())) = read.unwrap() {
                    *unserved = since.after(from);
                    assert!(now - *told < Duration::from_millis(2_500), "{millis}");
                    *told = now;
                }
            }
        }
    }
}
