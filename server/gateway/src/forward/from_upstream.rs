//! An upstream's body on its way to the client.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::{arrival::body::BodyError, headers};

/// Ends with an error, and so never looks complete, if the upstream breaks off or is silent for too
/// long.
pub(super) struct FromUpstream {
    inner: Incoming,
    silence: Pin<Box<Sleep>>,
    idle: Duration,
}

#[derive(Debug, thiserror::Error)]
#[error("the upstream was silent for too long")]
struct Silent;

impl FromUpstream {
    pub(super) fn new(inner: Incoming, idle: Duration) -> Self {
        Self {
            inner,
            silence: Box::pin(tokio::time::sleep(idle)),
            idle,
        }
    }
}

impl Body for FromUpstream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) else {
            ready!(self.silence.as_mut().poll(cx));
            return Poll::Ready(Some(Err(Silent.into())));
        };
        let deadline = Instant::now() + self.idle;
        self.silence.as_mut().reset(deadline);
        let frame = frame.map(|frame| match frame?.into_trailers() {
            Ok(trailers) => Ok(Frame::trailers(headers::answered_trailers(trailers))),
            Err(frame) => Ok(frame),
        });
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
