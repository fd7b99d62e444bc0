//! The heads of the chains.

use app::domain::Timestamp;
use audit::chain;

use crate::{Db, EngineError, StoreError, record::record, sql::queries};

queries! {
    Db {
        fn add_head(chain: &str, hash: &str)
            = "INSERT INTO audit_heads (chain, seq, hash) VALUES (:chain, 0, :hash) ON CONFLICT (chain) DO NOTHING";

        fn lock_head(chain: &str) -> optional Head
            // Changes nothing, but on PostgreSQL takes the row's lock before the head is read.
            = "UPDATE audit_heads SET seq = seq WHERE chain = :chain RETURNING seq, hash, recorded_at";

        pub(super) fn move_head(chain: &str, from: &AuditPosition, to: &Head) -> changed
            where (chain, from_seq = from.seq, from_hash = from.hash, to_seq = to.position.seq, to_hash = to.position.hash,
                to_at = to.recorded_at)
            = "UPDATE audit_heads SET seq = :to_seq, hash = :to_hash, recorded_at = :to_at \
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

/// The head of a chain, while an event is appended to it.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) position: AuditPosition,
    /// When the last event was recorded.
    pub(super) recorded_at: Timestamp,
}

record! { Head { position: AuditPosition; recorded_at } }

impl Db<'_> {
    /// The head of a chain, new chains included. On PostgreSQL it is locked until the transaction ends.
    pub(super) async fn take_head(&mut self, chain: &str) -> Result<Head, StoreError> {
        if let Some(head) = self.lock_head(chain).await? {
            return Ok(head);
        }
        self.add_head(chain, chain::GENESIS).await?;
        let head = self.lock_head(chain).await?;
        head.ok_or_else(|| EngineError::NoRow.into())
    }
}
