//! Follows the keys that sign identities, and publishes the key set.
//!
//! The keys are files that the command line changes under a running server, so they are read again
//! every second. If a file can't be used, the server keeps the keys it has.

mod publish;

#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use app::identity::PublicKey;
use gateway::identities::Identities;
use tokio_util::sync::CancellationToken;

use crate::keys::identity;

pub(crate) use publish::key_set;

/// How often the key files are read.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Follows the key files in `data_dir` until `end`.
pub async fn follow(identities: Arc<Identities>, data_dir: PathBuf, end: CancellationToken) {
    let mut every = tokio::time::interval(LOOK_EVERY);
    // A fault is logged once, not every second.
    let mut told = String::new();
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = end.cancelled() => return,
        }
        let fault = look(&identities, &data_dir).err().unwrap_or_default();
        if fault != told {
            if !fault.is_empty() {
                tracing::error!(fault, "the identity keys are unchanged");
            }
            told = fault;
        }
    }
}

fn look(identities: &Identities, data_dir: &Path) -> Result<(), String> {
    let keys = identity::read_keys(data_dir).map_err(|error| error.to_string())?;
    if identities.replace(keys) {
        let key_set = identities.key_set();
        let signs = key_set.keys().first().map(PublicKey::kid);
        tracing::info!(
            key.signs = signs,
            key.published = key_set.keys().len(),
            "the identity keys were reloaded"
        );
    }
    Ok(())
}
