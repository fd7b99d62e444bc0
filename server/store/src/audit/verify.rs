//! Verifies the chains where they are stored.

use audit::verify::{Extent, KeptHead, Report, Verifier};
use ed25519_dalek::VerifyingKey;

use crate::{Store, StoreError};

/// Verifies every chain of a store, which may be written at the same time. `key` is the one that
/// checkpoints are signed with.
pub async fn verify_store(
    store: &Store,
    kept: impl IntoIterator<Item = KeptHead>,
    key: Option<&VerifyingKey>,
) -> Result<Report, StoreError> {
    let mut verifier = Verifier::new(Extent::All, kept);
    let mut reader = store.read().await?;
    for name in reader.db().list_audit_chains().await? {
        if let Some(checkpoint) = reader.db().lookup_checkpoint(&name).await? {
            verifier.begin_after(checkpoint, key);
        }
        let mut at = 0;
        loop {
            let mut page = reader.db().list_stored_audit_chain(&name, at).await?;
            let mut head = None;
            if page.is_empty() {
                head = reader.db().lookup_audit_head(&name).await?;
                if head.as_ref().is_some_and(|head| head.seq > at) {
                    // Events may have been appended between the two looks.
                    page = reader.db().list_stored_audit_chain(&name, at).await?;
                }
            }
            if let Some(first) = page.first().filter(|first| first.seq > at + 1)
                && reader.db().first_audit_seq(&name).await? == Some(first.seq)
                && let Some(checkpoint) = reader.db().lookup_checkpoint(&name).await?
            {
                // Retention may have deleted events between the two looks.
                verifier.begin_after(checkpoint, key);
            }
            if let Some(last) = page.last() {
                at = last.seq;
                for event in &page {
                    event.show(&mut verifier);
                }
                continue;
            }
            let head = head.map(|head| KeptHead {
                chain: name.clone(),
                seq: head.seq,
                hash: head.hash,
            });
            verifier.head(&name, head.as_ref());
            break;
        }
    }
    for event in reader.db().list_events_of_no_chain().await? {
        event.show(&mut verifier);
    }
    Ok(verifier.finish())
}
