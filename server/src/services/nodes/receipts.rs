//! This node's confirmation of a revocation.

use std::sync::Arc;

use app::domain::{SupportSessionId, nodes::NodeConfirmation};
use gateway::SessionGates;
use store::{ChangeKind, Priority, StoreError};

use crate::services::Core;

/// Records that everything in a revoked session has stopped here. `asked_at` is when the revocation
/// was about to be committed, in microseconds by the store's clock.
///
/// No actor: the revocation has its own event. A failure is retried by the next review.
pub(super) async fn confirm(
    core: Core,
    gates: Arc<SessionGates>,
    boot: Arc<str>,
    id: SupportSessionId,
    asked_at: i64,
) {
    let store = core.store.clone();
    let written = store.write(
        Priority::Normal,
        (core, gates, boot),
        move |(core, gates, boot), tx| {
            Box::pin(async move {
                let now = tx.store_now(core.now()).await?;
                let past = gates.past(id);
                let after = now.timestamp_micros().saturating_sub(asked_at).max(0);
                let confirmed = NodeConfirmation {
                    after_us: u64::try_from(after).unwrap_or_default(),
                    requests_cut: past.requests_cut as u64,
                    last_sent_us: past.last_sent.map(|at| {
                        let ago = i64::try_from(at.elapsed().as_micros()).unwrap_or(i64::MAX);
                        after.saturating_sub(ago)
                    }),
                };
                if tx.confirm_receipt(id, boot, confirmed).await? {
                    tx.change(ChangeKind::SupportSession, id, core.now())
                        .await?;
                }
                Ok::<_, StoreError>(())
            })
        },
    );
    if let Err(error) = written.await {
        tracing::warn!(support_session.id = %id, error = %error, "can't confirm a revocation yet");
    }
}
