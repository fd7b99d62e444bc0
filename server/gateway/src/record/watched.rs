//! An answer's body on its way to the client, while its support session is active.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use app::domain::access_log::RequestOutcome;
use bytes::Bytes;
use http_body::{Body, Frame};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{completer::Completer, meter::RequestMeter};
use crate::{
    admission::places::Place,
    body::{BodyError, NextFrame, Relay, Relayed},
    gate::{Flight, lease::Hold},
    headers,
};

/// An answer's body. It is counted. When the session ends, it ends with an error, so that it never
/// looks complete. Its end completes the record.
pub(crate) type WatchedBody<B> = Relayed<B, Watched>;

/// Holds the record of an answer until it is complete, and the request's place until the client has taken
/// the answer.
pub struct Watched {
    watch: Option<Watch>,
    _place: Arc<Place>,
}

struct Watch {
    completer: Completer,
    flight: Flight,
    request: Arc<RequestMeter>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    hold: Hold,
    at_end: AtEnd,
}

/// Called with how the request has ended.
type AtEnd = Box<dyn FnOnce(RequestOutcome) + Send>;

#[derive(Debug, thiserror::Error)]
#[error("the support session has ended")]
struct Over;

impl<B: Body> WatchedBody<B> {
    /// `at_end` owns everything that must live as long as the answer is on its way.
    pub(crate) fn new(
        inner: B,
        completer: Completer,
        flight: Flight,
        request: Arc<RequestMeter>,
        at_end: impl FnOnce(RequestOutcome) + Send + 'static,
    ) -> Self {
        let place = completer.place();
        let watch = Watch {
            completer,
            request,
            cut: Box::pin(flight.cut().clone().cancelled_owned()),
            hold: Hold::new(Arc::clone(flight.lease())),
            flight,
            at_end: Box::new(at_end),
        };
        let mut relay = Watched {
            watch: Some(watch),
            _place: place,
        };
        relay.settle(&inner);
        Self { relay, inner }
    }
}

impl Watched {
    /// Notes that an answer is complete as soon as it is, because the server may never poll again.
    fn settle(&mut self, inner: &impl Body) {
        if inner.is_end_stream() {
            self.end(RequestOutcome::Done);
        }
    }

    fn end(&mut self, outcome: RequestOutcome) {
        if let Some(watch) = self.watch.take() {
            watch.completer.finish(outcome);
            (watch.at_end)(outcome);
        }
    }
}

impl<B> Relay<B> for Watched
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    fn poll(&mut self, inner: &mut B, cx: &mut Context<'_>) -> NextFrame {
        if let Some(watch) = &mut self.watch {
            if watch.cut.as_mut().poll(cx).is_ready() {
                self.end(RequestOutcome::Cut);
                return Poll::Ready(Some(Err(Over.into())));
            }
            // Without a lease nothing more is relayed. The body waits here until it continues or is
            // cut off.
            ready!(watch.hold.poll_held(cx));
        }
        match ready!(Pin::new(&mut *inner).poll_frame(cx)) {
            Some(Ok(frame)) => {
                if let (Some(watch), Some(data)) = (&mut self.watch, frame.data_ref()) {
                    watch.completer.sent(data.len());
                }
                self.settle(inner);
                let frame = match frame.into_trailers() {
                    Ok(trailers) => Frame::trailers(headers::answered_trailers(trailers)),
                    Err(frame) => frame,
                };
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
}

impl Drop for Watched {
    /// The client has gone, or its connection was cut.
    fn drop(&mut self) {
        self.end(RequestOutcome::Cut);
    }
}
