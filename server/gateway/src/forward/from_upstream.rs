//! An upstream's body on its way to the client.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, timeout};

use crate::body::{BodyError, NextFrame, Relay, Relayed};

/// How long the head of an early answer may wait for the answer's end.
const AHEAD_LONGEST: Duration = Duration::from_secs(1);
/// How many bytes are read meanwhile, and in how many parts. The rest is relayed as it comes.
const AHEAD_BYTES: usize = 64 * 1024;
const AHEAD_PARTS: usize = 64;

/// Ends with an error, and so never looks complete, if the upstream breaks off or is silent for too
/// long.
pub(super) type FromUpstream<B = Incoming> = Relayed<B, Silence>;

pub(super) struct Silence {
    until: Pin<Box<Sleep>>,
    idle: Duration,
    /// What was read before the head was relayed.
    ahead: VecDeque<Result<Frame<Bytes>, BodyError>>,
    /// Nothing follows what was read ahead.
    is_whole: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the upstream was silent for too long")]
struct Silent;

fn body<B>(inner: B, idle: Duration) -> FromUpstream<B> {
    let relay = Silence {
        until: Box::pin(tokio::time::sleep(idle)),
        idle,
        ahead: VecDeque::new(),
        is_whole: false,
    };
    Relayed { relay, inner }
}

/// The answer of an upstream. `is_early` if it came before the whole request was sent.
///
/// Some clients (curl) stop sending when they see the head of an early answer that is no success. On
/// HTTP/2 the library then resets the stream, because the body is shorter than its declared length,
/// and drops what it hasn't sent of the answer. So such a head waits for the end of its answer, if
/// that is short and comes soon.
pub(super) async fn from_upstream(
    response: Response<Incoming>,
    idle: Duration,
    is_early: bool,
) -> Response<FromUpstream> {
    let mut response = response.map(|inner| body(inner, idle));
    if is_early && response.status().as_u16() >= 300 {
        response.body_mut().read_ahead().await;
    }
    response
}

impl<B> FromUpstream<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    /// Reads the rest, if it is short and comes soon.
    async fn read_ahead(&mut self) {
        let Self { relay, inner } = self;
        let reading = async {
            let mut bytes = 0;
            while bytes < AHEAD_BYTES && relay.ahead.len() < AHEAD_PARTS && !relay.is_whole {
                let frame = poll_fn(|cx| relay.next(inner, cx)).await;
                let Some(frame) = frame else {
                    relay.is_whole = true;
                    return;
                };
                let data = frame.as_ref().ok().and_then(Frame::data_ref);
                bytes += data.map_or(0, Bytes::len);
                relay.is_whole = frame.is_err() || inner.is_end_stream();
                relay.ahead.push_back(frame);
            }
        };
        // If it takes longer, the rest follows as it comes.
        let _ = timeout(AHEAD_LONGEST, reading).await;
    }
}

impl Silence {
    /// The next part, as soon as the upstream has sent it or has been silent for too long.
    fn next<B>(&mut self, inner: &mut B, cx: &mut Context<'_>) -> NextFrame
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<BodyError>,
    {
        let Poll::Ready(frame) = Pin::new(inner).poll_frame(cx) else {
            ready!(self.until.as_mut().poll(cx));
            return Poll::Ready(Some(Err(Silent.into())));
        };
        self.until.as_mut().reset(Instant::now() + self.idle);
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }
}

impl<B> Relay<B> for Silence
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    fn poll(&mut self, inner: &mut B, cx: &mut Context<'_>) -> NextFrame {
        match self.ahead.pop_front() {
            None if !self.is_whole => self.next(inner, cx),
            frame => Poll::Ready(frame),
        }
    }

    fn is_over(&self, inner: &B) -> bool {
        self.ahead.is_empty() && (self.is_whole || inner.is_end_stream())
    }

    fn length(&self, inner: &B) -> SizeHint {
        let frames = self.ahead.iter().flatten();
        let ahead: usize = frames.filter_map(Frame::data_ref).map(Bytes::len).sum();
        let (ahead, rest) = (ahead as u64, inner.size_hint());
        let mut length = SizeHint::new();
        length.set_lower(rest.lower() + ahead);
        if let Some(upper) = rest.upper() {
            length.set_upper(upper + ahead);
        }
        length
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, Stream, StreamExt, stream};
    use http_body_util::{BodyExt, Full, StreamBody};

    use super::*;

    const IDLE: Duration = Duration::from_mins(1);

    fn parts(sizes: &[usize]) -> impl Stream<Item = Result<Frame<Bytes>, BodyError>> + Unpin {
        let sizes = sizes.to_vec();
        let parts = stream::iter(sizes).then(async |size| {
            // Not all at once.
            tokio::task::yield_now().await;
            Ok::<_, BodyError>(Frame::data(Bytes::from(vec![0; size])))
        });
        Box::pin(parts)
    }

    /// The sizes of the parts that are there already.
    fn sizes<B>(body: &mut FromUpstream<B>) -> Vec<usize>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Into<BodyError>,
    {
        let mut sizes = Vec::new();
        while let Some(Some(Ok(frame))) = body.frame().now_or_never() {
            sizes.push(frame.into_data().unwrap().len());
        }
        sizes
    }

    #[tokio::test]
    async fn a_short_answer_that_is_read_ahead_is_there_to_its_end() {
        let mut body = body(StreamBody::new(parts(&[3, 1, 2])), IDLE);
        body.read_ahead().await;
        for size in [3, 1, 2] {
            assert!(!body.is_end_stream());
            let frame = body.frame().now_or_never().flatten();
            let data = frame.unwrap().unwrap().into_data();
            assert_eq!(data.unwrap().len(), size);
        }
        assert!(body.is_end_stream(), "nothing follows");
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn an_answer_keeps_its_length_if_it_is_read_ahead() {
        let mut body = body(Full::new(Bytes::from_static(b"big")), IDLE);
        body.read_ahead().await;
        assert_eq!(body.size_hint().exact(), Some(3));
        assert_eq!(sizes(&mut body), [3]);
    }

    #[tokio::test]
    async fn no_more_than_a_little_is_read_ahead() {
        const PART: usize = AHEAD_BYTES / 4;
        for (size, ahead) in [(PART, 4), (1, AHEAD_PARTS)] {
            let endless = stream::repeat_with(move || {
                Ok::<_, BodyError>(Frame::data(Bytes::from(vec![0; size])))
            });
            let mut body = body(StreamBody::new(endless), IDLE);
            body.read_ahead().await;
            assert_eq!(body.relay.ahead.len(), ahead);
            assert!(!body.is_end_stream());
        }
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_never_looks_whole() {
        let broken = parts(&[4]).chain(stream::iter([Err("broken off".into())]));
        let mut body = body(StreamBody::new(broken), IDLE);
        body.read_ahead().await;
        assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
        assert!(!body.is_end_stream());
        assert!(body.frame().await.is_some_and(|frame| frame.is_err()));
    }

    #[tokio::test]
    async fn what_comes_late_follows_as_it_comes() {
        let begun = parts(&[4]).chain(stream::pending());
        let mut body = body(StreamBody::new(begun), IDLE);
        body.read_ahead().await;
        assert_eq!(sizes(&mut body), [4]);
        assert!(!body.is_end_stream(), "more may come");
    }
}
