//! Bodies in both directions: counted, streamed, and never complete unless they are.

mod request;

use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
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

pub(crate) use self::request::{BodyFault, BodySource, RequestBody, RequestMeter};
use super::upstream::{Connection, Upstream};
use crate::{
    browser::WithBanner,
    gate::{Flight, lease::Hold},
    headers,
    record::completer::Completer,
};

/// Why a body ended early.
pub(crate) type BodyError = Box<dyn Error + Send + Sync>;

/// The body of what the client gets.
pub(crate) enum Answer {
    /// Our own words.
    Ours(Full<Bytes>),
    /// The upstream's.
    Relayed(Box<RelayBody>),
    /// The upstream's page, for a browser.
    WithBanner(Box<WithBanner<RelayBody>>),
}

impl Answer {
    /// Whether it is the gateway's own.
    pub(crate) const fn is_ours(&self) -> bool {
        matches!(self, Self::Ours(_))
    }
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
            Self::WithBanner(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Ours(body) => body.is_end_stream(),
            Self::Relayed(body) => body.inner.is_end_stream(),
            Self::WithBanner(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Ours(body) => body.size_hint(),
            Self::Relayed(body) => body.inner.size_hint(),
            Self::WithBanner(body) => body.size_hint(),
        }
    }
}

/// Everything that lives as long as an answer is being relayed.
pub(crate) struct Relay {
    pub(crate) completer: Completer,
    pub(crate) flight: Flight,
    pub(crate) connection: Connection,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) request: Arc<RequestMeter>,
}

/// An upstream's body on its way to the client. It ends with an error, and so never looks complete,
/// if the session ends, the upstream breaks off, or is silent for too long.
pub(crate) struct RelayBody {
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
    pub(crate) fn new(inner: Incoming, relay: Relay) -> Self {
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
                Poll::Ready(Some(Ok(match frame.into_trailers() {
                    Ok(trailers) => Frame::trailers(headers::answered_trailers(trailers)),
                    Err(frame) => frame,
                })))
            }
            Poll::Ready(Some(Err(error))) => {
                // A client whose body breaks off breaks the upstream's connection.
                let cut = self.relay.as_ref().is_some_and(|relay| {
                    relay.flight.cut().is_cancelled() || relay.request.fault().is_some()
                });
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
