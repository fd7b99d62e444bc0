//! Bodies in both directions: counted, streamed, and never complete unless they are.

use std::{
    error::Error,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use app::domain::access_log::RequestOutcome;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{
    completer::Completer,
    gate::Flight,
    headers::RequestHeaders,
    lease::{Hold, Lease},
    upstream::{Connection, Upstream},
};

/// Why a body ended early.
pub(super) type BodyError = Box<dyn Error + Send + Sync>;

/// What is known of a request's body.
#[derive(Debug, Default)]
pub(super) struct RequestMeter {
    bytes: AtomicU64,
    ended: AtomicBool,
}

impl RequestMeter {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

/// Where a request's body comes from.
pub(super) enum BodySource {
    /// From the client, as it arrives.
    Streamed(Incoming),
    /// From memory: it had to be read before it could pass.
    Read(Full<Bytes>),
}

impl From<Incoming> for BodySource {
    fn from(body: Incoming) -> Self {
        Self::Streamed(body)
    }
}

impl Body for BodySource {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
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

/// A client's body on its way upstream.
pub(super) struct RequestBody {
    inner: BodySource,
    meter: Arc<RequestMeter>,
    headers: Arc<RequestHeaders>,
    hold: Hold,
}

impl RequestBody {
    pub(super) fn new(
        inner: BodySource,
        meter: Arc<RequestMeter>,
        headers: Arc<RequestHeaders>,
        lease: Arc<Lease>,
    ) -> Self {
        meter.ended.store(inner.is_end_stream(), Ordering::Release);
        Self {
            inner,
            meter,
            headers,
            hold: Hold::new(lease),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        std::task::ready!(self.hold.poll_held(cx));
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
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

/// The body of what the client gets.
pub(super) enum Answer {
    /// Our own words.
    Ours(Full<Bytes>),
    /// The upstream's.
    Relayed(Box<RelayBody>),
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Ours(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Self::Relayed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Ours(body) => body.is_end_stream(),
            Self::Relayed(body) => body.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Ours(body) => body.size_hint(),
            Self::Relayed(body) => body.inner.size_hint(),
        }
    }
}

/// Everything that lives as long as an answer is being relayed.
pub(super) struct Relay {
    pub(super) completer: Completer,
    pub(super) flight: Flight,
    pub(super) connection: Connection,
    pub(super) upstream: Arc<Upstream>,
    pub(super) request: Arc<RequestMeter>,
}

/// An upstream's body on its way to the client. It ends with an error, and so never looks complete,
/// if the session ends, the upstream breaks off, or is silent for too long.
pub(super) struct RelayBody {
    inner: Incoming,
    relay: Option<Relay>,
    hold: Hold,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    silence: Pin<Box<Sleep>>,
    idle: Duration,
}

#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the support session has ended")]
    Ended,
    #[error("the upstream was silent for too long")]
    Silent,
}

impl RelayBody {
    pub(super) fn new(inner: Incoming, relay: Relay) -> Self {
        let idle = relay.upstream.timeouts().idle;
        let cut = relay.flight.cut().clone().cancelled_owned();
        let hold = Hold::new(Arc::clone(relay.flight.lease()));
        let mut body = Self {
            inner,
            relay: Some(relay),
            hold,
            cut: Box::pin(cut),
            silence: Box::pin(tokio::time::sleep(idle)),
            idle,
        };
        body.settle();
        body
    }

    /// Notes a complete answer as soon as it is one: the server may never ask again.
    fn settle(&mut self) {
        if self.inner.is_end_stream() {
            self.end(RequestOutcome::Done);
        }
    }

    fn end(&mut self, outcome: RequestOutcome) {
        let Some(relay) = self.relay.take() else {
            return;
        };
        relay.completer.finish(outcome);
        // A client that is still sending does so outside of its request's record: cut it off.
        if outcome == RequestOutcome::Done && relay.request.has_ended() {
            relay.upstream.put_back(relay.connection);
        }
    }

    fn broken(&mut self, why: Broken, outcome: RequestOutcome) -> BodyError {
        self.end(outcome);
        why.into()
    }
}

impl Body for RelayBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.relay.is_some() && self.cut.as_mut().poll(cx).is_ready() {
            let error = self.broken(Broken::Ended, RequestOutcome::Cut);
            return Poll::Ready(Some(Err(error)));
        }
        // Without a lease nothing more is relayed: it waits here, until it goes on or is cut.
        std::task::ready!(self.hold.poll_held(cx));
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(relay), Some(data)) = (&mut self.relay, frame.data_ref()) {
                    relay.completer.sent(data.len());
                }
                let deadline = Instant::now() + self.idle;
                self.silence.as_mut().reset(deadline);
                self.settle();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                let cut = self
                    .relay
                    .as_ref()
                    .is_some_and(|r| r.flight.cut().is_cancelled());
                self.end(if cut {
                    RequestOutcome::Cut
                } else {
                    RequestOutcome::Failed
                });
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                self.end(RequestOutcome::Done);
                Poll::Ready(None)
            }
            Poll::Pending if self.relay.is_some() && self.silence.as_mut().poll(cx).is_ready() => {
                let error = self.broken(Broken::Silent, RequestOutcome::Failed);
                Poll::Ready(Some(Err(error)))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for RelayBody {
    /// The client has gone, or its connection was cut.
    fn drop(&mut self) {
        self.end(RequestOutcome::Cut);
    }
}
