//! The socket of a client's connection.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::server::TlsStream;
use tokio_util::{either::Either, sync::CancellationToken};

use super::{
    frames::{Flood, Frames},
    short_heads::ShortHeads,
    streams::Streams,
    unread::{Own, ReadSoon},
};
use crate::arrival::raw_head::HeadTap;

/// The transport: clear text or TLS.
pub(super) type Socket = Either<TcpStream, Box<TlsStream<TcpStream>>>;

fn tcp(socket: &Socket) -> &TcpStream {
    match socket {
        Either::Left(tcp) => tcp,
        Either::Right(tls) => tls.get_ref().0,
    }
}

/// Which reader follows the bytes.
pub(super) enum Followed {
    /// HTTP/1.1: the heads of requests. The ones that are too long are shortened before.
    Heads(HeadTap, Box<ShortHeads>),
    /// HTTP/2: its frames.
    Frames(Box<Frames>, Streams),
}

/// Follows the bytes, and resets a killed connection.
pub(super) struct ClientWire {
    socket: ReadSoon<Socket>,
    /// Bytes that were read before the protocol was known.
    ahead: Bytes,
    followed: Followed,
    kill: CancellationToken,
}

impl ClientWire {
    pub(super) fn new(
        socket: Socket,
        ahead: Bytes,
        followed: Followed,
        (own, unread): (Own, Duration),
        kill: CancellationToken,
    ) -> Self {
        Self {
            socket: ReadSoon::when(own, unread, socket),
            ahead,
            followed,
            kill,
        }
    }

    /// Reads what came. On HTTP/1.1 without the excess of heads that are too long.
    fn read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (ahead, socket) = (&mut self.ahead, &mut self.socket);
        let mut read = |cx: &mut Context<'_>, buf: &mut ReadBuf<'_>| {
            if ahead.has_remaining() {
                let length = ahead.len().min(buf.remaining());
                buf.put_slice(&ahead.split_to(length));
                return Poll::Ready(Ok(()));
            }
            Pin::new(&mut *socket).poll_read(cx, buf)
        };
        match &mut self.followed {
            Followed::Heads(_, heads) => heads.poll_read(cx, buf, read),
            Followed::Frames(..) => read(cx, buf),
        }
    }

    fn saw(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.followed {
            Followed::Heads(tap, _) => tap.saw(bytes),
            Followed::Frames(frames, streams) => {
                if let Err(Flood) = frames.read(bytes, Instant::now()) {
                    streams.turn_away("it floods its connection with frames that ask for nothing");
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
            }
        }
        Ok(())
    }

    fn wrote(&mut self, bufs: &[io::IoSlice<'_>], written: &Poll<io::Result<usize>>) {
        let (Followed::Frames(frames, _), Poll::Ready(Ok(length))) = (&mut self.followed, written)
        else {
            return;
        };
        let mut left = *length;
        for buf in bufs {
            let here = left.min(buf.len());
            frames.wrote(&buf[..here]);
            left -= here;
        }
    }
}

impl AsyncRead for ClientWire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(self.read(cx, buf))?;
        Poll::Ready(self.saw(&buf.filled()[before..]))
    }
}

impl AsyncWrite for ClientWire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.wrote(&[io::IoSlice::new(buf)], &written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.wrote(bufs, &written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

impl Drop for ClientWire {
    fn drop(&mut self) {
        if self.kill.is_cancelled() {
            // A connection that was cut off must not look complete. If this fails, the socket
            // closes anyway.
            let _ = tcp(self.socket.inner()).set_zero_linger();
        }
    }
}
