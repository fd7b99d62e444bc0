//! A client's body on its way upstream.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::BodyError;
use crate::{
    gate::lease::{Hold, Lease},
    headers::RequestHeaders,
};

/// What is known of a request's body.
#[derive(Debug, Default)]
pub(crate) struct RequestMeter {
    bytes: AtomicU64,
    ended: AtomicBool,
    waiting: AtomicBool,
    fault: OnceLock<BodyFault>,
}

/// What a client did wrong in the middle of a body.
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

    fn of(error: &hyper::Error) -> Self {
        let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref());
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

    /// This many bytes were passed on, otherwise than by a [`RequestBody`].
    pub(crate) fn passed(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Whether it is the client that everyone waits for.
    pub(crate) fn waits_for_client(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Why the body broke off, if it did.
    pub(crate) fn fault(&self) -> Option<BodyFault> {
        self.fault.get().copied()
    }
}

/// Where a request's body comes from.
pub(crate) enum BodySource<B = Incoming> {
    /// From the client, as it arrives.
    Streamed(B),
    /// From memory: it had to be read before it could pass.
    Read(Full<Bytes>),
}

impl<B: Body<Data = Bytes> + Unpin> Body for BodySource<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.get_mut() {
            Self::Streamed(body) => Pin::new(body).poll_frame(cx),
            Self::Read(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Streamed(body) => body.is_end_stream(),
            Self::Read(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Streamed(body) => body.size_hint(),
            Self::Read(body) => body.size_hint(),
        }
    }
}

/// A client's body. It breaks off if the client breaks it off, or is silent for too long.
pub(crate) struct RequestBody {
    inner: BodySource,
    meter: Arc<RequestMeter>,
    headers: Arc<RequestHeaders>,
    idle: Duration,
    silence: Pin<Box<Sleep>>,
    hold: Hold,
}

impl RequestBody {
    pub(crate) fn new(
        inner: BodySource,
        meter: Arc<RequestMeter>,
        headers: Arc<RequestHeaders>,
        idle: Duration,
        lease: Arc<Lease>,
    ) -> Self {
        meter.ended.store(inner.is_end_stream(), Ordering::Release);
        Self {
            inner,
            meter,
            headers,
            idle,
            silence: Box::pin(tokio::time::sleep(idle)),
            hold: Hold::new(lease),
        }
    }

    fn broken(&self, fault: BodyFault) -> BodyError {
        self.meter.fault.get_or_init(|| fault);
        fault.into()
    }

    /// The next frame, as soon as the client has sent it or has been silent for too long.
    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Ready(frame) => {
                if self.meter.waiting.swap(false, Ordering::Relaxed) {
                    let deadline = Instant::now() + self.idle;
                    self.silence.as_mut().reset(deadline);
                }
                Poll::Ready(frame.map(|frame| frame.map_err(|e| self.broken(BodyFault::of(&e)))))
            }
            Poll::Pending => {
                if !self.meter.waiting.swap(true, Ordering::Relaxed) {
                    // Until now it was the upstream that was waited for.
                    let deadline = Instant::now() + self.idle;
                    self.silence.as_mut().reset(deadline);
                }
                ready!(self.silence.as_mut().poll(cx));
                Poll::Ready(Some(Err(self.broken(BodyFault::Stalled))))
            }
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        ready!(self.hold.poll_held(cx));
        let frame = ready!(self.next(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            let length = data.len() as u64;
            self.meter.bytes.fetch_add(length, Ordering::Relaxed);
        }
        if frame.is_none() || self.inner.is_end_stream() {
            self.meter.ended.store(true, Ordering::Release);
        }
        Poll::Ready(frame.map(|frame| {
            frame.map(|frame| match frame.into_trailers() {
                Ok(trailers) => Frame::trailers(self.headers.retain_trailers(trailers)),
                Err(frame) => frame,
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
