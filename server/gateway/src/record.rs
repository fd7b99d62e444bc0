//! The record of a request: committed before the request is forwarded, or not at all.

pub(crate) mod completer;
pub(crate) mod meter;
pub(crate) mod watched;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use app::domain::access_log::Refusal;
use tokio::{sync::oneshot, time::Instant};

use self::{completer::Completer, meter::RequestMeter};
use crate::{
    admission::places::Place,
    answers::Trouble,
    clock::Clock,
    gate::lease::Lease,
    judge::Denied,
    ports::{Intent, Recorder, RefusedRequest},
    telemetry::{self, LogLimit},
};

/// Records requests and refusals.
pub(crate) struct Record {
    pub(crate) recorder: Arc<dyn Recorder>,
    pub(crate) clock: Arc<dyn Clock>,
    /// How long to wait for a record.
    pub(crate) patience: Duration,
    /// Limits the log lines about refusals that can come in any number.
    pub(crate) sampled: LogLimit,
}

impl Record {
    /// Commits the record of a request. Once begun, it runs to its end even if the client
    /// disconnects, and is then completed as cut. A record that comes too late is completed as
    /// refused, and its request is never forwarded.
    ///
    /// # Errors
    ///
    /// The answer for the client. The request must not be forwarded.
    pub(crate) async fn begin(
        &self,
        intent: Intent,
        started: Instant,
        meter: Arc<RequestMeter>,
        place: Place,
        lease: &Lease,
    ) -> Result<Completer, Trouble> {
        let (recorder, clock) = (Arc::clone(&self.recorder), Arc::clone(&self.clock));
        let unbegun = Completer::unbegun(recorder, clock, intent.clone(), started, meter, place);
        match self.within_patience(unbegun, lease).await {
            Ok(completer) => Ok(completer),
            Err(Refusal::RecordUnavailable) => {
                let refusal = Refusal::RecordUnavailable;
                self.tell(&intent, refusal, refusal.status());
                Err(Trouble::unavailable())
            }
            Err(refusal) => Err(self.refuse(intent, Denied::plain(refusal)).await),
        }
    }

    async fn within_patience(
        &self,
        unbegun: Completer,
        lease: &Lease,
    ) -> Result<Completer, Refusal> {
        let (answer, mut answered) = oneshot::channel();
        let given_up = Arc::new(AtomicBool::new(false));
        let too_late = Arc::clone(&given_up);
        tokio::spawn(async move {
            // Nobody receives it, because the time was up, the lease was lost, or the client has
            // disconnected. Only then it is dropped as cut.
            if let Err(Ok(late)) = answer.send(unbegun.begin().await)
                && too_late.load(Ordering::Acquire)
            {
                late.refuse(Refusal::RecordUnavailable);
            }
        });
        let waiting = tokio::time::timeout(self.patience, &mut answered);
        let begun = match lease.while_held(waiting).await {
            Some(Ok(begun)) => begun.ok(),
            Some(Err(_)) | None => {
                given_up.store(true, Ordering::Release);
                // Either it has arrived by now, or it finds no receiver. Never both.
                answered.close();
                answered.try_recv().ok()
            }
        };
        begun.unwrap_or(Err(Refusal::RecordUnavailable))
    }

    /// Records a refusal in its session, even if the client disconnects. Returns the answer for the
    /// client.
    pub(crate) async fn refuse(&self, request: Intent, denied: Denied) -> Trouble {
        let (refusal, status) = (denied.refusal, denied.status);
        self.tell(&request, refusal, status);
        let refused = RefusedRequest {
            request,
            refusal,
            status,
        };
        let recorder = Arc::clone(&self.recorder);
        // The refusal stands even if recording it fails or takes too long.
        let recorded = tokio::spawn(async move { recorder.refuse(refused).await });
        let _ = tokio::time::timeout(self.patience, recorded).await;
        denied.into()
    }

    /// Counts a refusal and logs it, but not too often.
    fn tell(&self, request: &Intent, refusal: Refusal, status: u16) {
        let held_back = match refusal.is_sampled() {
            true => self.sampled.pass(request.at),
            false => Some(0),
        };
        telemetry::refused(request, refusal, status, held_back);
    }
}
