//! Ends that were committed elsewhere: at the command line, on another node, or together with the
//! loss of a role. What is in flight here is cut.

use std::sync::Arc;

use app::domain::{SupportSessionId, support_sessions::SupportSessionStatus};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::{
    gateway::{SessionGates, ports::Ended},
    services::Core,
    store::{ChangeKind, StoreError},
};

/// Follows the log of changes until `shutdown`, and cuts what is in flight in sessions that have
/// been revoked.
pub async fn follow_revocations(core: Core, gates: Arc<SessionGates>, shutdown: CancellationToken) {
    let mut changes = core.store.changes();
    loop {
        let change = tokio::select! {
            () = shutdown.cancelled() => return,
            change = changes.recv() => change,
        };
        let touched = match change {
            Ok(change) if change.kind == ChangeKind::SupportSession => {
                change.subject.parse().into_iter().collect()
            }
            Ok(_) => continue,
            // Some changes were missed: look at every session with requests in flight.
            Err(RecvError::Lagged(_)) => gates.sessions(),
            Err(RecvError::Closed) => return,
        };
        for id in touched {
            if let Err(error) = end_if_revoked(&core, &gates, id).await {
                tracing::error!(support_session.id = %id, error = %error, "a revocation can't be looked up");
            }
        }
    }
}

async fn end_if_revoked(
    core: &Core,
    gates: &SessionGates,
    id: SupportSessionId,
) -> Result<(), StoreError> {
    if !gates.is_used(id) {
        return Ok(());
    }
    let found = core
        .store
        .read()
        .await?
        .db()
        .lookup_support_session(id)
        .await?;
    let ended = match found.map(|session| session.status(core.now())) {
        Some(SupportSessionStatus::Revoked) => Ended::Revoked,
        // Of an expiry each node knows by itself; that nobody uses a session any more only the one
        // knows that told of it.
        Some(SupportSessionStatus::Expired) => Ended::Expired,
        Some(SupportSessionStatus::Active) | None => return Ok(()),
    };
    let cut = gates.end(id, ended);
    tracing::info!(support_session.id = %id, requests.cut = cut.requests, "support session was ended elsewhere");
    Ok(())
}
