//! Verifies the chains where they are stored.

use app::domain::Timestamp;
use audit::verify::{Extent, KeptHead, Report, Verifier};
use ed25519_dalek::VerifyingKey;

use super::{heads::AuditPosition, stored::StoredEvent};
use crate::{Store, StoreError, record::record};

/// A chain's head, with the values on which lists of a time range depend.
pub(super) struct WholeHead {
    position: AuditPosition,
    recorded_at: Timestamp,
    ordered_after: u64,
}

record! { WholeHead { position: AuditPosition; recorded_at; ordered_after } }

/// The instants of a chain's events, in order of arrival.
#[derive(Default)]
struct Order {
    last: Option<Timestamp>,
    /// After this position they are in time order.
    ordered_after: u64,
}

impl Order {
    fn take(&mut self, stored: &StoredEvent) {
        if let Ok(event) = &stored.event {
            if self.last.is_some_and(|last| event.recorded_at < last) {
                self.ordered_after = event.seq - 1;
            }
            self.last = Some(event.recorded_at);
        }
    }

    /// Whether a head matches them. Otherwise an export of a time range could leave out some.
    fn is_that_of(&self, head: &WholeHead) -> bool {
        self.last.is_none_or(|last| last == head.recorded_at)
            && self.ordered_after <= head.ordered_after
    }
}

/// Verifies every chain of a store, even while it is written. `key` is the one that signs
/// checkpoints.
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
        let (mut at, mut order) = (0, Order::default());
        loop {
            let mut page = reader.db().list_stored_audit_chain(&name, at).await?;
            let mut head = None;
            if page.is_empty() {
                head = reader.db().lookup_whole_head(&name).await?;
                if head.as_ref().is_some_and(|head| head.position.seq > at) {
                    // Events may have been appended between the two reads.
                    page = reader.db().list_stored_audit_chain(&name, at).await?;
                }
            }
            if let Some(first) = page.first().filter(|first| first.seq > at + 1)
                && reader.db().first_audit_seq(&name).await? == Some(first.seq)
                && let Some(checkpoint) = reader.db().lookup_checkpoint(&name).await?
            {
                // Retention may have deleted events between the two reads.
                verifier.begin_after(checkpoint, key);
            }
            if let Some(last) = page.last() {
                at = last.seq;
                for event in &page {
                    event.show(&mut verifier);
                    order.take(event);
                }
                continue;
            }
            let head = head.map(|head| KeptHead {
                chain: name.clone(),
                seq: head.position.seq,
                hash: match order.is_that_of(&head) {
                    true => head.position.hash,
                    // Then it is not the head of these events.
                    false => String::new(),
                },
            });
            verifier.head(&name, head.as_ref());
            break;
        }
    }
    for event in reader.db().list_events_of_no_chain().await? {
        event.show(&mut verifier);
    }
    let mut after = i64::MIN;
    loop {
        let deeds = reader.db().list_deeds_after(after).await?;
        let Some(last) = deeds.last() else {
            return Ok(verifier.finish());
        };
        after = last.id;
        if let Some(deed) = deeds.iter().find(|deed| !deed.is_sound()) {
            verifier.false_deed(deed.id);
            return Ok(verifier.finish());
        }
    }
}
