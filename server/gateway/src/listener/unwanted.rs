//! The rest of a body that nobody reads any more, on HTTP/2.
//!
//! The library resets a stream whose answer has ended before its request (RFC 9113 §8.1). Many
//! clients then drop the answer. So the rest is read and discarded for a while, as the whole
//! connection is on HTTP/1.1 (`linger`).
//!
//! A client that sends too much of it, or for too long, may open no further streams: it is asked to
//! connect again.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Buf;
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::linger::SILENT;

/// How many bytes of a connection are discarded before it is asked to end.
const MOST: u64 = 1024 * 1024 * 1024;

/// How long nothing more is asked for. Some clients stop sending when they see the head of a refusal, and
/// are reset for a body that is too short. By then the rest of the answer must be on its way.
const PAUSE: Duration = Duration::from_millis(20);

/// What is discarded of one connection.
#[derive(Debug)]
pub(super) struct Unwanted {
    bytes: AtomicU64,
    longest: Duration,
    /// For how long a client may send nothing.
    silent: Duration,
    too_much: CancellationToken,
}

impl Unwanted {
    /// Discards the rest of a body for `longest`. Cancels `too_much` when the connection should end.
    pub(super) const fn new(longest: Duration, too_much: CancellationToken) -> Self {
        Self {
            bytes: AtomicU64::new(0),
            longest,
            silent: SILENT,
            too_much,
        }
    }

    /// Completes when the client has ended the body, or after a while. The library grants the client
    /// room for what is read here.
    pub(super) async fn discard<B: Body + Unpin>(&self, mut rest: B) {
        let end = Instant::now() + self.longest;
        sleep(PAUSE).await;
        while !rest.is_end_stream() {
            let silent = Instant::now() + self.silent;
            let next = timeout_at(silent.min(end), rest.frame()).await;
            if Instant::now() >= end {
                return self.too_much.cancel();
            }
            let Ok(Some(Ok(frame))) = next else { return };
            let length = frame.data_ref().map_or(0, Buf::remaining) as u64;
            let before = self.bytes.fetch_add(length, Ordering::Relaxed);
            if before.saturating_add(length) > MOST {
                self.too_much.cancel();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use futures::{StreamExt, stream};
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    type Piece = Result<Frame<Bytes>, Infallible>;

    fn piece(length: usize) -> Frame<Bytes> {
        Frame::data(Bytes::from(vec![0; length]))
    }

    #[tokio::test]
    async fn a_body_is_read_to_its_end() {
        let end = CancellationToken::new();
        let unwanted = Unwanted::new(SHORT, end.clone());
        let mut read = 0;
        let body = stream::iter(0..1000).map(|_| {
            read += 1;
            Piece::Ok(piece(1))
        });
        unwanted.discard(StreamBody::new(body)).await;
        assert_eq!(read, 1000);
        assert!(!end.is_cancelled());
    }

    #[tokio::test]
    async fn a_client_that_sends_on_is_not_read_for_ever() {
        let end = CancellationToken::new();
        let unwanted = Unwanted::new(SHORT, end.clone());
        let body = stream::unfold((), async |()| {
            tokio::task::yield_now().await;
            Some((Piece::Ok(piece(16)), ()))
        });
        unwanted.discard(StreamBody::new(Box::pin(body))).await;
        assert!(unwanted.bytes.load(Ordering::Relaxed) > 16);
        assert!(end.is_cancelled(), "it may open no further stream");
    }

    #[tokio::test]
    async fn a_silent_client_is_not_waited_for_for_long() {
        let end = CancellationToken::new();
        let unwanted = Unwanted {
            silent: SHORT,
            ..Unwanted::new(Duration::from_mins(1), end.clone())
        };
        let body = stream::pending::<Piece>();
        unwanted.discard(StreamBody::new(body)).await;
        assert!(
            !end.is_cancelled(),
            "it was left before the minute was over"
        );
    }

    #[tokio::test]
    async fn all_streams_of_a_connection_have_one_limit_of_bytes() {
        let end = CancellationToken::new();
        let unwanted = Unwanted::new(Duration::from_mins(1), end.clone());
        unwanted.bytes.store(MOST - 10, Ordering::Relaxed);
        let body = |length| StreamBody::new(stream::iter([Piece::Ok(piece(length))]));
        unwanted.discard(body(10)).await;
        assert!(!end.is_cancelled());
        unwanted.discard(body(1)).await;
        assert!(end.is_cancelled());
    }
}
