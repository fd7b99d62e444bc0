//! Hands over how a recorded request ended, whatever becomes of it.

use std::sync::Arc;

use app::domain::access_log::{Refusal, RequestOutcome};
use tokio::time::Instant;

use super::{
    body::RequestMeter,
    ports::{Completion, Intent, Recorder},
    telemetry,
};
use crate::clock::Clock;

/// Exists for each record that was begun, and completes it exactly once: when told how the request
/// ended, or as cut when it is dropped because the client has gone.
pub(super) struct Completer {
    recorder: Arc<dyn Recorder>,
    clock: Arc<dyn Clock>,
    intent: Intent,
    started: Instant,
    request: Arc<RequestMeter>,
    response_bytes: u64,
    status: Option<u16>,
    completed: bool,
}

impl Completer {
    pub(super) fn new(
        recorder: Arc<dyn Recorder>,
        clock: Arc<dyn Clock>,
        intent: Intent,
        started: Instant,
        request: Arc<RequestMeter>,
    ) -> Self {
        Self {
            recorder,
            clock,
            intent,
            started,
            request,
            response_bytes: 0,
            status: None,
            completed: false,
        }
    }

    /// The client was told this status.
    pub(super) fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// This many bytes of the answer's body were passed on.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.response_bytes += bytes as u64;
    }

    /// The request has ended.
    pub(super) fn finish(mut self, outcome: RequestOutcome) {
        self.complete(outcome, None);
    }

    /// The session ended between record and forwarding.
    pub(super) fn refuse(mut self, refusal: Refusal) {
        self.status = Some(refusal.status());
        self.complete(RequestOutcome::Refused, Some(refusal));
    }

    fn complete(&mut self, outcome: RequestOutcome, refusal: Option<Refusal>) {
        if std::mem::replace(&mut self.completed, true) {
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
