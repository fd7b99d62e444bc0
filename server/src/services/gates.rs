//! Informs this process's gates of a commit immediately, without the change log.

use app::domain::SupportSessionId;
use gateway::{SessionGates, ports::Ended};
use store::{Db, StoreError};

use super::Core;

/// Cuts requests whose credential is no longer valid for their support session, and stops those on
/// their way to the gate. Returns how many were cut.
///
/// # Errors
///
/// If the store can't say which credentials are valid.
pub(super) async fn cut_replaced(
    db: &mut Db<'_>,
    gates: &SessionGates,
    id: SupportSessionId,
) -> Result<usize, StoreError> {
    let mut cut = 0;
    for hash in gates.tokens(id) {
        if !db.is_support_credential(hash).await? {
            cut += gates.cut_token(id, &hash).requests;
        }
    }
    Ok(cut)
}

/// Like [`cut_replaced`], after the new credential is committed. If the store can't say which
/// credentials are valid, all requests are cut. Clients with a valid one can retry.
pub(super) async fn cut_replaced_now(
    core: &Core,
    gates: &SessionGates,
    id: SupportSessionId,
) -> usize {
    let known = async {
        let mut reader = core.store.read().await?;
        cut_replaced(&mut reader.db(), gates, id).await
    };
    match known.await {
        Ok(cut) => cut,
        Err(_) => {
            let hashes = gates.tokens(id).into_iter();
            hashes.map(|hash| gates.cut_token(id, &hash).requests).sum()
        }
    }
}

/// Ends open requests of support sessions that a commit has just revoked along with something else,
/// before anyone is answered. It asks no store, so it can't fail.
pub(super) fn end_revoked(gates: &SessionGates, revoked: &[SupportSessionId]) {
    for id in revoked {
        let cut = gates.end(*id, Ended::Revoked);
        tracing::info!(support_session.id = %id, requests.cut = cut.requests, "support session revoked");
    }
}
