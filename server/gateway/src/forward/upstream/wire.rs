//! The bytes of one upstream connection. It checks the pass of a request before its first byte, and
//! can be ended.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};

use crate::gate::{Pass, kill::KillSwitch};

/// The state of a connection's writing side.
pub(super) struct Meter {
    kill: Arc<KillSwitch>,
    /// The gate's pass of the request whose first byte has not been written.
    pass: Mutex<Option<Pass>>,
    last_write: Mutex<Instant>,
    /// Bytes that are written don't belong to a request any more.
    is_tunnel: AtomicBool,
}

impl Meter {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            kill: KillSwitch::new(),
            pass: Mutex::default(),
            last_write: Mutex::new(Instant::now()),
            is_tunnel: AtomicBool::new(false),
        })
    }

    pub(super) const fn kill(&self) -> &Arc<KillSwitch> {
        &self.kill
    }

    /// From now on no byte that is written belongs to a request.
    pub(super) fn becomes_tunnel(&self) {
        self.is_tunnel.store(true, Ordering::Relaxed);
    }

    /// The next byte written is the first of a request.
    pub(super) fn arm(&self, pass: Pass) {
        *self.last_write.lock() = Instant::now();
        *self.pass.lock() = Some(pass);
    }

    /// No further byte of the request will be written, or its first one was.
    pub(super) fn disarm(&self) {
        // Taken first, so that it is dropped after the lock. Dropping a pass takes its gate's lock.
        let pass = self.pass.lock().take();
        drop(pass);
    }

    /// Whether a byte may be written: the first of a request only while its pass is good.
    fn may_write(&self) -> bool {
        self.pass.lock().as_ref().is_none_or(Pass::is_good)
    }

    /// Completes when nothing has been written for `span`, unless that is `excused`: then the time
    /// starts again.
    pub(super) async fn silent_for(&self, span: Duration, excused: impl Fn() -> bool) {
        loop {
            let due = *self.last_write.lock() + span;
            if due > Instant::now() {
                tokio::time::sleep_until(due).await;
            } else if excused() {
                *self.last_write.lock() = Instant::now();
            } else {
                return;
            }
        }
    }

    fn wrote(&self, bytes: usize) {
        if bytes > 0 {
            *self.last_write.lock() = Instant::now();
            let pass = self.pass.lock().take();
            if let Some(pass) = pass {
                pass.sent();
            }
        }
    }
}

/// The socket of an upstream connection.
pub(super) struct Wire {
    tcp: TcpStream,
    meter: Arc<Meter>,
    /// The upstream accepts no more bytes. It may have answered before, so the rest of the request
    /// is discarded, and reading shows how the exchange ended.
    is_deaf: bool,
}

impl Wire {
    pub(super) const fn new(tcp: TcpStream, meter: Arc<Meter>) -> Self {
        Self {
            tcp,
            meter,
            is_deaf: false,
        }
    }

    fn write(
        &mut self,
        length: usize,
        write: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if !self.meter.may_write() {
            self.meter.kill.kill();
        }
        let (tcp, is_deaf) = (Pin::new(&mut self.tcp), self.is_deaf);
        let written = self.meter.kill.unless_dead(|| match is_deaf {
            true => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            false => write(tcp),
        });
        if let Some(Poll::Ready(Err(error))) = &written
            && !self.meter.is_tunnel.load(Ordering::Relaxed)
            && matches!(
                error.kind(),
                io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
            )
        {
            self.is_deaf = true;
            return Poll::Ready(Ok(length));
        }
        if let Some(Poll::Ready(Ok(bytes))) = written {
            self.meter.wrote(bytes);
        }
        written.unwrap_or_else(|| Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(buf.len(), |tcp| tcp.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = bufs.iter().map(|buf| buf.len()).sum();
        self.write(length, |tcp| tcp.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.meter.kill.is_dead() {
            // A proper end could make the request look complete.
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.meter.kill.is_dead() {
            // A reset instead of an orderly end. If that fails, the socket closes anyway.
            let _ = self.tcp.set_zero_linger();
        }
        self.meter.disarm();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[tokio::test]
    async fn silence_that_is_excused_begins_anew() {
        let (meter, excuses) = (Meter::new(), AtomicUsize::new(2));
        let excused = || {
            excuses
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                })
                .is_ok()
        };
        meter.silent_for(Duration::from_millis(1), excused).await;
        assert_eq!(excuses.load(Ordering::Relaxed), 0);
    }
}
