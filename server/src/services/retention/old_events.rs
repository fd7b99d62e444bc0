//! The beginning of a chain, verified event by event while it is read. Only verified events are
//! archived or deleted, because a checkpoint must not cover events that someone has changed or
//! backdated.

use std::path::{Path, PathBuf};

use app::domain::{Timestamp, audit::AuditEvent};
use audit::verify::{Extent, KeptHead, Verifier};
use store::Store;

use super::RetentionError;
use crate::keys::checkpoint_public_key;

pub(super) struct OldEvents {
    data_dir: PathBuf,
    chain: String,
    before: Timestamp,
    /// The last position that may be in it.
    up_to: u64,
    verifier: Verifier,
    end: Option<KeptHead>,
    is_over: bool,
}

impl OldEvents {
    /// Begins to read what a chain recorded before an instant, up to a position.
    pub(super) async fn of(
        store: &Store,
        data_dir: &Path,
        chain: &str,
        before: Timestamp,
        up_to: u64,
    ) -> Result<Self, RetentionError> {
        // Most chains have no events that old, and one row shows that.
        let begins_at = store.read().await?.db().chain_begins_at(chain).await?;
        Ok(Self {
            data_dir: data_dir.to_owned(),
            chain: chain.to_owned(),
            before,
            up_to,
            verifier: Verifier::new(Extent::All, []),
            end: None,
            is_over: begins_at.is_none_or(|at| at >= before),
        })
    }

    /// The next events; none after the last. The event after them was verified too, so the rest of
    /// the chain follows from the last one.
    pub(super) async fn next_page(
        &mut self,
        store: &Store,
    ) -> Result<Vec<AuditEvent>, RetentionError> {
        let mut events = Vec::new();
        if self.is_over {
            return Ok(events);
        }
        let at = self.end.as_ref().map_or(0, |end| end.seq);
        let mut reader = store.read().await?;
        let page = reader.db().list_stored_audit_chain(&self.chain, at).await?;
        if let Some(first) = page.first().filter(|first| first.seq > at + 1)
            && reader.db().first_audit_seq(&self.chain).await? == Some(first.seq)
            && let Some(checkpoint) = reader.db().lookup_checkpoint(&self.chain).await?
        {
            // Another process may have deleted events between the two reads.
            let key = checkpoint_public_key(&self.data_dir)?;
            self.verifier.begin_after(checkpoint, key.as_ref());
        }
        drop(reader);
        self.is_over = page.is_empty();
        for stored in page {
            stored.show(&mut self.verifier);
            let event = match stored.event {
                Ok(event) => event,
                Err(problem) => {
                    let (seq, chain) = (stored.seq, &self.chain);
                    let why = format!("{chain} event {seq} can't be read: {problem}");
                    return Err(RetentionError::Unsound(why));
                }
            };
            if let Some(fault) = self.verifier.first_fault() {
                return Err(RetentionError::Unsound(fault.to_string()));
            }
            if event.recorded_at >= self.before || event.seq > self.up_to {
                self.is_over = true;
                break;
            }
            self.end = Some(KeptHead {
                chain: self.chain.clone(),
                seq: event.seq,
                hash: event.hash.clone(),
            });
            events.push(event);
        }
        Ok(events)
    }

    /// The last event that has been read.
    pub(super) fn into_end(self) -> Option<KeptHead> {
        self.end
    }
}
