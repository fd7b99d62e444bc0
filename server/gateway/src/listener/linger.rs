//! A connection that ends while its client is still sending.
//!
//! If a socket is closed with unread bytes, it is reset, and the client may lose an answer that it
//! has not read yet (RFC 9112 §9.6). So incoming bytes are discarded for a while.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// How long incoming bytes are discarded.
const LONGEST: Duration = Duration::from_secs(30);
/// How long nothing may come meanwhile.
pub(super) const SILENT: Duration = Duration::from_secs(2);

/// Discards what a client still sends.
pub(super) struct Linger {
    end: Instant,
    silent: Pin<Box<Sleep>>,
}

impl Linger {
    pub(super) fn new() -> Self {
        Self {
            end: Instant::now() + LONGEST,
            silent: Box::pin(sleep(SILENT)),
        }
    }

    /// Completes when the client has ended the connection, or after a while.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        socket: &mut (impl AsyncRead + Unpin),
    ) -> Poll<()> {
        let mut scrap = [0; 16 * 1024];
        loop {
            let now = Instant::now();
            if now >= self.end {
                return Poll::Ready(());
            }
            let mut buf = ReadBuf::new(&mut scrap);
            match Pin::new(&mut *socket).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    let silent = (now + SILENT).min(self.end);
                    self.silent.as_mut().reset(silent);
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.silent.as_mut().poll(cx),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn what_comes_is_read_until_the_client_has_ended() {
        let (mut client, mut server) = tokio::io::duplex(64);
        let sending = tokio::spawn(async move {
            for _ in 0..1000 {
                client.write_all(&[b'x'; 64]).await.unwrap();
            }
        });
        let mut linger = Linger::new();
        poll_fn(|cx| linger.poll(cx, &mut server)).await;
        sending.await.expect("all of it was taken");
    }

    #[tokio::test]
    async fn a_client_that_neither_sends_nor_ends_is_not_waited_for_for_long() {
        let (_client, mut server) = tokio::io::duplex(64);
        let (begun, mut linger) = (Instant::now(), Linger::new());
        poll_fn(|cx| linger.poll(cx, &mut server)).await;
        assert!(begun.elapsed() < SILENT * 2);
    }
}
