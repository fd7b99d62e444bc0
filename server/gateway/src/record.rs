//! Waits for the record of one request, for so long and no longer.

pub(crate) mod completer;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use app::domain::access_log::Refusal;
use tokio::{sync::oneshot, time::Instant};

use self::completer::Completer;
use crate::{
    clock::Clock,
    forward::body::RequestMeter,
    ports::{Intent, RecordError, Recorder},
    telemetry,
};

/// The record of a request that is about to be begun.
pub(super) struct Begin {
    pub(super) recorder: Arc<dyn Recorder>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) intent: Intent,
    pub(super) started: Instant,
    pub(super) meter: Arc<RequestMeter>,
}

impl Begin {
    /// Commits the record. What has been begun runs to its end even if the client hangs up, and is
    /// completed as cut then; a record that comes after `patience` is completed as refused: its
    /// request is never forwarded.
    ///
    /// # Errors
    ///
    /// Why the request is not forwarded.
    pub(super) async fn within(self, patience: Duration) -> Result<Completer, Refusal> {
        let (answer, mut answered) = oneshot::channel();
        let given_up = Arc::new(AtomicBool::new(false));
        let too_late = Arc::clone(&given_up);
        tokio::spawn(async move {
            // Nobody takes it: the time was up, or the client has hung up, and it is dropped as cut.
            if let Err(Ok(late)) = answer.send(self.begin().await)
                && too_late.load(Ordering::Acquire)
            {
                late.refuse(Refusal::RecordUnavailable);
            }
        });
        let begun = match tokio::time::timeout(patience, &mut answered).await {
            Ok(begun) => begun.ok(),
            Err(_) => {
                given_up.store(true, Ordering::Release);
                // Either it is here by now, or it finds nobody: never both.
                answered.close();
                answered.try_recv().ok()
            }
        };
        begun.unwrap_or(Err(Refusal::RecordUnavailable))
    }

    async fn begin(self) -> Result<Completer, Refusal> {
        let asked = Instant::now();
        let begun = self.recorder.begin(self.intent.clone()).await;
        telemetry::begun(asked.elapsed(), begun.is_ok());
        match begun {
            Ok(_) => Ok(Completer::new(
                self.recorder,
                self.clock,
                self.intent,
                self.started,
                self.meter,
            )),
            Err(RecordError::SessionEnded(ended)) => Err(ended.refusal()),
            Err(RecordError::BudgetExhausted) => Err(Refusal::BudgetExhausted),
            Err(RecordError::Unavailable) => Err(Refusal::RecordUnavailable),
        }
    }
}
