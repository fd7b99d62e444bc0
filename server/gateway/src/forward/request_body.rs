//! A client's body on its way upstream.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::{
    arrival::body::{BodyError, BodySource},
    gate::lease::{Hold, Lease},
    headers::RequestHeaders,
    record::meter::{BodyFault, RequestMeter},
};

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
    pub(super) fn new(
        inner: BodySource,
        meter: Arc<RequestMeter>,
        headers: Arc<RequestHeaders>,
        idle: Duration,
        lease: Arc<Lease>,
    ) -> Self {
        meter.set_ended(inner.is_end_stream());
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
        self.meter.broke_off(fault);
        fault.into()
    }

    /// The next frame, as soon as the client has sent it or has been silent for too long.
    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let next = Pin::new(&mut self.inner).poll_frame(cx);
        // The client's time begins when everything waits for it, and ends with what it sends.
        if self.meter.set_waiting(next.is_pending()) {
            let deadline = Instant::now() + self.idle;
            self.silence.as_mut().reset(deadline);
        }
        let Poll::Ready(frame) = next else {
            ready!(self.silence.as_mut().poll(cx));
            return Poll::Ready(Some(Err(self.broken(BodyFault::Stalled))));
        };
        Poll::Ready(frame.map(|frame| frame.map_err(|e| self.broken(BodyFault::of(&*e)))))
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
            self.meter.passed(data.len() as u64);
        }
        if frame.is_none() || self.inner.is_end_stream() {
            self.meter.set_ended(true);
        }
        Poll::Ready(frame.map(|frame| frame.map(|frame| self.headers.retain_trailers_of(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
