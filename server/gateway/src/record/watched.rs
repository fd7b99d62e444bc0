//! An answer's body on its way to the client, for as long as its support session goes on.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use app::domain::access_log::RequestOutcome;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{completer::Completer, meter::RequestMeter};
use crate::{
    arrival::body::BodyError,
    gate::{Flight, lease::Hold},
};

/// An answer's body. It is counted, and ends with an error, so that it never looks complete, when the
/// session ends. Its end completes the record.
pub(crate) struct WatchedBody<B> {
    inner: B,
    /// Until the record is complete.
    watch: Option<Watch>,
}

struct Watch {
    completer: Completer,
    flight: Flight,
    request: Arc<RequestMeter>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    hold: Hold,
    at_end: AtEnd,
}

/// Is told how the request has ended.
type AtEnd = Box<dyn FnOnce(RequestOutcome) + Send>;

#[derive(Debug, thiserror::Error)]
#[error("the support session has ended")]
struct Over;

impl<B: Body> WatchedBody<B> {
    /// `at_end` holds what must live as long as the answer is on its way.
    pub(crate) fn new(
        inner: B,
        completer: Completer,
        flight: Flight,
        request: Arc<RequestMeter>,
        at_end: impl FnOnce(RequestOutcome) + Send + 'static,
    ) -> Self {
        let watch = Watch {
            completer,
            request,
            cut: Box::pin(flight.cut().clone().cancelled_owned()),
            hold: Hold::new(Arc::clone(flight.lease())),
            flight,
            at_end: Box::new(at_end),
        };
        let mut body = Self {
            inner,
            watch: Some(watch),
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
}

impl<B> WatchedBody<B> {
    fn end(&mut self, outcome: RequestOutcome) {
        if let Some(watch) = self.watch.take() {
            watch.completer.finish(outcome);
            (watch.at_end)(outcome);
        }
    }
}

impl<B> Body for WatchedBody<B>
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
        if let Some(watch) = &mut self.watch {
            if watch.cut.as_mut().poll(cx).is_ready() {
                self.end(RequestOutcome::Cut);
                return Poll::Ready(Some(Err(Over.into())));
            }
            // Without a lease nothing more is relayed. The body waits here until it continues or is
            // cut off.
            ready!(watch.hold.poll_held(cx));
        }
        match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
            Some(Ok(frame)) => {
                if let (Some(watch), Some(data)) = (&mut self.watch, frame.data_ref()) {
                    watch.completer.sent(data.len());
                }
                self.settle();
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                // A client whose body breaks off breaks the upstream's connection.
                let is_cut = self.watch.as_ref().is_some_and(|watch| {
                    watch.flight.cut().is_cancelled() || watch.request.fault().is_some()
                });
                self.end(match is_cut {
                    true => RequestOutcome::Cut,
                    false => RequestOutcome::Failed,
                });
                Poll::Ready(Some(Err(error.into())))
            }
            None => {
                self.end(RequestOutcome::Done);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> Drop for WatchedBody<B> {
    /// The client has gone, or its connection was cut.
    fn drop(&mut self) {
        self.end(RequestOutcome::Cut);
    }
}
