//! Bodies to and from handlers: counted, and cut when the session ends.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use app::domain::access_log::RequestOutcome;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::{
    forward::body::{BodyError, BodySource, RequestMeter},
    gate::{Flight, lease::Hold},
    headers::RequestHeaders,
    record::completer::Completer,
};

/// Becomes ready when the session ends.
type CutFuture = Pin<Box<WaitForCancellationFutureOwned>>;

#[derive(Debug, thiserror::Error)]
#[error("the support session has ended, or its request is answered")]
struct Over;

/// A request's body as a handler reads it. In a support session it is counted, and ends with an error
/// when the session ends, or once the request is answered: what came later would be in no record.
pub struct GuardedBody<B> {
    inner: BodySource<B>,
    watch: Option<Watch>,
}

struct Watch {
    meter: Arc<RequestMeter>,
    headers: Arc<RequestHeaders>,
    cut: CutFuture,
    answered: CutFuture,
    hold: Hold,
}

impl Watch {
    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        self.answered.as_mut().poll(cx)
    }
}

impl<B> GuardedBody<B> {
    /// Of a request that is in no support session.
    pub(super) const fn plain(body: B) -> Self {
        Self {
            inner: BodySource::Streamed(body),
            watch: None,
        }
    }

    pub(super) fn watched(
        inner: BodySource<B>,
        meter: Arc<RequestMeter>,
        headers: Arc<RequestHeaders>,
        flight: &Flight,
    ) -> Self {
        let watch = Watch {
            meter,
            headers,
            cut: Box::pin(flight.cut().clone().cancelled_owned()),
            answered: Box::pin(flight.done().clone().cancelled_owned()),
            hold: Hold::new(Arc::clone(flight.lease())),
        };
        Self {
            inner,
            watch: Some(watch),
        }
    }
}

impl<B> Body for GuardedBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { inner, watch } = &mut *self;
        if let Some(watch) = watch {
            if watch.poll_over(cx).is_ready() {
                return Poll::Ready(Some(Err(Over.into())));
            }
            std::task::ready!(watch.hold.poll_held(cx));
        }
        let frame = std::task::ready!(Pin::new(inner).poll_frame(cx));
        let Some(watch) = watch else {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        };
        Poll::Ready(frame.map(|frame| {
            let frame = frame.map_err(Into::into)?;
            if let Some(data) = frame.data_ref() {
                watch.meter.passed(data.len() as u64);
            }
            Ok(match frame.into_trailers() {
                Ok(trailers) => Frame::trailers(watch.headers.retain_trailers(trailers)),
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

/// The body of what the client gets: our own words, or a handler's. In a support session it is counted,
/// and ends with an error, so that it never looks complete, when the session ends.
pub struct GuardedAnswer<B>(Words<B>);

enum Words<B> {
    Ours(Full<Bytes>),
    /// None, and nothing is said of how long it would have been.
    None,
    Handlers(Box<HandlersBody<B>>),
}

struct HandlersBody<B> {
    inner: B,
    relay: Option<Relay>,
}

/// Everything that lives as long as an answer is on its way.
pub(super) struct Relay {
    completer: Completer,
    flight: Flight,
    cut: CutFuture,
    hold: Hold,
}

impl Relay {
    pub(super) fn new(completer: Completer, flight: Flight) -> Self {
        let cut = Box::pin(flight.cut().clone().cancelled_owned());
        let hold = Hold::new(Arc::clone(flight.lease()));
        Self {
            completer,
            flight,
            cut,
            hold,
        }
    }
}

impl<B> GuardedAnswer<B> {
    pub(super) const fn ours(body: Full<Bytes>) -> Self {
        Self(Words::Ours(body))
    }

    pub(super) const fn none() -> Self {
        Self(Words::None)
    }
}

impl<B: Body> GuardedAnswer<B> {
    /// To a request that is in no support session.
    pub(super) fn plain(inner: B) -> Self {
        let relay = None;
        Self(Words::Handlers(Box::new(HandlersBody { inner, relay })))
    }

    /// In a support session.
    pub(super) fn watched(inner: B, relay: Relay) -> Self {
        let mut body = HandlersBody {
            inner,
            relay: Some(relay),
        };
        body.settle();
        Self(Words::Handlers(Box::new(body)))
    }
}

impl<B> HandlersBody<B> {
    fn end(&mut self, outcome: RequestOutcome) {
        if let Some(relay) = self.relay.take() {
            relay.completer.finish(outcome);
        }
    }
}

impl<B: Body> HandlersBody<B> {
    /// Notes a complete answer as soon as it is one: the server may never ask again.
    fn settle(&mut self) {
        if self.inner.is_end_stream() {
            self.end(RequestOutcome::Done);
        }
    }
}

impl<B> HandlersBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(relay) = &mut self.relay
            && relay.cut.as_mut().poll(cx).is_ready()
        {
            self.end(RequestOutcome::Cut);
            return Poll::Ready(Some(Err(Over.into())));
        }
        // Without a lease nothing more is given: it waits here, until it goes on or is cut.
        if let Some(relay) = &mut self.relay {
            std::task::ready!(relay.hold.poll_held(cx));
        }
        match std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
            Some(Ok(frame)) => {
                if let (Some(relay), Some(data)) = (&mut self.relay, frame.data_ref()) {
                    relay.completer.sent(data.len());
                }
                self.settle();
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                let relay = self.relay.as_ref();
                let cut = relay.is_some_and(|relay| relay.flight.cut().is_cancelled());
                self.end(if cut {
                    RequestOutcome::Cut
                } else {
                    RequestOutcome::Failed
                });
                Poll::Ready(Some(Err(error.into())))
            }
            None => {
                self.end(RequestOutcome::Done);
                Poll::Ready(None)
            }
        }
    }
}

impl<B> Drop for HandlersBody<B> {
    /// The client has gone, or its connection was cut.
    fn drop(&mut self) {
        self.end(RequestOutcome::Cut);
    }
}

impl<B> Body for GuardedAnswer<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Words::Ours(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Words::None => Poll::Ready(None),
            Words::Handlers(body) => body.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Words::Ours(body) => body.is_end_stream(),
            Words::None => true,
            Words::Handlers(body) => body.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Words::Ours(body) => body.size_hint(),
            Words::None => SizeHint::default(),
            Words::Handlers(body) => body.inner.size_hint(),
        }
    }
}
