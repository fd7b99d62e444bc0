//! The body of an answer on HTTP/2, in pieces that show how much the client reads.
//!
//! The library takes a piece once the client's windows have room for all earlier pieces and one
//! byte more. It may keep a piece for any time, and no task waits for that. So a part ends with a
//! piece of a single byte: when the library takes it, the client has granted room for everything,
//! and only the socket can still delay it.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    frames::Windows,
    unread::{UNREAD, is_last},
};
use crate::{
    answers::Answer,
    body::{BodyError, NextFrame},
};

/// The size of a piece: the default size of a frame (RFC 9113 §6.5.2).
const PIECE: usize = 16 * 1024;
/// The slowest accepted reader, in bytes per second. A client that has room for megabytes grants no
/// more before it has read half of them, and until then nothing shows that it reads. A client without
/// such room gets none of this time.
const SLOWEST: u64 = 16 * 1024;
/// The most additional time that a client gets, whatever it has to read.
const LONGEST: Duration = Duration::from_mins(5);

/// The answer of one stream. Its body hands out the pieces, and its task measures the time.
#[derive(Clone)]
pub(super) struct Reading(Arc<Shared>);

struct Shared {
    terms: Terms,
    /// Whether the client must read more soon.
    is_timed: CancellationToken,
    /// Present while the body exists.
    pieces: Mutex<Option<Pieces>>,
}

/// What a client is given time by.
#[derive(Clone)]
pub(super) struct Terms {
    /// For how long it may read nothing of what it must read soon.
    pub(super) unread: Duration,
    /// What it has room for.
    pub(super) windows: Arc<Windows>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            unread: UNREAD,
            windows: Arc::default(),
        }
    }
}

/// The pieces of an answer.
struct Pieces {
    answer: Answer,
    terms: Terms,
    /// The rest of a part.
    rest: Bytes,
    ahead: Ahead,
    /// How many bytes were handed out.
    given: u64,
    /// Whether the client must read the rest soon.
    is_timed: bool,
    /// Until when, if so.
    due: Instant,
}

/// What follows a part, as far as known.
enum Ahead {
    Unknown,
    /// Nothing, or this.
    Known(Option<Result<Frame<Bytes>, BodyError>>),
}

/// An answer in pieces.
pub(super) struct InPieces(Reading);

impl Default for Reading {
    fn default() -> Self {
        Self::on(Terms::default())
    }
}

impl Reading {
    pub(super) fn on(terms: Terms) -> Self {
        Self(Arc::new(Shared {
            terms,
            is_timed: CancellationToken::new(),
            pieces: Mutex::default(),
        }))
    }

    /// An answer that must be read soon, from its beginning if it is the gateway's own, or otherwise from
    /// its last part.
    pub(super) fn of(&self, answer: Answer) -> InPieces {
        let mut pieces = Pieces {
            rest: Bytes::new(),
            ahead: Ahead::Unknown,
            given: 0,
            is_timed: answer.is_ours() || answer.is_end_stream(),
            due: Instant::now(),
            terms: self.0.terms.clone(),
            answer,
        };
        pieces.give(0);
        self.with(|known| *known = Some(pieces));
        InPieces(self.clone())
    }

    /// Completes when the client has not read in time what it must.
    pub(super) async fn is_given_up(&self) {
        let looks = poll_fn(|cx| {
            // The library asks for no more before the client takes what it has.
            self.with(|pieces| {
                if let Some(pieces) = pieces {
                    pieces.look_ahead(cx);
                }
            });
            Poll::<()>::Pending
        });
        tokio::select! {
            biased;
            () = looks => {}
            () = self.time_is_up() => {}
        }
    }

    async fn time_is_up(&self) {
        self.0.is_timed.cancelled().await;
        loop {
            let due = self.with(|pieces| pieces.as_ref().map(|pieces| pieces.due));
            match due {
                Some(due) if due > Instant::now() => sleep_until(due).await,
                Some(_) => return,
                // The library has all of it.
                None => std::future::pending().await,
            }
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Option<Pieces>) -> T) -> T {
        let mut pieces = self.0.pieces.lock();
        let done = act(&mut pieces);
        if pieces.as_ref().is_some_and(|pieces| pieces.is_timed) {
            self.0.is_timed.cancel();
        }
        done
    }
}

impl Pieces {
    fn give(&mut self, bytes: usize) {
        self.given += bytes as u64;
        if self.is_timed {
            let unread = self.given.min(self.terms.windows.most());
            let reading = Duration::from_secs(unread / SLOWEST).min(LONGEST);
            self.due = Instant::now() + self.terms.unread + reading;
        }
    }

    /// Finds out whether what was handed out is the last.
    fn look_ahead(&mut self, cx: &mut Context<'_>) {
        let is_idle = self.rest.is_empty() && self.given > 0 && !self.is_timed;
        if is_idle
            && matches!(self.ahead, Ahead::Unknown)
            && let Poll::Ready(frame) = self.following(cx)
        {
            self.ahead = Ahead::Known(frame);
            self.give(0);
        }
    }

    fn following(&mut self, cx: &mut Context<'_>) -> NextFrame {
        if let Ahead::Known(frame) = std::mem::replace(&mut self.ahead, Ahead::Unknown) {
            return Poll::Ready(frame);
        }
        let frame = ready!(Pin::new(&mut self.answer).poll_frame(cx));
        self.is_timed |= is_last(frame.as_ref(), &self.answer);
        Poll::Ready(frame)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> NextFrame {
        if self.rest.is_empty() {
            match ready!(self.following(cx)).map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(trailers))) => {
                    self.give(0);
                    return Poll::Ready(Some(Ok(trailers)));
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let length = match self.rest.len() {
            rest @ ..=1 => rest,
            rest if rest > PIECE => PIECE,
            rest => rest - 1,
        };
        self.give(length);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_over(&self) -> bool {
        self.rest.is_empty()
            && match &self.ahead {
                Ahead::Unknown => self.answer.is_end_stream(),
                Ahead::Known(following) => following.is_none(),
            }
    }
}

impl Body for InPieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> NextFrame {
        let poll = |pieces: &mut Option<Pieces>| pieces.as_mut().map(|pieces| pieces.poll(cx));
        self.0.with(poll).unwrap_or(Poll::Ready(None))
    }

    fn is_end_stream(&self) -> bool {
        let is_over = |pieces: &mut Option<Pieces>| pieces.as_ref().is_none_or(Pieces::is_over);
        self.0.with(is_over)
    }

    /// Asked before the first piece.
    fn size_hint(&self) -> SizeHint {
        let hint = |pieces: &mut Option<Pieces>| pieces.as_ref().map(|p| p.answer.size_hint());
        self.0.with(hint).unwrap_or_default()
    }
}

impl Drop for InPieces {
    fn drop(&mut self) {
        let pieces = self.0.with(Option::take);
        // After the lock: the answer may complete its record.
        drop(pieces);
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, stream};
    use http_body_util::{BodyExt, Full, StreamBody};

    use super::*;

    async fn pieces(answer: Answer) -> Vec<usize> {
        let mut body = Reading::default().of(answer);
        let mut sizes = Vec::new();
        while let Some(frame) = body.frame().await {
            sizes.push(frame.unwrap().into_data().unwrap().len());
        }
        sizes
    }

    fn relayed(parts: &[usize]) -> Answer {
        let frames: Vec<_> = parts
            .iter()
            .map(|size| Ok::<_, BodyError>(Frame::data(Bytes::from(vec![0; *size]))))
            .collect();
        Answer::relayed(StreamBody::new(stream::iter(frames)))
    }

    #[tokio::test]
    async fn each_part_ends_with_a_piece_of_one_byte() {
        assert_eq!(pieces(relayed(&[2, 1])).await, [1, 1, 1]);
        assert_eq!(pieces(relayed(&[40_000])).await, [16_384, 16_384, 7_231, 1]);
        assert_eq!(pieces(relayed(&[16_385])).await, [16_384, 1]);
        assert_eq!(pieces(relayed(&[])).await, [0; 0]);
        let ours = Answer::Ours(Full::new(Bytes::from_static(b"no")));
        let ours = Reading::default().of(ours);
        assert_eq!(ours.size_hint().exact(), Some(2));
    }

    #[tokio::test]
    async fn the_time_starts_with_the_last_part_and_again_with_each_piece() {
        let reading = Reading::default();
        let whole = Full::new(Bytes::from(vec![0; 3 * PIECE])).map_err(Into::into);
        let mut body = reading.of(Answer::relayed(whole));
        let mut before = Instant::now();
        for _ in 0..4 {
            assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
            let due = reading.with(|pieces| pieces.as_ref().unwrap().due);
            assert!(due > before, "it starts again");
            before = due;
        }
        assert!(before > Instant::now() + UNREAD - Duration::from_secs(1));
        assert!(reading.is_given_up().now_or_never().is_none());
        reading.with(|pieces| pieces.as_mut().unwrap().due = Instant::now());
        reading.is_given_up().await;
    }

    #[tokio::test]
    async fn an_end_that_nobody_asks_for_is_found_all_the_same() {
        let reading = Reading::default();
        let mut body = reading.of(relayed(&[2, 2]));
        let is_timed = |reading: &Reading| {
            assert!(reading.is_given_up().now_or_never().is_none());
            reading.0.is_timed.is_cancelled()
        };
        for _ in 0..3 {
            assert!(!is_timed(&reading), "more may come");
            assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
        }
        assert!(!is_timed(&reading));
        assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
        assert!(is_timed(&reading), "nothing follows");
        assert!(body.is_end_stream() && body.frame().await.is_none());
    }
}
