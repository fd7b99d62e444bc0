//! Answers that a client doesn't read to their end.
//!
//! An answer of the platform may wait as long as its support session lives. Once its last part has
//! come from the upstream, the session's end doesn't cut it any more, and the client must read the
//! rest. A refusal may not wait. Anyone can cause one, and could otherwise fill the gateway with
//! connections that never read their answers.
//!
//! A client that keeps reading, however slowly, is never cut, because each byte that it reads
//! restarts the time. Here the socket shows what it reads. On HTTP/2 each stream has its own time
//! (`pieces`).

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::{Body, Frame};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

use super::{
    linger::Linger,
    short_heads::{HeadLimits, ShortHeads},
};
use crate::{
    answers::Answer,
    body::{BodyError, NextFrame, Relay, Relayed},
};

/// How long a client may read nothing of the gateway's own answer, or of the last part of another.
pub const UNREAD: Duration = Duration::from_secs(15);

/// An answer that reports when its last part is on its way.
pub(super) type Told = Relayed<Answer, AtLast>;

/// Called once the last part of an answer is on its way.
pub(super) struct AtLast(Option<Box<dyn FnOnce() + Send>>);

/// Calls `at_last` once the last part of an answer of the platform is on its way.
fn told(answer: Answer, at_last: impl FnOnce() + Send + 'static) -> Told {
    let mut relay = AtLast((!answer.is_ours()).then(|| Box::new(at_last) as _));
    if answer.is_end_stream() {
        relay.call();
    }
    Relayed {
        relay,
        inner: answer,
    }
}

impl AtLast {
    fn call(&mut self) {
        if let Some(at_last) = self.0.take() {
            at_last();
        }
    }
}

impl Relay<Answer> for AtLast {
    fn poll(&mut self, inner: &mut Answer, cx: &mut Context<'_>) -> NextFrame {
        let frame = ready!(Pin::new(&mut *inner).poll_frame(cx));
        if is_last(frame.as_ref(), inner) {
            self.call();
        }
        Poll::Ready(frame)
    }
}

/// Whether this frame of an answer is the last.
pub(super) fn is_last(frame: Option<&Result<Frame<Bytes>, BodyError>>, answer: &Answer) -> bool {
    !matches!(frame, Some(Ok(frame)) if frame.is_data()) || answer.is_end_stream()
}

/// Whether the client must soon read what an HTTP/1.1 connection writes: the gateway's own answer,
/// or the end of another.
#[derive(Debug, Clone, Default)]
pub(super) struct Own(Arc<AtomicBool>);

impl Own {
    fn always() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    /// Marks what is written from now on. After a protocol upgrade it belongs to the platform.
    pub(super) fn answers(&self, response: Response<Answer>) -> Response<Told> {
        let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        let own = response.body().is_ours() && !switches;
        self.0.store(own, Ordering::Relaxed);
        let last = Arc::clone(&self.0);
        response.map(|answer| told(answer, move || last.store(true, Ordering::Relaxed)))
    }

    fn is_written(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Gives up on a client that doesn't read what it must read soon.
#[derive(Debug)]
struct Patience {
    own: Own,
    lasts: Duration,
    until: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// Adds the time limit to the result of a write.
    fn with<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() || !self.own.is_written() {
            self.until = None;
            return written;
        }
        let lasts = self.lasts;
        let until = self.until.get_or_insert_with(|| Box::pin(sleep(lasts)));
        ready!(until.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// A connection whose client must read our own answers soon, and may still be sending when one ends
/// the connection.
pub struct ReadSoon<S> {
    inner: S,
    /// Shortens heads that are too long.
    heads: Option<Box<ShortHeads>>,
    patience: Patience,
    /// The connection has ended on our side.
    linger: Option<Linger>,
}

impl<S> ReadSoon<S> {
    /// All answers on this connection are ours. The client may read nothing for at most this long. Of a head that
    /// is longer than `limits` only so much is read that it exceeds them, or one of them.
    pub fn within(lasts: Duration, limits: HeadLimits, inner: S) -> Self {
        Self {
            heads: Some(Box::new(ShortHeads::new(limits))),
            ..Self::when(Own::always(), lasts, inner)
        }
    }

    /// The answers that `own` marks are ours.
    pub(super) const fn when(own: Own, lasts: Duration, inner: S) -> Self {
        let patience = Patience {
            own,
            lasts,
            until: None,
        };
        Self {
            inner,
            heads: None,
            patience,
            linger: None,
        }
    }

    pub(super) const fn inner(&self) -> &S {
        &self.inner
    }
}

/// How many unsent bytes the system may keep. Otherwise it takes more only after it has sent a part
/// of several megabytes, and a slow reader would look like one that doesn't read.
const UNSENT: u32 = 128 * 1024;

/// Makes the system report soon that a client reads.
pub fn notice_reading(tcp: &TcpStream) {
    // On a system that can't do this, slow readers are timed more strictly.
    let _ = SockRef::from(tcp).set_tcp_notsent_lowat(UNSENT);
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadSoon<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { inner, heads, .. } = &mut *self;
        let mut read =
            |cx: &mut Context<'_>, buf: &mut ReadBuf<'_>| Pin::new(&mut *inner).poll_read(cx, buf);
        match heads {
            Some(heads) => heads.poll_read(cx, buf, read),
            None => read(cx, buf),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ReadSoon<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.patience.with(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.patience.with(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.patience.with(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self {
            inner,
            patience,
            linger,
            ..
        } = &mut *self;
        let linger = match linger {
            Some(linger) => linger,
            None => {
                let shut = Pin::new(&mut *inner).poll_shutdown(cx);
                ready!(patience.with(cx, shut))?;
                linger.insert(Linger::new())
            }
        };
        // Bytes through a tunnel are still wanted. On HTTP/2 a stream ends without its connection, and
        // no answer is marked.
        if patience.own.is_written() {
            ready!(linger.poll(cx, inner));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use http_body_util::{BodyExt, Full, StreamBody};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn relayed(parts: &[&'static str]) -> Answer {
        let frames: Vec<_> = parts
            .iter()
            .map(|part| Ok::<_, BodyError>(Frame::data(Bytes::from_static(part.as_bytes()))))
            .collect();
        Answer::relayed(StreamBody::new(stream::iter(frames)))
    }

    #[tokio::test]
    async fn the_end_of_an_answer_is_timed_and_not_what_comes_before() {
        let own = Own::default();
        let response = own.answers(Response::new(relayed(&["a", "b"])));
        let mut body = response.into_body();
        for _ in 0..2 {
            assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
            assert!(!own.is_written(), "more may come");
        }
        assert!(body.frame().await.is_none());
        assert!(own.is_written());
        // The next answer on the connection begins anew.
        own.answers(Response::new(relayed(&["c"])));
        assert!(!own.is_written());
    }

    #[tokio::test]
    async fn an_answer_that_is_known_to_end_is_timed_with_its_last_part() {
        let own = Own::default();
        let whole = Full::new(Bytes::from_static(b"whole")).map_err(Into::into);
        let mut body = own
            .answers(Response::new(Answer::relayed(whole)))
            .into_body();
        assert!(!own.is_written());
        assert!(body.frame().await.is_some());
        assert!(own.is_written(), "the library never asks again");
    }

    #[tokio::test]
    async fn a_client_is_timed_from_where_it_reads_nothing_until_it_reads() {
        let (mut client, server) = tokio::io::duplex(4);
        let mut server = ReadSoon::within(UNREAD, HeadLimits::GATEWAY, server);
        server.write_all(b"1234").await.unwrap();
        assert!(server.patience.until.is_none());
        assert!(futures::poll!(std::pin::pin!(server.write_u8(5))).is_pending());
        assert!(server.patience.until.is_some());
        client.read_u8().await.unwrap();
        server.write_u8(5).await.unwrap();
        assert!(server.patience.until.is_none());
    }

    #[tokio::test]
    async fn a_client_that_is_still_sending_can_read_its_answer() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut server = ReadSoon::within(UNREAD, HeadLimits::GATEWAY, server);
        let sending = tokio::spawn(async move {
            for _ in 0..1000 {
                client.write_all(&[b'x'; 64]).await.unwrap();
            }
            client.read_u8().await
        });
        server.write_u8(b'n').await.unwrap();
        server.shutdown().await.unwrap();
        assert_eq!(sending.await.unwrap().unwrap(), b'n');
    }

    #[tokio::test]
    async fn a_tunnel_is_never_timed() {
        let own = Own::default();
        let mut switched = Response::new(Answer::Ours(Full::default()));
        *switched.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let mut body = own.answers(switched).into_body();
        assert!(body.frame().await.is_none());
        assert!(!own.is_written());
    }
}
