//! The access log: rows begun before a request is forwarded, completed after it.

mod replay;
mod reports;

use app::domain::{
    RequestId, SupportSessionId, TenantId, Timestamp,
    access_log::{AccessLogEntry, RequestEnd, UpgradeTally},
    page::Direction,
    support_sessions::{ScopeUse, SupportSession, SupportSessionStatus, idle_end},
};

use super::{
    Db, StoreError, Tx,
    listing::{Listed, Listing, PageAt},
    record::{insert, record, select},
    sql::statements,
};

#[cfg(test)]
pub(crate) use self::{replay::ALL as REPLAY_STATEMENTS, reports::ALL as REPORT_STATEMENTS};
pub use self::{replay::MadeRequest, reports::ReportedRow};

statements! {
    // Returns the next number only if the session is active at that instant and has budget left:
    // this is the record's gate. A session whose end has been reported never comes back.
    NEXT_SEQ_IF_ACTIVE = "UPDATE support_sessions SET last_seq = last_seq + 1, forwarded = forwarded + 1 \
        WHERE id = $1 AND revoked_at IS NULL AND ends_at > $2 AND expiry_recorded = 0 \
        AND (token_hash = $3 OR browser_hash = $3) AND (requests_total IS NULL OR forwarded < requests_total) \
        RETURNING last_seq, idle_minutes, expires_at";
    // Apart from the above, so that sessions without an idle limit don't touch the indexes of it.
    PUT_OFF_IDLE_END = "UPDATE support_sessions SET ends_at = $2 WHERE id = $1 AND ends_at < $2";
    IS_TOKEN_OF = "SELECT COUNT(*) FROM support_sessions WHERE id = $1 AND (token_hash = $2 OR browser_hash = $2)";
    NEXT_SEQ_OF_REFUSED = "UPDATE support_sessions SET last_seq = last_seq + 1, refused = refused + 1 \
        WHERE id = $1 RETURNING last_seq";
    COUNT_REFUSED_SINCE = "SELECT COUNT(*) FROM access_log WHERE support_session_id = $1 AND outcome = 'refused' \
        AND at >= $2";
    ADD = insert!("access_log", AccessLogEntry, "node, boot");
    COMPLETE = "UPDATE access_log SET status = $2, outcome = $3, refusal = $4, duration_ms = $5, request_bytes = $6, \
        response_bytes = $7, upgrade = COALESCE($8, upgrade) WHERE request_id = $1 AND outcome = 'open'";
    NOTE_UPGRADE = "UPDATE access_log SET upgrade = $2 WHERE request_id = $1 AND outcome = 'open'";
    PROBE = "INSERT INTO record_probes (node, at) VALUES ($1, $2) ON CONFLICT (node) DO UPDATE SET at = excluded.at";
    LIST_AFTER = select!(AccessLogEntry, "access_log WHERE support_session_id = $1 AND seq > $2 ORDER BY seq LIMIT 200");
    LOOKUP = select!(AccessLogEntry, "access_log WHERE request_id = $1");
    COUNT_BY_SCOPE = "SELECT scope, COUNT(*) AS requests FROM access_log WHERE support_session_id = $1 AND seq <= $2 \
        AND scope IS NOT NULL GROUP BY scope ORDER BY scope";
    LIST_ORPHANS = select!(Orphan, "access_log a \
        JOIN support_sessions s ON s.id = a.support_session_id LEFT JOIN nodes n ON n.boot = a.boot \
        WHERE a.outcome = 'open' AND a.profile IS NULL AND a.boot <> $1 AND (n.boot IS NULL OR n.ended_at <> -1 OR n.lease_until < $2) ORDER BY s.tenant_id, a.support_session_id, a.seq LIMIT 200");
}

record! { AccessLogEntry {
    request_id; support_session_id; seq; method; path; query; status; outcome; refusal; ip; user_agent; at;
    duration_ms; request_bytes; response_bytes; scope; upgrade; profile; reported_at;
} }

record! { ScopeUse { scope; requests } }

/// A row that a server which is gone left open.
#[derive(Debug, Clone)]
pub struct Orphan {
    /// The request.
    pub request_id: RequestId,
    /// Its support session.
    pub support_session_id: SupportSessionId,
    /// That session's tenant.
    pub tenant_id: TenantId,
}

record! { Orphan { request_id; support_session_id; tenant_id } }

impl Db<'_> {
    /// One page of a support session's access log, newest first.
    pub async fn list_access_log(
        &mut self,
        session: SupportSessionId,
        page: &PageAt,
    ) -> Result<Listed<AccessLogEntry>, StoreError> {
        let mut listing = Listing::new("access_log", &["seq"], Direction::Descending);
        listing.and_bind("support_session_id = {}", session);
        listing
            .fetch(self, page, |entry: &AccessLogEntry| vec![entry.seq.into()])
            .await
    }

    /// Up to 200 entries after a number, oldest first.
    pub async fn list_access_log_after(
        &mut self,
        session: SupportSessionId,
        after: u64,
    ) -> Result<Vec<AccessLogEntry>, StoreError> {
        self.query(LIST_AFTER)
            .bind(session)
            .bind(after)
            .fetch_all()
            .await
    }

    /// One entry.
    pub async fn lookup_access_log_entry(
        &mut self,
        request: RequestId,
    ) -> Result<Option<AccessLogEntry>, StoreError> {
        self.query(LOOKUP).bind(request).fetch_optional().await
    }

    /// How often each scope allowed a request of a support session, up to an entry's number.
    pub async fn count_scopes_used(
        &mut self,
        session: SupportSessionId,
        last: u64,
    ) -> Result<Vec<ScopeUse>, StoreError> {
        self.query(COUNT_BY_SCOPE)
            .bind(session)
            .bind(last)
            .fetch_all()
            .await
    }

    /// How many refusals a support session has recorded since an instant.
    pub async fn count_refused_since(
        &mut self,
        session: SupportSessionId,
        since: Timestamp,
    ) -> Result<u64, StoreError> {
        self.query(COUNT_REFUSED_SINCE)
            .bind(session)
            .bind(since)
            .fetch_one()
            .await
    }

    /// Up to 200 rows that other starts of the server left open, by tenant: only those of nodes
    /// that have stopped, or whose lease ended before an instant.
    pub async fn list_orphans(
        &mut self,
        boot: &str,
        dead_before: Timestamp,
    ) -> Result<Vec<Orphan>, StoreError> {
        self.query(LIST_ORPHANS)
            .bind(boot)
            .bind(dead_before)
            .fetch_all()
            .await
    }
}

/// Which start of which node writes a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenBy {
    /// The node's name.
    pub node: String,
    /// The start of the server on it.
    pub boot: String,
}

/// The result of taking the next number in a support session's log.
#[derive(Debug, Clone, PartialEq)]
pub enum NextSeq {
    /// This one.
    Given(u64),
    /// The session is not active, or this is neither its token nor its browser's.
    Ended(Option<Box<SupportSession>>),
    /// Its total of requests is used up.
    UsedUp,
}

impl Tx<'_> {
    /// The next number in a support session's log, only if the session is active at `now`, this is
    /// its token or its browser's cookie, and it has budget left. Counts as a use of the session.
    pub async fn next_seq_if_active(
        &mut self,
        session: SupportSessionId,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<NextSeq, StoreError> {
        let taken: Option<(u64, Option<u64>, Timestamp)> = self
            .query(NEXT_SEQ_IF_ACTIVE)
            .bind(session)
            .bind(now)
            .bind(token_hash)
            .fetch_optional()
            .await?;
        let Some((seq, idle, expires_at)) = taken else {
            return self.why_not_active(session, token_hash, now).await;
        };
        if let Some(idle) = idle {
            let put_off = self.query(PUT_OFF_IDLE_END).bind(session);
            put_off.bind(idle_end(now, idle, expires_at)).done().await?;
        }
        Ok(NextSeq::Given(seq))
    }

    async fn why_not_active(
        &mut self,
        session: SupportSessionId,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<NextSeq, StoreError> {
        let found = self.lookup_support_session(session).await?;
        let is_token = self.query(IS_TOKEN_OF).bind(session).bind(token_hash);
        let is_token = is_token.fetch_one::<i64>().await? == 1;
        let used_up = found.as_ref().is_some_and(|found| {
            found.status(now) == SupportSessionStatus::Active
                && found.limits.is_used_up(found.requests_forwarded)
        });
        Ok(match used_up && is_token {
            true => NextSeq::UsedUp,
            false => NextSeq::Ended(found.map(Box::new)),
        })
    }

    /// The next number in a support session's log for a refusal, in any state.
    pub async fn next_seq_of_refused(
        &mut self,
        session: SupportSessionId,
    ) -> Result<Option<u64>, StoreError> {
        self.query(NEXT_SEQ_OF_REFUSED)
            .bind(session)
            .fetch_optional()
            .await
    }

    /// Adds a row.
    pub async fn add_access_log_entry(
        &mut self,
        entry: &AccessLogEntry,
        by: &WrittenBy,
    ) -> Result<(), StoreError> {
        let add = self.query(ADD).bind_all(entry);
        add.bind(&by.node).bind(&by.boot).done().await
    }

    /// Writes something, to see whether it can be written.
    pub async fn probe_record(&mut self, by: &WrittenBy, now: Timestamp) -> Result<(), StoreError> {
        self.query(PROBE).bind(&by.node).bind(now).done().await
    }

    /// Completes an open row. Returns whether it was open.
    pub async fn complete_access_log_entry(
        &mut self,
        request: RequestId,
        end: &RequestEnd,
    ) -> Result<bool, StoreError> {
        self.query(COMPLETE)
            .bind(request)
            .bind(end.status)
            .bind(end.outcome)
            .bind(end.refusal)
            .bind(end.duration_ms)
            .bind(end.request_bytes)
            .bind(end.response_bytes)
            .bind(&end.upgrade)
            .changes_one()
            .await
    }

    /// Saves the traffic so far of an upgraded connection. Returns whether its row is still open.
    pub async fn note_upgrade(
        &mut self,
        request: RequestId,
        tally: &UpgradeTally,
    ) -> Result<bool, StoreError> {
        let note = self.query(NOTE_UPGRADE).bind(request);
        note.bind(tally).changes_one().await
    }
}
