//! Requests that came with what is no credential of their support session any more.

use app::domain::SupportSessionId;

use super::Core;
use crate::{
    gateway::SessionGates,
    store::{Db, StoreError},
};

/// Cuts those, and lets none pass that is on its way to the gate. Gives how many were cut.
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
