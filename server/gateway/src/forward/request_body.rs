//! A client's body on its way upstream.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use http_body::Body;
use tokio::time::{Instant, Sleep};

use super::on_request::Wait;
use crate::{
    body::{BodyError, BodySource, NextFrame, Relay, Relayed},
    gate::lease::{Hold, Lease},
    headers::{RequestHeaders, Sender},
    record::meter::{BodyFault, RequestMeter},
};

/// A client's body. It breaks off if the client breaks off, or is silent for too long.
pub(crate) type RequestBody = Relayed<BodySource, FromClient>;

pub(crate) struct FromClient {
    meter: Arc<RequestMeter>,
    sender: Sender,
    headers: Arc<RequestHeaders>,
    idle: Duration,
    silence: Pin<Box<Sleep>>,
    hold: Hold,
    wait: Option<Wait>,
}

impl RequestBody {
    pub(super) fn new(
        inner: BodySource,
        meter: Arc<RequestMeter>,
        (sender, headers): (Sender, Arc<RequestHeaders>),
        idle: Duration,
        lease: Arc<Lease>,
    ) -> Self {
        meter.set_ended(inner.is_end_stream());
        let relay = FromClient {
            meter,
            sender,
            headers,
            idle,
            silence: Box::pin(tokio::time::sleep(idle)),
            hold: Hold::new(lease),
            wait: None,
        };
        Self { relay, inner }
    }

    /// Asks the client for nothing before that.
    pub(super) fn wait_for(&mut self, wait: Wait) {
        self.relay.wait = Some(wait);
    }
}

impl FromClient {
    fn broken(&self, fault: BodyFault) -> BodyError {
        self.meter.broke_off(fault);
        fault.into()
    }

    /// The next frame, as soon as the client has sent it or has been silent for too long.
    fn next(&mut self, inner: &mut BodySource, cx: &mut Context<'_>) -> NextFrame {
        let next = Pin::new(inner).poll_frame(cx);
        // The client's time begins when the request waits for it, and ends when it sends something.
        if self.meter.set_waiting(next.is_pending()) {
            self.silence.as_mut().reset(Instant::now() + self.idle);
        }
        let Poll::Ready(frame) = next else {
            ready!(self.silence.as_mut().poll(cx));
            return Poll::Ready(Some(Err(self.broken(BodyFault::Stalled))));
        };
        Poll::Ready(frame.map(|frame| frame.map_err(|e| self.broken(BodyFault::of(&*e)))))
    }
}

impl Relay<BodySource> for FromClient {
    fn poll(&mut self, inner: &mut BodySource, cx: &mut Context<'_>) -> NextFrame {
        ready!(self.hold.poll_held(cx));
        if let Some(wait) = &mut self.wait {
            ready!(wait.poll(cx));
            self.wait = None;
        }
        let frame = ready!(self.next(inner, cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.meter.passed(data.len() as u64);
        }
        if frame.is_none() || inner.is_end_stream() {
            self.meter.set_ended(true);
        }
        let retain = |frame| self.headers.retain_trailers_of(self.sender, frame);
        Poll::Ready(frame.map(|frame| frame.map(retain)))
    }
}
