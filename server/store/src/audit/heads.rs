//! The heads of the chains that a transaction appends to.

use std::collections::BTreeMap;

use audit::chain;

use crate::{Db, StoreError, record::record, sql::statements};

statements! {
    ADD_HEAD = "INSERT INTO audit_heads (chain, seq, hash) VALUES ($1, 0, $2) ON CONFLICT (chain) DO NOTHING";
    // Changes nothing, but on PostgreSQL takes the row's lock before the head is read.
    LOCK_HEAD = "UPDATE audit_heads SET seq = seq WHERE chain = $1 RETURNING seq, hash";
    MOVE_HEAD = "UPDATE audit_heads SET seq = $2, hash = $3 WHERE chain = $1 AND seq = $4 AND hash = $5";
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
        if let Some(head) = db.query(LOCK_HEAD).bind(chain).fetch_optional().await? {
            return Ok(head);
        }
        let add = db.query(ADD_HEAD).bind(chain).bind(chain::GENESIS);
        add.done().await?;
        db.query(LOCK_HEAD).bind(chain).fetch_one().await
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
            let moves = db
                .query(MOVE_HEAD)
                .bind(chain)
                .bind(to.seq)
                .bind(to.hash)
                .bind(from.seq)
                .bind(from.hash);
            if !moves.changes_one().await? {
                return Err(StoreError::Contended);
            }
        }
        Ok(())
    }
}
