//! Measures a request's body while it passes.

use std::{
    error::Error,
    io,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// Counts the bytes of one request's body, and notes how it ends.
#[derive(Debug, Default)]
pub(crate) struct RequestMeter {
    bytes: AtomicU64,
    ended: AtomicBool,
    waiting: AtomicBool,
    fault: OnceLock<BodyFault>,
}

/// A client's mistake in the middle of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyFault {
    #[error("the request's body is malformed")]
    Malformed,
    #[error("the request's body did not go on in time")]
    Stalled,
    #[error("the client left in the middle of its request's body")]
    Left,
}

impl BodyFault {
    /// The status that the client gets (RFC 9110 §15.5.1, §15.5.9).
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::Malformed | Self::Left => 400,
            Self::Stalled => 408,
        }
    }

    /// What an error of the HTTP library means.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        let cause = error.source().and_then(|cause| cause.downcast_ref());
        match cause.map(io::Error::kind) {
            Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => Self::Malformed,
            _ => Self::Left,
        }
    }
}

impl RequestMeter {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// This many more bytes were passed on.
    pub(crate) fn passed(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub(crate) fn set_ended(&self, ended: bool) {
        self.ended.store(ended, Ordering::Release);
    }

    /// Whether the request waits for the client.
    pub(crate) fn waits_for_client(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Sets whether the request waits for the client. Returns whether that changed.
    pub(crate) fn set_waiting(&self, waiting: bool) -> bool {
        self.waiting.swap(waiting, Ordering::Relaxed) != waiting
    }

    /// Why the body broke off, if it did.
    pub(crate) fn fault(&self) -> Option<BodyFault> {
        self.fault.get().copied()
    }

    /// The body has broken off. The first reason counts.
    pub(crate) fn broke_off(&self, fault: BodyFault) {
        self.fault.get_or_init(|| fault);
    }
}
