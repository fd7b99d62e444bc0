//! The heads of the chains.

use audit::chain;

use crate::{Db, EngineError, StoreError, record::record, sql::queries};

queries! {
    Db {
        fn add_head(chain: &str, hash: &str)
            = "INSERT INTO audit_heads (chain, seq, hash) VALUES (:chain, 0, :hash) ON CONFLICT (chain) DO NOTHING";

        fn lock_head(chain: &str) -> optional AuditPosition
            // Changes nothing, but on PostgreSQL takes the row's lock before the head is read.
            = "UPDATE audit_heads SET seq = seq WHERE chain = :chain RETURNING seq, hash";

        pub(super) fn move_head(chain: &str, from: &AuditPosition, to: &AuditPosition) -> changed
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

impl Db<'_> {
    /// The head of a chain, new chains included. On PostgreSQL it is locked until the transaction ends.
    pub(super) async fn take_head(&mut self, chain: &str) -> Result<AuditPosition, StoreError> {
        if let Some(head) = self.lock_head(chain).await? {
            return Ok(head);
        }
        self.add_head(chain, chain::GENESIS).await?;
        let head = self.lock_head(chain).await?;
        head.ok_or_else(|| EngineError::NoRow.into())
    }
}
