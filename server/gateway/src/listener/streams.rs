//! The streams of one HTTP/2 connection. Each is a task that can be ended separately.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use hyper::body::Incoming;
use tokio::{runtime::Handle, sync::watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    pieces::{InPieces, Reading, Terms},
    unwanted::Unwanted,
};
use crate::{answers::Answer, body::ClientBody, proxy::Gateway};

/// How many requests a client may cancel before they are answered. Each response makes up for one.
/// The library only counts those cancelled before they have begun (CVE-2023-44487). The ones
/// counted here have already cost a look-up and a record.
const MAX_TAKEN_BACK: u32 = 100;

tokio::task_local! {
    /// The stream whose task this is.
    static STREAM: Stream;
}

/// The state of one stream.
#[derive(Clone)]
struct Stream {
    kill: CancellationToken,
    /// How its answer is read. The gateway's own, or the last part of another, must be read soon.
    reading: Reading,
    /// The stream was ended before its time. Nothing more is read of it.
    cut: CancellationToken,
}

impl Stream {
    /// Completes when the stream must end, even if it isn't finished.
    async fn over(self) {
        tokio::select! {
            biased;
            () = self.kill.cancelled() => {}
            () = self.reading.is_given_up() => {}
        }
        // Before the rest of its body is dropped.
        self.cut.cancel();
    }
}

/// Runs the streams of one connection.
#[derive(Clone)]
pub(super) struct Streams(Arc<Shared>);

struct Shared {
    tracker: TaskTracker,
    /// Ends the whole connection.
    kill: CancellationToken,
    gateway: Arc<Gateway>,
    open: watch::Sender<usize>,
    taken_back: AtomicU32,
    terms: Terms,
    unwanted: Unwanted,
}

impl Streams {
    pub(super) fn new(
        tracker: TaskTracker,
        kill: CancellationToken,
        gateway: &Arc<Gateway>,
        terms: Terms,
        unwanted: Unwanted,
    ) -> Self {
        Self(Arc::new(Shared {
            tracker,
            kill,
            gateway: Arc::clone(gateway),
            open: watch::Sender::new(0),
            taken_back: AtomicU32::new(0),
            terms,
            unwanted,
        }))
    }

    /// Completes once no stream has been open for `span`.
    pub(super) async fn idle_for(&self, span: Duration) {
        let mut open = self.0.open.subscribe();
        // The sender lives as long as `self`, so this always returns a value.
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

    /// Ends the connection of a client that abuses it.
    pub(super) fn turn_away(&self, why: &'static str) {
        self.0.gateway.note_abuse(why);
        self.0.kill.cancel();
    }

    /// Ends the stream of the current task, or otherwise the connection.
    pub(super) fn kill_of_this_stream(&self) -> CancellationToken {
        STREAM
            .try_with(|stream| stream.kill.clone())
            .unwrap_or_else(|_| self.0.kill.clone())
    }

    /// The body of the current task's stream. What nobody reads of it is discarded for a while.
    pub(super) fn follow(&self, body: Incoming) -> ClientBody {
        let streams = self.clone();
        let cut = STREAM.try_with(|stream| stream.cut.clone());
        let cut = cut.unwrap_or_else(|_| self.0.kill.clone());
        ClientBody::with_rest(body, move |rest| streams.discard(rest, cut))
    }

    fn discard(self, rest: Incoming, cut: CancellationToken) {
        // A stream that was cut is reset at once.
        if let (false, Ok(runtime)) = (cut.is_cancelled(), Handle::try_current()) {
            let tracker = self.0.tracker.clone();
            let discarding = async move {
                cut.run_until_cancelled(self.0.unwanted.discard(rest)).await;
            };
            tracker.spawn_on(discarding, &runtime);
        }
    }
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    /// Dropping a stream's future before its end resets only this stream.
    fn execute(&self, stream: F) {
        let kill = self.0.kill.child_token();
        let known = Stream {
            cut: kill.child_token(),
            kill,
            reading: Reading::on(self.0.terms.clone()),
        };
        let open = Open::new(self.clone());
        let over = known.clone().over();
        let task = async move {
            tokio::select! {
                biased;
                // First: a response that notices its own cut also withdraws what is still queued.
                () = stream => {}
                () = over => {}
            }
            drop(open);
        };
        self.0.tracker.spawn(STREAM.scope(known, task));
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
    /// Its answer begins. The client must soon read an answer of the gateway, or the last part of
    /// another.
    pub(super) fn answered(mut self, answer: Answer) -> InPieces {
        self.answered = true;
        // Always called from the stream's own task.
        let reading = STREAM.try_with(|stream| stream.reading.clone());
        reading.unwrap_or_default().of(answer)
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
            self.streams.turn_away("it keeps cancelling its requests");
        }
    }
}
