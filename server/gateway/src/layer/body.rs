//! Bodies to and from handlers: counted, and cut when the session ends.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, SizeHint};
use http_body_util::{Either, Full};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::{
    body::{BodyError, BodySource, NextFrame, Relay, Relayed},
    gate::{Flight, lease::Hold},
    headers::{RequestHeaders, Sender},
    record::{meter::RequestMeter, watched::WatchedBody},
};

/// Becomes ready when the session ends.
type CutFuture = Pin<Box<WaitForCancellationFutureOwned>>;

#[derive(Debug, thiserror::Error)]
#[error("the support session has ended, or its request is answered")]
struct Over;

/// A request's body as a handler reads it. In a support session it is counted. It ends with an
/// error when the session ends, or once the request is answered, because later bytes would not be
/// recorded.
pub type GuardedBody<B> = Relayed<BodySource<B>, Option<Watch>>;

/// Counts and cuts the body of a request in a support session.
pub struct Watch {
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
    /// The body of a request that is in no support session.
    pub(super) const fn plain(body: B) -> Self {
        Self {
            relay: None,
            inner: Either::Left(body),
        }
    }

    pub(super) fn guarded(
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
            relay: Some(watch),
            inner,
        }
    }
}

impl<B> Relay<BodySource<B>> for Option<Watch>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    fn poll(&mut self, inner: &mut BodySource<B>, cx: &mut Context<'_>) -> NextFrame {
        let inner = Pin::new(inner);
        let Some(watch) = self else {
            return inner.poll_frame(cx);
        };
        if watch.poll_over(cx).is_ready() {
            return Poll::Ready(Some(Err(Over.into())));
        }
        ready!(watch.hold.poll_held(cx));
        let frame = ready!(inner.poll_frame(cx));
        Poll::Ready(frame.map(|frame| {
            let frame = frame?;
            if let Some(data) = frame.data_ref() {
                watch.meter.passed(data.len() as u64);
            }
            Ok(watch.headers.retain_trailers_of(Sender::Program, frame))
        }))
    }
}

/// The body of a response: our own, or a handler's. In a support session a handler's is counted, and
/// it ends with an error when the session ends, so that it never looks complete.
pub type GuardedAnswer<B> = Either<OwnWords, Either<B, Box<WatchedBody<B>>>>;

/// The body of a response of our own.
pub(super) type OwnWords = Relayed<Full<Bytes>, SaysLength>;

/// Whether the response says the length of its body. Not if a handler's body was left out.
pub struct SaysLength(bool);

impl OwnWords {
    pub(super) const fn new(inner: Full<Bytes>) -> Self {
        let relay = SaysLength(true);
        Self { relay, inner }
    }

    /// In place of a body that was left out.
    pub(super) fn none() -> Self {
        let (relay, inner) = (SaysLength(false), Full::default());
        Self { relay, inner }
    }
}

impl Relay<Full<Bytes>> for SaysLength {
    fn poll(&mut self, inner: &mut Full<Bytes>, cx: &mut Context<'_>) -> NextFrame {
        Pin::new(inner).poll_frame(cx).map_err(Into::into)
    }

    fn length(&self, inner: &Full<Bytes>) -> SizeHint {
        match self.0 {
            true => inner.size_hint(),
            false => SizeHint::default(),
        }
    }
}
