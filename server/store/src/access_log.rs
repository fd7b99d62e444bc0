//! The access log: rows begun before a request is forwarded, completed after it.

mod batched;
mod prune;
mod replay;
mod reports;
mod without_banner;

use app::domain::{
    RequestId, SupportSessionId, TenantId, Timestamp,
    access_log::{AccessLogEntry, UpgradeTally},
    page::Direction,
    support_sessions::{ScopeUse, SupportSession, SupportSessionStatus, idle_end},
};

use super::{
    Bookkeeping, Db, StoreError, in_list,
    listing::{Listed, Listing, Wanted},
    record::{record, select},
    sql::queries,
};

pub(crate) use self::batched::Batched;
pub use self::batched::WrittenBy;
#[cfg(test)]
pub(crate) use self::{
    prune::ALL as PRUNE_STATEMENTS, replay::ALL as REPLAY_STATEMENTS,
    reports::ALL as REPORT_STATEMENTS, without_banner::ALL as WITHOUT_BANNER_STATEMENTS,
};
pub use self::{replay::MadeRequest, reports::ReportedRow};

/// The most entries that [`Db::list_access_log_after`] returns.
pub const ACCESS_LOG_PAGE: usize = 200;

queries! {
    Db {
        /// Up to 200 entries after a number, oldest first.
        pub fn list_access_log_after(session: SupportSessionId, after: u64) -> all AccessLogEntry
            = select!(AccessLogEntry, "access_log_entries WHERE session = (SELECT number FROM support_sessions WHERE id = :session) \
                AND seq > :after ORDER BY seq LIMIT 200");

        pub fn lookup_access_log_entry(request: RequestId) -> optional AccessLogEntry
            = select!(AccessLogEntry, "access_log_entries WHERE request_id = :request");

        /// How often each scope allowed a request of a support session, up to an entry's number.
        pub fn count_scopes_used(session: SupportSessionId, last: u64) -> all ScopeUse
            = "SELECT scope, COUNT(*) AS requests FROM request_log \
                WHERE session = (SELECT number FROM support_sessions WHERE id = :session) AND seq <= :last AND scope IS NOT NULL GROUP BY scope ORDER BY scope";

        fn count_written_refusals_since(session: SupportSessionId, since: Timestamp) -> one u64
            = "SELECT COUNT(*) FROM request_log WHERE session = (SELECT number FROM support_sessions WHERE id = :session) \
                AND outcome = 'refused' AND at >= :since";

        /// Up to 200 rows that other starts of the server left open, by tenant: only those of nodes
        /// that have stopped, or whose lease ended before an instant.
        pub fn list_orphans(boot: &str, dead_before: Timestamp) -> all Orphan
            = select!(Orphan, "access_log_entries a \
                JOIN support_sessions s ON s.number = a.session LEFT JOIN nodes n ON n.boot = a.boot \
                WHERE a.outcome = 'open' AND a.profile IS NULL AND a.boot <> :boot AND \
                (n.boot IS NULL OR n.ended_at <> -1 OR n.lease_until < :dead_before) ORDER BY s.tenant_id, a.support_session_id, a.seq LIMIT 200");
    }
    Bookkeeping {
        /// The next number, and the values for the session's end for idleness, but only if the
        /// session is active at that instant and has budget left. `free` earlier requests don't
        /// count after all. This condition admits the record. A session whose end was reported
        /// never becomes active again.
        fn take_next_seq(session: SupportSessionId, token_hash: [u8; 32], free: u64, now: Timestamp)
            -> optional (u64, Option<u64>, Timestamp)
            = "UPDATE support_sessions SET last_seq = last_seq + 1, \
                forwarded = CASE WHEN forwarded < :free THEN 1 ELSE forwarded - :free + 1 END \
                WHERE id = :session AND revoked_at IS NULL AND ends_at > :now AND expiry_recorded = 0 \
                AND (token_hash = :token_hash OR browser_hash = :token_hash) \
                AND (requests_total IS NULL OR forwarded - :free < requests_total) RETURNING last_seq, idle_minutes, expires_at";

        /// A separate statement, so that sessions without an idle limit don't touch its indexes.
        fn put_off_idle_end(session: SupportSessionId, end: Timestamp)
            = "UPDATE support_sessions SET ends_at = :end WHERE id = :session AND ends_at < :end";

        fn is_token_of(session: SupportSessionId, token_hash: [u8; 32]) -> exists
            = "SELECT COUNT(*) FROM support_sessions WHERE id = :session \
                AND (token_hash = :token_hash OR browser_hash = :token_hash)";

        /// The next number in a support session's log for a refusal, in any state.
        pub fn next_seq_of_refused(session: SupportSessionId) -> optional u64
            = "UPDATE support_sessions SET last_seq = last_seq + 1, refused = refused + 1 \
                WHERE id = :session RETURNING last_seq";

        /// Writes something, to see whether writing works.
        pub fn probe_record(by: &WrittenBy, now: Timestamp)
            where (node = by.node, now)
            = "INSERT INTO record_probes (node, at) VALUES (:node, :now) ON CONFLICT (node) DO UPDATE SET at = excluded.at";

        /// Saves the traffic so far of an upgraded connection. Returns whether its row is still open.
        pub fn note_upgrade(request: RequestId, tally: &UpgradeTally) -> changed
            = "UPDATE request_log SET upgrade = :tally WHERE request_id = :request AND outcome = 'open'";
    }
}

record! { AccessLogEntry {
    request_id; support_session_id; seq; method; path; query; status; outcome; refusal; ip; user_agent; at;
    duration_ms; request_bytes; response_bytes; scope; upgrade; profile; reported_at;
} }

record! { ScopeUse { scope; requests } }

/// A row that a stopped server left open.
#[derive(Debug, Clone)]
pub struct Orphan {
    pub request_id: RequestId,
    pub support_session_id: SupportSessionId,
    pub tenant_id: TenantId,
}

record! { Orphan { request_id; support_session_id; tenant_id } }

impl Db<'_> {
    /// The entries of some requests, in no order.
    pub async fn list_access_log_of_requests(
        &mut self,
        requests: &[RequestId],
    ) -> Result<Vec<AccessLogEntry>, StoreError> {
        let select = select!(AccessLogEntry, "access_log_entries WHERE request_id IN ");
        in_list::fetch_all(self, select, requests).await
    }

    /// One page of a support session's access log, newest first.
    pub async fn list_access_log(
        &mut self,
        session: SupportSessionId,
        page: impl Into<Wanted>,
    ) -> Result<Listed<AccessLogEntry>, StoreError> {
        let mut listing = Listing::new("access_log_entries", &["seq"], Direction::Descending);
        listing.and_bind(
            "session = (SELECT number FROM support_sessions WHERE id = {})",
            session,
        );
        listing
            .fetch(self, page, |entry: &AccessLogEntry| vec![entry.seq.into()])
            .await
    }
}

/// The result of taking the next number in a support session's log.
#[derive(Debug, Clone, PartialEq)]
pub enum NextSeq {
    Given(u64),
    /// The session is not active, or the token is neither its own nor its browser's.
    Ended(Option<Box<SupportSession>>),
    /// Its total of requests is used up.
    UsedUp,
}

impl Bookkeeping<'_> {
    /// How many refusals a support session has recorded since an instant, including those of this
    /// transaction.
    pub async fn count_refused_since(
        &mut self,
        session: SupportSessionId,
        since: Timestamp,
    ) -> Result<u64, StoreError> {
        let waiting = self.batched.refused_since(session, since);
        Ok(waiting + self.count_written_refusals_since(session, since).await?)
    }

    /// The next number in a support session's log, only if the session is active at `now`, this is
    /// its token or its browser's cookie, and it has budget left. Counts as a use of the session. `free`
    /// of its earlier requests don't count in its budget after all.
    pub async fn next_seq_if_active(
        &mut self,
        session: SupportSessionId,
        token_hash: [u8; 32],
        free: u64,
        now: Timestamp,
    ) -> Result<NextSeq, StoreError> {
        let taken = self.take_next_seq(session, token_hash, free, now).await?;
        let Some((seq, idle, expires_at)) = taken else {
            return self.why_not_active(session, token_hash, now).await;
        };
        if let Some(idle) = idle {
            let end = idle_end(now, idle, expires_at);
            self.put_off_idle_end(session, end).await?;
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
        let is_token = self.is_token_of(session, token_hash).await?;
        let used_up = found.as_ref().is_some_and(|found| {
            found.status(now) == SupportSessionStatus::Active
                && found.limits.is_used_up(found.requests_forwarded)
        });
        Ok(match used_up && is_token {
            true => NextSeq::UsedUp,
            false => NextSeq::Ended(found.map(Box::new)),
        })
    }
}
