//! An upstream's body on its way to the client.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use http_body::Body;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::body::{NextFrame, Relay, Relayed};

/// Ends with an error, and so never looks complete, if the upstream breaks off or is silent for too
/// long.
pub(super) type FromUpstream = Relayed<Incoming, Silence>;

pub(super) struct Silence {
    until: Pin<Box<Sleep>>,
    idle: Duration,
}

#[derive(Debug, thiserror::Error)]
#[error("the upstream was silent for too long")]
struct Silent;

pub(super) fn from_upstream(inner: Incoming, idle: Duration) -> FromUpstream {
    let until = Box::pin(tokio::time::sleep(idle));
    let relay = Silence { until, idle };
    Relayed { relay, inner }
}

impl Relay<Incoming> for Silence {
    fn poll(&mut self, inner: &mut Incoming, cx: &mut Context<'_>) -> NextFrame {
        let Poll::Ready(frame) = Pin::new(inner).poll_frame(cx) else {
            ready!(self.until.as_mut().poll(cx));
            return Poll::Ready(Some(Err(Silent.into())));
        };
        self.until.as_mut().reset(Instant::now() + self.idle);
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }
}
