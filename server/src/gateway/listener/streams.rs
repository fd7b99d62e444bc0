//! The streams of one HTTP/2 connection: each a task that can be ended alone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How many requests a client may take back before they are answered. Each answer makes up for one.
/// The library counts only those taken back before they have begun (CVE-2023-44487); these have
/// already cost a look-up and a record.
const MAX_TAKEN_BACK: u32 = 100;

tokio::task_local! {
    /// Ends the stream whose task this is.
    static STREAM: CancellationToken;
}

/// Runs the streams of one connection.
#[derive(Clone)]
pub(super) struct Streams(Arc<Shared>);

struct Shared {
    tracker: TaskTracker,
    /// Ends the whole connection.
    kill: CancellationToken,
    open: watch::Sender<usize>,
    taken_back: AtomicU32,
}

impl Streams {
    pub(super) fn new(tracker: TaskTracker, kill: CancellationToken) -> Self {
        Self(Arc::new(Shared {
            tracker,
            kill,
            open: watch::Sender::new(0),
            taken_back: AtomicU32::new(0),
        }))
    }

    /// Completes once no stream has been open for `span`.
    pub(super) async fn idle_for(&self, span: Duration) {
        let mut open = self.0.open.subscribe();
        // The sender lives as long as `self`: there is always an answer.
        while open.wait_for(|count| *count == 0).await.is_ok() {
            let busy = open.wait_for(|count| *count > 0);
            if tokio::time::timeout(span, busy).await.is_err() {
                return;
            }
        }
    }

    /// A request that has come in.
    pub(super) fn asked(&self) -> Asked {
        Asked {
            streams: self.clone(),
            answered: false,
        }
    }

    /// Ends the stream whose task asks; elsewhere the connection.
    pub(super) fn kill_of_this_stream(&self) -> CancellationToken {
        STREAM
            .try_with(Clone::clone)
            .unwrap_or_else(|_| self.0.kill.clone())
    }
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    /// Dropping a stream's future before its end resets the stream, and it alone.
    fn execute(&self, stream: F) {
        let kill = self.0.kill.child_token();
        let open = Open::new(self.clone());
        let end = kill.clone();
        let task = async move {
            tokio::select! {
                biased;
                // First: an answer that sees its cut itself also takes back what is still queued.
                () = stream => {}
                () = end.cancelled() => {}
            }
            drop(open);
        };
        self.0.tracker.spawn(STREAM.scope(kill, task));
    }
}

/// Counts a stream as open.
struct Open(Streams);

impl Open {
    fn new(streams: Streams) -> Self {
        streams.0.open.send_modify(|count| *count += 1);
        Self(streams)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.open.send_modify(|count| *count -= 1);
    }
}

/// A request whose answer has not begun.
pub(super) struct Asked {
    streams: Streams,
    answered: bool,
}

impl Asked {
    /// Its answer begins.
    pub(super) fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let count = &self.streams.0.taken_back;
        let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
            Some(if self.answered {
                taken.saturating_sub(1)
            } else {
                taken.saturating_add(1)
            })
        });
        if count.load(Ordering::Relaxed) > MAX_TAKEN_BACK && !self.streams.0.kill.is_cancelled() {
            tracing::warn!("a client takes its requests back; its connection is closed");
            self.streams.0.kill.cancel();
        }
    }
}
