//! What this process's gates are told of a commit at once, without waiting for the log of changes.

use app::domain::{SupportSessionId, support_sessions::SupportSessionStatus};
use gateway::{SessionGates, ports::Ended};
use store::{Db, StoreError};

use super::Core;

/// Cuts requests that came with what is no credential of their support session any more, and lets
/// none pass that is on its way to the gate. Gives how many were cut.
///
/// # Errors
///
/// If the store can't say which credentials are good.
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

/// As [`cut_replaced`], once the new credential is committed. If the store can't say which are good,
/// none is: whoever holds a good one asks again.
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

/// Ends what is in flight of support sessions that have been revoked along with something else. What
/// the store can't say now the log of changes says as soon as it can.
///
/// # Errors
///
/// If the store does not answer.
pub(super) async fn end_revoked(core: &Core, gates: &SessionGates) -> Result<(), StoreError> {
    let now = core.now();
    let mut reader = core.store.read().await?;
    for id in gates.sessions() {
        let found = reader.db().lookup_support_session(id).await?;
        if found.is_some_and(|session| session.status(now) == SupportSessionStatus::Revoked) {
            gates.end(id, Ended::Revoked);
        }
    }
    Ok(())
}
