//! Bodies on their way, and what is done to them as they pass.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{Either, Full};
use hyper::body::Incoming;

/// Why a body ended early.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The source of a request's body: the client, as it sends, or memory if the body had to be read
/// before the request could pass.
pub(crate) type BodySource<B = ClientBody> = Either<B, Full<Bytes>>;

/// Takes the rest of a body that nobody reads any more.
type TakeRest = Box<dyn FnOnce(Incoming) + Send + Sync>;

/// A client's body, as it sends.
pub(crate) struct ClientBody {
    /// Present until it is dropped.
    inner: Option<Incoming>,
    take_rest: Option<TakeRest>,
}

impl ClientBody {
    /// A body whose rest is lost once nobody reads it.
    pub(crate) const fn new(inner: Incoming) -> Self {
        Self {
            inner: Some(inner),
            take_rest: None,
        }
    }

    /// A body whose rest goes to `take_rest` once nobody reads it.
    pub(crate) fn with_rest(
        inner: Incoming,
        take_rest: impl FnOnce(Incoming) + Send + Sync + 'static,
    ) -> Self {
        Self {
            inner: Some(inner),
            take_rest: Some(Box::new(take_rest)),
        }
    }
}

impl Body for ClientBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.inner {
            Some(inner) => Pin::new(inner).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for ClientBody {
    fn drop(&mut self) {
        if let (Some(inner), Some(take_rest)) = (self.inner.take(), self.take_rest.take())
            && !inner.is_end_stream()
        {
            take_rest(inner);
        }
    }
}

/// The next part of a body, once it is there.
pub(crate) type NextFrame = Poll<Option<Result<Frame<Bytes>, BodyError>>>;

/// A body, and what is done to it as it passes.
pub struct Relayed<B, R> {
    /// Dropped before the body, because it may have to report an early end.
    pub(crate) relay: R,
    pub(crate) inner: B,
}

/// What is done to a body as it passes.
pub trait Relay<B: Body> {
    /// The next part as it is passed on.
    fn poll(&mut self, inner: &mut B, cx: &mut Context<'_>) -> NextFrame;

    /// Whether nothing follows.
    fn is_over(&self, inner: &B) -> bool {
        inner.is_end_stream()
    }

    /// What is known of the length of the rest.
    fn length(&self, inner: &B) -> SizeHint {
        inner.size_hint()
    }
}

impl<B, R> Body for Relayed<B, R>
where
    B: Body + Unpin,
    R: Relay<B> + Unpin,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> NextFrame {
        let Self { relay, inner } = &mut *self;
        relay.poll(inner, cx)
    }

    fn is_end_stream(&self) -> bool {
        self.relay.is_over(&self.inner)
    }

    fn size_hint(&self) -> SizeHint {
        self.relay.length(&self.inner)
    }
}
