//! Telemetry is unpacked and parsed on threads that may block. A body of megabytes would hold up everything else on a thread that
//! serves requests, the gateway included.

use std::{sync::Arc, time::Duration};

use app::domain::problem::{Problem, ProblemCode};
use store::StoreError;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

/// How many bodies are read at the same time. Each takes a processor, and several times its size in memory.
const AT_ONCE: usize = 2;
/// How long a body waits for its turn: as long as a request would for a connection of the store.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where bodies of telemetry are read. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Bodies {
    turns: Arc<Semaphore>,
    patience: Duration,
}

impl Bodies {
    pub(crate) fn new() -> Self {
        Self::with_patience(PATIENCE)
    }

    fn with_patience(patience: Duration) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            patience,
        }
    }

    /// Reads a body when it is its turn.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = timeout(self.patience, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(StoreError::Busy.into());
        };
        // The turn belongs to the work, because the sender may give up while the processor is still busy.
        let done = spawn_blocking(move || {
            let done = read();
            drop(turn);
            done
        });
        done.await.unwrap_or_else(|error| {
            tracing::error!(error = %error, "reading a body failed");
            Err(Problem::new(ProblemCode::Internal, "Something went wrong."))
        })
    }

    /// No body gets its turn any more.
    #[cfg(test)]
    pub(super) fn close(&self) {
        self.turns.close();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::mpsc::{Receiver, channel},
        thread,
    };

    use futures::poll;

    use super::*;

    /// Takes until it is told to end.
    fn long(end: Receiver<()>) -> impl FnOnce() -> Result<(), Problem> + Send + 'static {
        move || {
            let _ended = end.recv();
            Ok(())
        }
    }

    #[tokio::test]
    async fn bodies_are_read_off_the_threads_that_serve_and_two_at_a_time() {
        let bodies = Bodies::new();
        let here = thread::current().id();
        let there = bodies.read(|| Ok(thread::current().id())).await.unwrap();
        assert_ne!(here, there);

        let ((end_first, first), (end_second, second)) = (channel(), channel());
        let mut first = pin!(bodies.read(long(first)));
        let mut second = pin!(bodies.read(long(second)));
        assert!(poll!(&mut first).is_pending());
        assert!(poll!(&mut second).is_pending());
        assert_eq!(bodies.turns.available_permits(), 0);
        let mut third = pin!(bodies.read(|| Ok(())));
        assert!(poll!(&mut third).is_pending());
        end_first.send(()).unwrap();
        first.await.unwrap();
        third.await.unwrap();
        end_second.send(()).unwrap();
        second.await.unwrap();
    }

    #[tokio::test]
    async fn a_body_whose_turn_does_not_come_is_put_off() {
        let bodies = Bodies::with_patience(Duration::ZERO);
        let turns = Arc::clone(&bodies.turns);
        let turns = turns.acquire_many_owned(2).await.unwrap();
        let refused = bodies.read(|| Ok(())).await.unwrap_err();
        assert_eq!(refused.code, ProblemCode::Unavailable);
        assert_eq!(refused.retry_after_seconds, Some(5));
        drop(turns);
        bodies.read(|| Ok(())).await.unwrap();
    }
}
