//! Deleting a chain's oldest events. The signed checkpoint comes first, and what it covers is deleted
//! in pieces, so that a crash in between loses nothing.

use app::domain::{TenantId, Timestamp};
use audit::{checkpoint::Checkpoint, verify::KeptHead};
use const_format::concatcp;

use crate::{
    Bookkeeping, Db, StoreError, Tx,
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

        /// The instant up to which all events have been copied to an archive.
        pub fn lookup_archived_before() -> optional Timestamp = "SELECT before FROM audit_archive WHERE id = 1";

        fn first_and_last(chain: &str) -> one (Option<u64>, Option<u64>)
            = "SELECT MIN(seq), MAX(seq) FROM audit_events WHERE chain = :chain";

        fn time_and_hash(chain: &str, seq: u64) -> optional (Timestamp, String)
            = "SELECT recorded_at, hash FROM audit_events WHERE chain = :chain AND seq = :seq";
    }
    Bookkeeping {
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

        /// Notes up to which instant all events have been copied to an archive.
        pub fn set_archived_before(before: Timestamp)
            = "INSERT INTO audit_archive (id, before) VALUES (1, :before) ON CONFLICT (id) \
                DO UPDATE SET before = excluded.before WHERE audit_archive.before < excluded.before";
    }
}

record! { Checkpoint { v; chain; seq; hash; signed_at; key; signature } }

/// The tenant of a chain as [`Bookkeeping::prune_audit_events`] wants it.
pub fn tenant_of_chain(chain: &str) -> Option<TenantId> {
    chain.strip_prefix("tenant:")?.parse().ok()
}

impl Db<'_> {
    /// The last event of a chain before an instant that none before it has reached: the instants of a
    /// chain never go back, so it is found by halving.
    pub async fn last_audit_event_before(
        &mut self,
        chain: &str,
        before: Timestamp,
    ) -> Result<Option<KeptHead>, StoreError> {
        let (Some(first), Some(last)) = self.first_and_last(chain).await? else {
            return Ok(None);
        };
        let mut found = None;
        let (mut from, mut to) = (first, last + 1);
        while from < to {
            let seq = from + (to - from) / 2;
            match self.time_and_hash(chain, seq).await? {
                Some((at, hash)) if at < before => {
                    found = Some(KeptHead {
                        chain: chain.to_owned(),
                        seq,
                        hash,
                    });
                    from = seq + 1;
                }
                // One that has gone meanwhile is not found again.
                Some(_) | None => to = seq,
            }
        }
        Ok(found)
    }
}
