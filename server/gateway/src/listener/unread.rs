//! Refusals of the gateway that a client doesn't read.
//!
//! An answer of the platform may rest for as long as its support session lives: its reader may
//! think about it. A refusal may not. Anyone can be refused, so nobody could be kept from filling
//! the gateway's places with connections that ask for something and never take the answer.

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

use http::{Response, StatusCode};
use tokio::time::{Sleep, sleep};

use crate::answers::Answer;

/// For how long a client may leave an answer of the gateway's own unread.
pub(super) const UNREAD: Duration = Duration::from_secs(15);

/// Whether the answer that a connection of HTTP/1.1 writes is the gateway's own.
#[derive(Debug, Clone, Default)]
pub(super) struct Own(Arc<AtomicBool>);

impl Own {
    /// Marks what is written from now on. After a protocol upgrade it belongs to the platform.
    pub(super) fn answers(&self, response: &Response<Answer>) {
        let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        let own = response.body().is_ours() && !switches;
        self.0.store(own, Ordering::Relaxed);
    }

    fn is_written(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Loses patience with a client that takes nothing of an answer of the gateway's own.
#[derive(Debug, Default)]
pub(super) struct Patience {
    own: Own,
    until: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    pub(super) const fn new(own: Own) -> Self {
        Self { own, until: None }
    }

    /// The result of a write that got this far.
    pub(super) fn with<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() || !self.own.is_written() {
            self.until = None;
            return written;
        }
        let until = self.until.get_or_insert_with(|| Box::pin(sleep(UNREAD)));
        ready!(until.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}
