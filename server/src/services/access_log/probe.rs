//! Checks that requests can be recorded, so that the start and the end of an outage are noticed
//! even without a request.

use std::{sync::Arc, time::Duration};

use store::{StoreError, access_log::WrittenBy};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::services::Core;

/// How often it tries while all is well.
const WELL: Duration = Duration::from_secs(15);
/// How often it tries while nothing can be recorded.
const ILL: Duration = Duration::from_secs(1);

/// Writes as the gateway does, regularly, until `shutdown`. The store itself notes the result.
pub async fn probe_record(
    core: Core,
    by: WrittenBy,
    patience: Duration,
    shutdown: CancellationToken,
) {
    let by = Arc::new(by);
    let mut outage = core.store.watch_outage();
    loop {
        probe(&core, &by, patience).await;
        let rest = if core.store.outage().is_some() {
            ILL
        } else {
            WELL
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
            // An outage that a request has met is followed from now on.
            Ok(()) = outage.changed(), if core.store.outage().is_none() => {}
        }
    }
}

async fn probe(core: &Core, by: &Arc<WrittenBy>, patience: Duration) {
    let (by, now) = (Arc::clone(by), core.now());
    let deadline = Instant::now() + patience;
    let write = core
        .store
        .write_by(deadline.into_std(), None, by, move |by, tx| {
            Box::pin(async move { tx.probe_record(by, now).await })
        });
    let written: Result<Result<(), StoreError>, _> = tokio::time::timeout_at(deadline, write).await;
    if written.is_err() {
        core.store.note_slow();
    }
}
