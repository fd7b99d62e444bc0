//! The confirmations of a revocation, one from each node that was serving.

use app::domain::{
    SupportSessionId, Timestamp,
    nodes::{NodeConfirmation, NodeReceipt},
};
use chrono::TimeDelta;

use super::{
    Db, Row, StoreError, Tx,
    record::{record, select},
    sql::statements,
};

/// A second of lease, and one in hand for the commit that follows.
const LEASE_AND_COMMIT: TimeDelta = TimeDelta::seconds(2);

statements! {
    ASK = "INSERT INTO revocation_receipts (support_session_id, boot, node, asked_at, lease_until) \
        SELECT CAST($1 AS TEXT), boot, node, CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM nodes \
        WHERE ended_at = -1 AND lease_until >= $4";
    PENDING = "SELECT asked_at FROM revocation_receipts \
        WHERE support_session_id = $1 AND boot = $2 AND confirmed_us = -1";
    LIST_PENDING = "SELECT support_session_id FROM revocation_receipts WHERE boot = $1 AND confirmed_us = -1";
    CONFIRM = "UPDATE revocation_receipts SET confirmed_us = $3, requests_cut = $4, last_sent_us = $5 \
        WHERE support_session_id = $1 AND boot = $2 AND confirmed_us = -1";
    LIST = select!(NodeReceipt, "revocation_receipts WHERE support_session_id = $1 ORDER BY node, boot");
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

impl Db<'_> {
    /// When a node was asked to confirm a revocation, if it hasn't yet.
    pub async fn pending_receipt(
        &mut self,
        session: SupportSessionId,
        boot: &str,
    ) -> Result<Option<i64>, StoreError> {
        let query = self.query(PENDING).bind(session);
        query.bind(boot).fetch_optional().await
    }

    /// The revocations that a node has yet to confirm.
    pub async fn list_pending_receipts(
        &mut self,
        boot: &str,
    ) -> Result<Vec<SupportSessionId>, StoreError> {
        self.query(LIST_PENDING).bind(boot).fetch_all().await
    }

    /// The nodes' confirmations of a revocation.
    pub async fn list_receipts(
        &mut self,
        session: SupportSessionId,
    ) -> Result<Vec<NodeReceipt>, StoreError> {
        self.query(LIST).bind(session).fetch_all().await
    }
}

impl Tx<'_> {
    /// Asks every node that may be serving to confirm a revocation. The last thing before its commit.
    pub async fn ask_for_receipts(
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
        self.query(ASK)
            .bind(session)
            .bind(asked_at)
            .bind(asked_at + LEASE_AND_COMMIT)
            .bind(may_serve_since)
            .done()
            .await
    }

    /// Saves a node's confirmation. Returns whether it is the first.
    pub async fn confirm_receipt(
        &mut self,
        session: SupportSessionId,
        boot: &str,
        confirmed: NodeConfirmation,
    ) -> Result<bool, StoreError> {
        self.query(CONFIRM)
            .bind(session)
            .bind(boot)
            .bind(confirmed.after_us)
            .bind(confirmed.requests_cut)
            .bind(confirmed.last_sent_us)
            .changes_one()
            .await
    }
}
