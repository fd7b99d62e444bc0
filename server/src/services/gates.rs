//! Informs this process's gates of a commit immediately, without the change log.

use app::domain::{SupportSessionId, support_sessions::SupportSessionStatus};
use gateway::{SessionGates, ports::Ended};
use store::{Db, StoreError};

use super::Core;

/// Cuts off requests whose credential is no longer one of their support session, and stops those on
/// their way to the gate. Returns how many were cut off.
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

/// Like [`cut_replaced`], after the new credential is committed. If the store can't say which
/// credentials are valid, none is: clients with a valid one retry.
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

/// Ends open requests of support sessions that were revoked along with something else. If the store
/// fails, the change log will do it later.
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
