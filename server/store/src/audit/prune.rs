//! Deleting a chain's oldest events. The signed checkpoint comes first. Then the events that it
//! covers are deleted in pieces, so that a crash in between does no harm.

use app::domain::Timestamp;
use audit::checkpoint::Checkpoint;
use const_format::concatcp;

use super::read::{BASE, OF_CHAIN};
use crate::{
    Bookkeeping, Db, StoreError, Tx,
    record::{record, select},
    sql::queries,
};

/// The end of a statement that excludes tenants under legal hold.
const NOT_HELD: &str = " AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE tenant_id = :tenant)";

queries! {
    Db {
        /// Up to 200 names of chains after a name, in order.
        pub fn list_audit_chains_after(chain: &str) -> all String
            = "SELECT chain FROM audit_heads WHERE chain > :chain ORDER BY chain LIMIT 200";

        /// Where a chain begins, if its older events were deleted.
        pub fn lookup_checkpoint(chain: &str) -> optional Checkpoint
            = select!(Checkpoint, "audit_checkpoints WHERE chain = :chain");

        /// When the first event of a chain was recorded.
        pub fn chain_begins_at(chain: &str) -> optional Timestamp
            = concatcp!("SELECT recorded_at FROM audit_log WHERE ", OF_CHAIN, " ORDER BY place LIMIT 1");

        /// The first position of a chain that is left.
        pub fn first_audit_seq(chain: &str) -> optional u64
            = concatcp!("SELECT place & 1099511627775 FROM audit_log WHERE ", OF_CHAIN, " ORDER BY place LIMIT 1");

        /// The last position of a chain that has been copied to an archive.
        pub fn lookup_archived(chain: &str) -> optional u64 = "SELECT seq FROM audit_archive WHERE chain = :chain";
    }
    Bookkeeping {
        /// Notes up to which position a chain has been copied to an archive.
        pub fn set_archived(chain: &str, seq: u64)
            = "INSERT INTO audit_archive (chain, seq) VALUES (:chain, :seq) ON CONFLICT (chain) \
                DO UPDATE SET seq = excluded.seq WHERE audit_archive.seq < excluded.seq";

        fn delete_audit_events(chain: &str, tenant: &str) -> all (i64, Vec<u8>)
            = concatcp!("DELETE FROM audit_log WHERE place IN (SELECT place FROM audit_log WHERE ", OF_CHAIN,
                " AND place <= ", BASE, " + (SELECT seq FROM audit_checkpoints WHERE chain = :chain) \
                ORDER BY place LIMIT 500)", NOT_HELD, " RETURNING place, hash");

        fn delete_beginnings(chain: &str, place: i64)
            = concatcp!("DELETE FROM audit_beginnings WHERE ", OF_CHAIN, " AND place < :place");

        fn add_beginning(place: i64, hash: &[u8])
            = "INSERT INTO audit_beginnings (place, hash) VALUES (:place, :hash) \
                ON CONFLICT (place) DO UPDATE SET hash = excluded.hash";
    }
    Tx {
        /// Lets a chain begin after a checkpoint, if it is beyond the current one and the tenant is
        /// not under legal hold. Returns whether it did.
        pub fn set_checkpoint(checkpoint: &Checkpoint, tenant: &str) -> changed
            where (v = checkpoint.v, chain = &checkpoint.chain, seq = checkpoint.seq, hash = &checkpoint.hash,
                signed_at = checkpoint.signed_at, key = &checkpoint.key, signature = &checkpoint.signature, tenant)
            = concatcp!("INSERT INTO audit_checkpoints (v, chain, seq, hash, signed_at, key, signature) \
                SELECT CAST(:v AS BIGINT), CAST(:chain AS TEXT), CAST(:seq AS BIGINT), CAST(:hash AS TEXT), \
                CAST(:signed_at AS BIGINT), CAST(:key AS TEXT), CAST(:signature AS TEXT) WHERE 1 = 1", NOT_HELD,
                " ON CONFLICT (chain) DO UPDATE SET v = excluded.v, seq = excluded.seq, hash = excluded.hash, \
                signed_at = excluded.signed_at, key = excluded.key, signature = excluded.signature \
                WHERE audit_checkpoints.seq < excluded.seq");
    }
}

record! { Checkpoint { v; chain; seq; hash; signed_at; key; signature } }

impl Bookkeeping<'_> {
    /// Deletes up to 500 events of a chain that its checkpoint covers, and keeps the hash of the
    /// last one, which the next event needs. Returns how many. `tenant` is the chain's, empty for
    /// none.
    pub async fn prune_audit_events(
        &mut self,
        chain: &str,
        tenant: &str,
    ) -> Result<u64, StoreError> {
        let deleted = self.delete_audit_events(chain, tenant).await?;
        let count = deleted.len() as u64;
        if let Some((place, hash)) = deleted.into_iter().max() {
            self.delete_beginnings(chain, place).await?;
            self.add_beginning(place, &hash).await?;
        }
        Ok(count)
    }
}
