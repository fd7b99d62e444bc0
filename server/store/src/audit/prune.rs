//! Deleting a chain's oldest events. The signed checkpoint comes first, and what it covers is deleted
//! in pieces, so that a crash in between loses nothing.

use app::domain::{TenantId, Timestamp};
use audit::checkpoint::Checkpoint;
use const_format::concatcp;

use crate::{
    Bookkeeping, Db, Tx,
    record::{record, select},
    sql::queries,
};

/// The end of a statement that spares the record of tenants under legal hold.
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
            = "SELECT recorded_at FROM audit_events WHERE chain = :chain ORDER BY seq LIMIT 1";

        /// The first position of a chain that is left.
        pub fn first_audit_seq(chain: &str) -> optional u64
            = "SELECT seq FROM audit_events WHERE chain = :chain ORDER BY seq LIMIT 1";

        /// The last position of a chain that has been copied to an archive.
        pub fn lookup_archived(chain: &str) -> optional u64 = "SELECT seq FROM audit_archive WHERE chain = :chain";
    }
    Bookkeeping {
        /// Notes up to which position a chain has been copied to an archive.
        pub fn set_archived(chain: &str, seq: u64)
            = "INSERT INTO audit_archive (chain, seq) VALUES (:chain, :seq) ON CONFLICT (chain) \
                DO UPDATE SET seq = excluded.seq WHERE audit_archive.seq < excluded.seq";

        /// Deletes up to 500 events of a chain that its checkpoint covers. Returns how many. `tenant` is
        /// the chain's, empty for none.
        pub fn prune_audit_events(chain: &str, tenant: &str) -> count
            = concatcp!("DELETE FROM audit_events WHERE chain = :chain AND seq IN \
                (SELECT e.seq FROM audit_events e JOIN audit_checkpoints c ON c.chain = e.chain AND e.seq <= c.seq \
                WHERE e.chain = :chain ORDER BY e.seq LIMIT 500)", NOT_HELD);
    }
    Tx {
        /// Lets a chain begin after a checkpoint. Returns whether it lies beyond the present one, and the
        /// tenant is not under legal hold.
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

/// The tenant of a chain as [`Bookkeeping::prune_audit_events`] wants it.
pub fn tenant_of_chain(chain: &str) -> Option<TenantId> {
    chain.strip_prefix("tenant:")?.parse().ok()
}
