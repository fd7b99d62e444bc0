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
use tokio_util::sync::CancellationToken;

use super::unread::{Own, Patience};
use crate::arrival::raw_head::HeadTap;

/// What the bytes come over.
pub(super) enum Socket {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

impl Socket {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Clear(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }

    fn io(&mut self) -> Pin<&mut dyn Io> {
        match self {
            Self::Clear(tcp) => Pin::new(tcp),
            Self::Tls(tls) => Pin::new(tls.as_mut()),
        }
    }
}

/// Shows what is read to the head tap, waits for no client that leaves a refusal unread, and ends with
/// a reset where the connection was killed.
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
        self.socket.io().poll_read(cx, buf)
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
        let written = self.socket.io().poll_write(cx, buf);
        self.patience.with(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.socket.io().poll_write_vectored(cx, bufs);
        self.patience.with(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.socket {
            Socket::Clear(tcp) => tcp.is_write_vectored(),
            Socket::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.socket.io().poll_flush(cx);
        self.patience.with(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = self.socket.io().poll_shutdown(cx);
        self.patience.with(cx, shut)
    }
}

impl Drop for ClientWire {
    fn drop(&mut self) {
        if self.kill.is_cancelled() {
            // What was cut must not look complete. If it can't be asked for, the socket closes anyway.
            let _ = self.socket.tcp().set_zero_linger();
        }
    }
}
