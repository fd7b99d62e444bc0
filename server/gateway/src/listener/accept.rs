//! Accepts connections, up to a limit, and keeps accepting when file descriptors run out for a
//! moment.

use std::{io, sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// How many connections a listener serves at once. More wait in its queue.
pub const MAX_CONNECTIONS: usize = 8192;
/// How long a listener pauses after a failed accept. The process is most likely out of file
/// descriptors, and nothing announces a free one.
const REST: Duration = Duration::from_millis(50);

/// A listener's limit of open connections.
pub struct Slots {
    listener: &'static str,
    free: Arc<Semaphore>,
}

impl Slots {
    /// Allows this many connections at once. The log calls the listener by this name.
    pub fn new(listener: &'static str, connections: usize) -> Self {
        Self {
            listener,
            free: Arc::new(Semaphore::new(connections)),
        }
    }

    /// Waits for a connection and returns it with its slot, or returns nothing after `end`.
    pub async fn accept<S, F>(
        &self,
        accept: impl Fn() -> F,
        end: &CancellationToken,
    ) -> Option<(OwnedSemaphorePermit, S)>
    where
        F: Future<Output = io::Result<S>>,
    {
        loop {
            let next = async {
                let slot = Arc::clone(&self.free).acquire_owned().await.ok()?;
                Some((slot, accept().await))
            };
            let (slot, accepted) = tokio::select! {
                () = end.cancelled() => return None,
                next = next => next?,
            };
            match accepted {
                Ok(stream) => return Some((slot, stream)),
                Err(error) => {
                    tracing::warn!(listener = self.listener, %error, "can't accept a connection");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_failure_is_rested_on_and_the_next_connection_is_taken() {
        let (slots, end) = (Slots::new("test", 1), CancellationToken::new());
        let asked = AtomicUsize::new(0);
        let accept = || {
            let number = asked.fetch_add(1, Ordering::Relaxed);
            std::future::ready(match number {
                0 => Err(io::ErrorKind::Other.into()),
                number => Ok(number),
            })
        };
        let (_slot, stream) = slots.accept(accept, &end).await.unwrap();
        assert_eq!(stream, 1);
    }

    #[tokio::test]
    async fn no_more_are_taken_than_there_are_slots_and_none_after_the_end() {
        let (slots, end) = (Slots::new("test", 1), CancellationToken::new());
        let accept = || std::future::ready(Ok(()));
        let first = slots.accept(accept, &end).now_or_never();
        let (slot, ()) = first.flatten().unwrap();
        assert!(slots.accept(accept, &end).now_or_never().is_none());
        drop(slot);
        end.cancel();
        assert!(
            slots
                .accept(std::future::pending::<io::Result<()>>, &end)
                .await
                .is_none()
        );
    }
}
