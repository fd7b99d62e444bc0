//! Reports how a recorded request ended, in every case.

use std::sync::Arc;

use app::domain::access_log::{Refusal, RequestOutcome, UpgradeTally};
use tokio::time::Instant;

use super::meter::RequestMeter;
use crate::{
    admission::places::Place,
    answers::Trouble,
    clock::Clock,
    gate::Flight,
    judge::Denied,
    ports::{Completion, Ended, Intent, RecordError, Recorder, TunnelNote},
    telemetry,
};

/// Completes a begun record exactly once: with the reported outcome, or as cut if it is dropped
/// because the client has disconnected.
pub(crate) struct Completer {
    recorder: Arc<dyn Recorder>,
    clock: Arc<dyn Clock>,
    intent: Intent,
    started: Instant,
    request: Arc<RequestMeter>,
    response_bytes: u64,
    status: Option<u16>,
    tally: Option<UpgradeTally>,
    /// Whether the record is begun and not complete.
    is_open: bool,
    place: Arc<Place>,
}

impl Completer {
    /// For a record that has not begun.
    pub(super) fn unbegun(
        recorder: Arc<dyn Recorder>,
        clock: Arc<dyn Clock>,
        intent: Intent,
        started: Instant,
        request: Arc<RequestMeter>,
        place: Place,
    ) -> Self {
        Self {
            recorder,
            clock,
            intent,
            started,
            request,
            response_bytes: 0,
            status: None,
            tally: None,
            is_open: false,
            place: Arc::new(place),
        }
    }

    pub(super) async fn begin(mut self) -> Result<Self, Refusal> {
        let asked = Instant::now();
        let begun = self.recorder.begin(self.intent.clone()).await;
        telemetry::begun(asked.elapsed(), begun.is_ok());
        self.is_open = begun.is_ok();
        match begun {
            Ok(_) => Ok(self),
            Err(RecordError::SessionEnded(ended)) => Err(ended.refusal()),
            Err(RecordError::BudgetExhausted) => Err(Refusal::BudgetExhausted),
            Err(RecordError::Unavailable) => Err(Refusal::RecordUnavailable),
        }
    }

    /// The request's place. It is free once this and the record have gone.
    pub(crate) fn place(&self) -> Arc<Place> {
        Arc::clone(&self.place)
    }

    /// The status sent to the client.
    pub(crate) fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// This many bytes of the answer's body were passed on.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.response_bytes += bytes as u64;
    }

    /// The traffic so far since a protocol upgrade. The request is still open.
    pub(crate) fn note(&self, tally: UpgradeTally) {
        let request = &self.intent;
        self.recorder.note(TunnelNote {
            request_id: request.request_id,
            support_session_id: request.support_session_id,
            tally,
        });
    }

    /// The total traffic since a protocol upgrade.
    pub(crate) fn tunnelled(&mut self, tally: UpgradeTally) {
        self.response_bytes += tally.to_client.bytes;
        self.tally = Some(tally);
    }

    /// The request has ended.
    pub(crate) fn finish(mut self, outcome: RequestOutcome) {
        self.complete(outcome, None);
    }

    /// The request is refused after all. Returns the answer for the client.
    pub(crate) fn refuse(mut self, refusal: Refusal) -> Trouble {
        self.status = Some(refusal.status());
        self.complete(RequestOutcome::Refused, Some(refusal));
        match refusal {
            Refusal::RecordUnavailable => Trouble::unavailable(),
            refusal => Denied::plain(refusal).into(),
        }
    }

    /// The request ends with the gateway's own answer, which this returns.
    pub(crate) fn tell(mut self, outcome: RequestOutcome, trouble: Trouble) -> Trouble {
        self.answered(trouble.status);
        self.finish(outcome);
        trouble
    }

    /// The request was cut before it was answered. Returns the answer for the client.
    pub(crate) fn cut(self, flight: &Flight) -> Trouble {
        let trouble = match flight.ended() {
            None if !flight.lease().is_held() => Trouble::cut_without_lease(),
            ended => Denied::plain(ended.unwrap_or(Ended::Revoked).refusal()).into(),
        };
        self.tell(RequestOutcome::Cut, trouble.closing())
    }

    /// The proxy that asked forwards the request. Its report completes the row.
    pub(crate) fn hand_over(mut self) {
        self.is_open = false;
        telemetry::handed_over();
    }

    fn complete(&mut self, outcome: RequestOutcome, refusal: Option<Refusal>) {
        if !std::mem::replace(&mut self.is_open, false) {
            return;
        }
        let completion = Completion {
            request_id: self.intent.request_id,
            support_session_id: self.intent.support_session_id,
            tenant_id: self.intent.tenant_id.clone(),
            at: self.clock.now(),
            status: self.status,
            outcome,
            refusal,
            duration: self.started.elapsed(),
            request_bytes: self.request.bytes(),
            response_bytes: self.response_bytes,
            tally: self.tally.take(),
        };
        telemetry::completed(&self.intent, &completion);
        self.recorder.complete(completion);
    }
}

impl Drop for Completer {
    fn drop(&mut self) {
        self.complete(RequestOutcome::Cut, None);
    }
}
