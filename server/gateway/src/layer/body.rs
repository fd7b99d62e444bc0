//! Bodies to and from handlers: counted, and cut when the session ends.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{Either, Full};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::{
    arrival::body::{BodyError, BodySource},
    gate::{Flight, lease::Hold},
    headers::RequestHeaders,
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
            inner: Either::Left(body),
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
            return Poll::Ready(frame);
        };
        Poll::Ready(frame.map(|frame| {
            let frame = frame?;
            if let Some(data) = frame.data_ref() {
                watch.meter.passed(data.len() as u64);
            }
            Ok(watch.headers.retain_trailers_of(frame))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The body of a response: our own, or a handler's. In a support session it is counted, and it ends
/// with an error when the session ends, so that it never looks complete.
pub struct GuardedAnswer<B>(Words<B>);

enum Words<B> {
    Ours(Full<Bytes>),
    /// None, and nothing is said of how long it would have been.
    None,
    /// A handler's, to a request that is in no support session.
    Plain(B),
    /// A handler's in a support session.
    Watched(Box<WatchedBody<B>>),
}

impl<B> GuardedAnswer<B> {
    pub(super) const fn ours(body: Full<Bytes>) -> Self {
        Self(Words::Ours(body))
    }

    pub(super) const fn none() -> Self {
        Self(Words::None)
    }

    pub(super) const fn plain(body: B) -> Self {
        Self(Words::Plain(body))
    }

    pub(super) fn watched(body: WatchedBody<B>) -> Self {
        Self(Words::Watched(Box::new(body)))
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
            Words::Plain(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Words::Watched(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Words::Ours(body) => body.is_end_stream(),
            Words::None => true,
            Words::Plain(body) => body.is_end_stream(),
            Words::Watched(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Words::Ours(body) => body.size_hint(),
            Words::None => SizeHint::default(),
            Words::Plain(body) => body.size_hint(),
            Words::Watched(body) => body.size_hint(),
        }
    }
}
