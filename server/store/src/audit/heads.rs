//! The heads of the chains that a transaction appends to.

use std::collections::BTreeMap;

use audit::chain;

use crate::{Db, EngineError, StoreError, record::record, sql::queries};

queries! {
    Db {
        fn add_head(chain: &str, hash: &str)
            = "INSERT INTO audit_heads (chain, seq, hash) VALUES (:chain, 0, :hash) ON CONFLICT (chain) DO NOTHING";

        fn lock_head(chain: &str) -> optional AuditPosition
            // Changes nothing, but on PostgreSQL takes the row's lock before the head is read.
            = "UPDATE audit_heads SET seq = seq WHERE chain = :chain RETURNING seq, hash";

        fn move_head(chain: &str, from: &AuditPosition, to: &AuditPosition) -> changed
            where (chain, from_seq = from.seq, from_hash = from.hash, to_seq = to.seq, to_hash = to.hash)
            = "UPDATE audit_heads SET seq = :to_seq, hash = :to_hash \
                WHERE chain = :chain AND seq = :from_seq AND hash = :from_hash";
    }
}

/// The last position of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPosition {
    /// How many events the chain has.
    pub seq: u64,
    /// The hash of the last one.
    pub hash: String,
}

record! { AuditPosition { seq; hash } }

/// The heads of the chains that a transaction appends to: read, and on PostgreSQL locked, at the
/// first append to each; written once, when the transaction is about to be kept.
#[derive(Debug, Default)]
pub(crate) struct Heads(BTreeMap<String, Move>);

/// Where a chain stood before the transaction, and where it stands now.
#[derive(Debug)]
struct Move {
    from: AuditPosition,
    to: AuditPosition,
}

impl Heads {
    /// Where a chain stands: what was appended to it in this transaction counts.
    pub(super) async fn of(
        &self,
        chain: &str,
        db: &mut Db<'_>,
    ) -> Result<AuditPosition, StoreError> {
        if let Some(moved) = self.0.get(chain) {
            return Ok(moved.to.clone());
        }
        if let Some(head) = db.lock_head(chain).await? {
            return Ok(head);
        }
        db.add_head(chain, chain::GENESIS).await?;
        let head = db.lock_head(chain).await?;
        head.ok_or_else(|| EngineError::NoRow.into())
    }

    /// An event was appended: a chain stood at `from` and stands at `to`.
    pub(super) fn advance(&mut self, chain: String, from: AuditPosition, to: AuditPosition) {
        let moved = self.0.entry(chain).or_insert_with(|| Move {
            from,
            to: to.clone(),
        });
        moved.to = to;
    }

    /// Moves every head by compare-and-swap. Nothing of the transaction may be kept if this fails.
    ///
    /// # Errors
    ///
    /// [`StoreError::Contended`] if another writer has moved one.
    pub(crate) async fn write(&mut self, db: &mut Db<'_>) -> Result<(), StoreError> {
        for (chain, Move { from, to }) in std::mem::take(&mut self.0) {
            if !db.move_head(&chain, &from, &to).await? {
                return Err(StoreError::Contended);
            }
        }
        Ok(())
    }
}
