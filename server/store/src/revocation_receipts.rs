//! The confirmations of a revocation, one from each node that was serving.

use app::domain::{
    SupportSessionId, Timestamp,
    nodes::{NodeConfirmation, NodeReceipt},
};
use chrono::TimeDelta;

use super::{
    Bookkeeping, Db, Row, StoreError,
    record::{record, select},
    sql::queries,
};

/// A second of lease, and one more for the commit that follows.
const LEASE_AND_COMMIT: TimeDelta = TimeDelta::seconds(2);

queries! {
    Db {
        /// When a node was asked to confirm a revocation, if it hasn't yet.
        pub fn pending_receipt(session: SupportSessionId, boot: &str) -> optional i64
            = "SELECT asked_at FROM revocation_receipts \
                WHERE support_session_id = :session AND boot = :boot AND confirmed_us = -1";

        /// The revocations that a node has not confirmed yet.
        pub fn list_pending_receipts(boot: &str) -> all SupportSessionId
            = "SELECT support_session_id FROM revocation_receipts WHERE boot = :boot AND confirmed_us = -1";

        /// The nodes' confirmations of a revocation.
        pub fn list_receipts(session: SupportSessionId) -> all NodeReceipt
            = select!(NodeReceipt, "revocation_receipts WHERE support_session_id = :session ORDER BY node, boot");
    }
    Bookkeeping {
        fn ask_nodes(session: SupportSessionId, asked_at: Timestamp, until: Timestamp, may_serve_since: Timestamp)
            = "INSERT INTO revocation_receipts (support_session_id, boot, node, asked_at, lease_until) \
                SELECT CAST(:session AS TEXT), boot, node, CAST(:asked_at AS BIGINT), CAST(:until AS BIGINT) FROM nodes \
                WHERE ended_at = -1 AND lease_until >= :may_serve_since";

        /// Saves a node's confirmation. Returns whether it is the first.
        pub fn confirm_receipt(session: SupportSessionId, boot: &str, confirmed: NodeConfirmation) -> changed
            where (session, boot, after_us = confirmed.after_us, requests_cut = confirmed.requests_cut,
                last_sent_us = confirmed.last_sent_us)
            = "UPDATE revocation_receipts SET confirmed_us = :after_us, requests_cut = :requests_cut, \
                last_sent_us = :last_sent_us WHERE support_session_id = :session AND boot = :boot AND confirmed_us = -1";
    }
}

record! { NodeReceipt {
    node; asked_at; lease_until;
    confirmed as [confirmed_us, requests_cut, last_sent_us] by confirmed;
} }

fn confirmed(row: &Row) -> Result<Option<NodeConfirmation>, StoreError> {
    let Ok(after_us) = u64::try_from(row.get::<i64>("confirmed_us")?) else {
        return Ok(None);
    };
    Ok(Some(NodeConfirmation {
        after_us,
        requests_cut: row.get("requests_cut")?,
        last_sent_us: row.get("last_sent_us")?,
    }))
}

impl Bookkeeping<'_> {
    /// Asks every node that may be serving to confirm a revocation, just before the commit.
    pub fn ask_for_receipts(&mut self, session: SupportSessionId, now: Timestamp) {
        self.asked.push((session, now));
    }

    pub(super) async fn ask(
        &mut self,
        session: SupportSessionId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let asked_at = self.store_now(now).await?;
        let may_serve_since = if self.is_postgres() {
            asked_at - LEASE_AND_COMMIT
        } else {
            Timestamp::MIN_UTC
        };
        let until = asked_at + LEASE_AND_COMMIT;
        self.ask_nodes(session, asked_at, until, may_serve_since)
            .await
    }
}
