//! The socket of a client's connection.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;
use tokio_util::{either::Either, sync::CancellationToken};

use super::unread::{Own, Patience};
use crate::arrival::raw_head::HeadTap;

/// What the bytes come over: clear text or TLS.
pub(super) type Socket = Either<TcpStream, Box<TlsStream<TcpStream>>>;

fn tcp(socket: &Socket) -> &TcpStream {
    match socket {
        Either::Left(tcp) => tcp,
        Either::Right(tls) => tls.get_ref().0,
    }
}

/// Copies its input to the head tap, doesn't wait for a client that leaves a refusal unread, and
/// resets a killed connection.
pub(super) struct ClientWire {
    socket: Socket,
    /// Read before it was known which protocol is spoken.
    ahead: Bytes,
    tap: Option<HeadTap>,
    patience: Patience,
    kill: CancellationToken,
}

impl ClientWire {
    pub(super) const fn new(
        socket: Socket,
        ahead: Bytes,
        tap: Option<HeadTap>,
        own: Own,
        kill: CancellationToken,
    ) -> Self {
        Self {
            socket,
            ahead,
            tap,
            patience: Patience::new(own),
            kill,
        }
    }

    fn read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.ahead.has_remaining() {
            let length = self.ahead.len().min(buf.remaining());
            buf.put_slice(&self.ahead.split_to(length));
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl AsyncRead for ClientWire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = self.read(cx, buf);
        if let (Poll::Ready(Ok(())), Some(tap)) = (&read, &self.tap) {
            tap.saw(&buf.filled()[before..]);
        }
        read
    }
}

impl AsyncWrite for ClientWire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.patience.with(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.patience.with(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        self.patience.with(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.socket).poll_shutdown(cx);
        self.patience.with(cx, shut)
    }
}

impl Drop for ClientWire {
    fn drop(&mut self) {
        if self.kill.is_cancelled() {
            // A connection that was cut off must not look complete. If this fails, the socket
            // closes anyway.
            let _ = tcp(&self.socket).set_zero_linger();
        }
    }
}
