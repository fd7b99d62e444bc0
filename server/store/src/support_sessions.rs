//! Support sessions.

use app::domain::{
    StaffId, SupportSessionId, TenantId, Timestamp,
    page::COUNTED_MAX,
    support_sessions::{
        RequestsToday, Revocation, SessionLimits, SessionsOfDay, SupportSession,
        SupportSessionCounts, SupportSessionFilter, SupportSessionSort, SupportSessionStatus,
        TTL_MAX,
    },
};
use chrono::TimeDelta;
use const_format::concatcp;

use super::{
    Db, Row, StoreError, ToValue, Tx, Value, in_list,
    listing::{Listed, Listing, Wanted},
    record::{insert, record, select},
    sql::queries,
};

queries! {
    Db {
        pub fn lookup_support_session(id: SupportSessionId) -> optional SupportSession
            = select!(SupportSession, "support_sessions WHERE id = :id");

        /// The support session whose token has this SHA-256 hash, even if it has ended.
        pub fn find_support_session_by_token(token_hash: [u8; 32]) -> optional SupportSession
            = select!(SupportSession, "support_sessions WHERE token_hash = :token_hash");

        /// The support session that an earlier submit of the same form made.
        pub fn find_support_session_by_idempotency_key(staff: StaffId, key: &str) -> optional SupportSession
            = select!(SupportSession, "support_sessions WHERE staff_id = :staff AND idempotency_key = :key");

        /// Active support sessions of a staff member, in the order in which sessions are locked.
        pub fn list_active_support_sessions_of(staff: StaffId, now: Timestamp) -> all SupportSession
            = select!(SupportSession, "support_sessions WHERE staff_id = :staff AND revoked_at IS NULL \
                AND ends_at > :now ORDER BY id");

        /// Active support sessions in a tenant, in that order.
        pub fn list_active_support_sessions_in(tenant: &TenantId, now: Timestamp) -> all SupportSession
            = select!(SupportSession, "support_sessions WHERE tenant_id = :tenant AND revoked_at IS NULL \
                AND ends_at > :now ORDER BY id");

        /// All active support sessions, in that order.
        pub fn list_active_support_sessions(now: Timestamp) -> all SupportSession
            = select!(SupportSession, "support_sessions WHERE revoked_at IS NULL AND ends_at > :now \
                ORDER BY id");

        /// The tenants in which support sessions are active.
        pub fn list_tenants_with_active_sessions(now: Timestamp) -> all TenantId
            = concatcp!("SELECT DISTINCT tenant_id FROM support_sessions WHERE ", UNRECORDED, " AND ends_at > :now");

        /// How many support sessions a staff member has open.
        pub fn count_active_support_sessions_of(staff: StaffId, now: Timestamp) -> one u64
            = "SELECT COUNT(*) FROM support_sessions WHERE staff_id = :staff \
                AND revoked_at IS NULL AND ends_at > :now";

        /// How many support sessions each staff member has open who has any.
        pub fn count_active_support_sessions_by_staff(now: Timestamp) -> all (StaffId, u64)
            = concatcp!("SELECT staff_id, COUNT(*) FROM support_sessions WHERE ", UNRECORDED, " AND ends_at > :now GROUP BY staff_id");

        /// How many support sessions are active.
        pub fn count_active_support_sessions(now: Timestamp) -> one u64
            = concatcp!("SELECT COUNT(*) FROM support_sessions WHERE ", UNRECORDED, " AND ends_at > :now");

        /// Up to 100 support sessions whose expiry has no audit event yet, in order, after an instant and
        /// the session that expired then.
        pub fn list_expired(after: Timestamp, id: SupportSessionId, now: Timestamp) -> all ExpiredSession
            = select!(ExpiredSession, "support_sessions WHERE revoked_at IS NULL AND expiry_recorded = 0 \
                AND (ends_at, id) > (:after, :id) AND ends_at <= :now ORDER BY ends_at, id LIMIT 100");

        /// Whether a node has recorded that a support session has expired.
        pub fn is_expiry_recorded(id: SupportSessionId) -> exists
            = "SELECT COUNT(*) FROM support_sessions WHERE id = :id AND expiry_recorded = 1";

        /// When the first support session expired that has no audit event of it yet, and when the next one expires.
        pub fn next_expiries(now: Timestamp) -> one (Option<Timestamp>, Option<Timestamp>)
            = concatcp!("SELECT (SELECT COALESCE(MIN(ends_at), -1) FROM support_sessions WHERE ", UNRECORDED, " AND ends_at <= :now), \
                (SELECT COALESCE(MIN(ends_at), -1) FROM support_sessions WHERE ", UNRECORDED, " AND ends_at > :now)");

        /// The latest recorded expiry: that instant has certainly passed
        /// ([`Tx::mark_expiry_recorded`]).
        pub fn latest_expiry() -> one Option<Timestamp>
            = "SELECT COALESCE(MAX(ends_at), -1) FROM support_sessions WHERE expiry_recorded = 1";

        /// Per 24 hours from `first` on: their number, and of the sessions issued in them all, the revoked, and the active.
        fn count_by_day(first: Timestamp, now: Timestamp) -> all (i64, u64, u64, u64)
            = "SELECT (issued_at - :first) / 86400000000 AS day, COUNT(*), \
                CAST(SUM(CASE WHEN revoked_at IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT), \
                CAST(SUM(CASE WHEN revoked_at IS NULL AND ends_at > :now THEN 1 ELSE 0 END) AS BIGINT) \
                FROM support_sessions WHERE issued_at >= :first GROUP BY day ORDER BY day";

        /// Both counts are of a session's requests since an instant. In a session that began
        /// earlier, they are counted one by one.
        fn count_forwarded_by(staff: StaffId, since: Timestamp) -> one u64
            = concatcp!(FORWARDED_SINCE, "staff_id = :staff AND ends_at > :since");

        fn count_forwarded_in(tenant: &TenantId, since: Timestamp) -> one u64
            = concatcp!(FORWARDED_SINCE, "tenant_id = :tenant AND ends_at > :since");

        /// Each status has its own index, and ended sessions are counted up to [`COUNTED_MAX`].
        fn count_by_status(now: Timestamp, enough: u64) -> one (u64, u64, u64, u64)
            = concatcp!("SELECT (SELECT COUNT(*) FROM support_sessions WHERE ", UNRECORDED, " AND ends_at > :now), ",
                "(SELECT COUNT(*) FROM (SELECT 1 FROM support_sessions WHERE revoked_at IS NOT NULL LIMIT :enough) AS r), ",
                "(SELECT COUNT(*) FROM (SELECT 1 FROM support_sessions WHERE expiry_recorded = 1 LIMIT :enough) AS e), ",
                "(SELECT COUNT(*) FROM (SELECT 1 FROM support_sessions WHERE ", UNRECORDED, " AND ends_at <= :now LIMIT :enough) AS d)");

        fn count_by_status_in(tenant: &TenantId, now: Timestamp) -> one (u64, u64, u64)
            = "SELECT \
                CAST(COALESCE(SUM(CASE WHEN revoked_at IS NULL AND ends_at > :now THEN 1 ELSE 0 END), 0) AS BIGINT) AS active, \
                CAST(COALESCE(SUM(CASE WHEN revoked_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS revoked, \
                CAST(COALESCE(SUM(CASE WHEN revoked_at IS NULL AND ends_at <= :now THEN 1 ELSE 0 END), 0) AS BIGINT) AS expired \
                FROM support_sessions WHERE tenant_id = :tenant";
    }
    Tx {
        /// Adds a support session.
        pub fn add_support_session(session: &SupportSession, secrets: &SupportSessionSecrets)
            where (session, token_hash = secrets.token_hash, idempotency_key = secrets.idempotency_key)
            = insert!("support_sessions", SupportSession, "token_hash, idempotency_key");

        /// Ends a support session early. Returns whether it was still active at that instant.
        pub fn revoke_support_session(id: SupportSessionId, revocation: &Revocation) -> changed
            where (id, at = revocation.at, by = revocation.by,
                by_name = revocation.by_name, reason = revocation.reason)
            = "UPDATE support_sessions SET revoked_at = :at, revoked_by = :by, \
                revoked_by_name = :by_name, revoke_reason = :reason \
                WHERE id = :id AND revoked_at IS NULL AND ends_at > :at";

        /// Replaces a lost token. Returns whether the session was still active.
        pub fn replace_support_token(id: SupportSessionId, token_hash: [u8; 32], now: Timestamp) -> changed
            = "UPDATE support_sessions SET token_hash = :token_hash \
                WHERE id = :id AND revoked_at IS NULL AND ends_at > :now";

        /// Raises the request budget. Returns whether the session was still active and its budget
        /// lower.
        pub fn raise_requests_total(id: SupportSessionId, total: u64, now: Timestamp) -> changed
            = "UPDATE support_sessions SET requests_total = :total WHERE id = :id AND requests_total < :total \
                AND revoked_at IS NULL AND ends_at > :now";

        /// Records that the audit event of an expiry is written. Returns whether it is the first
        /// time and no request has postponed the end meanwhile. An expiry caused by a jump of the
        /// clock is moved to `confirmed`, the latest instant that has certainly passed, so that the
        /// session stays expired when the clock is corrected.
        pub fn mark_expiry_recorded(id: SupportSessionId, confirmed: Timestamp, now: Timestamp) -> changed
            // If the clock jumped forward, `confirmed` is before the end, and the session ended
            // then.
            = "UPDATE support_sessions SET expiry_recorded = 1, \
                expires_at = CASE WHEN ends_at > :confirmed AND ends_at = expires_at THEN :confirmed ELSE expires_at END, \
                ends_at = CASE WHEN ends_at > :confirmed THEN :confirmed ELSE ends_at END \
                WHERE id = :id AND expiry_recorded = 0 AND revoked_at IS NULL AND ends_at <= :now";
    }
}

const RUNNING: &str = concatcp!(
    "id IN (SELECT id FROM support_sessions WHERE ",
    UNRECORDED,
    " AND ends_at > {})"
);

/// Active sessions, and those whose expiry is not recorded yet: the condition of the index
/// `support_sessions_running`.
const UNRECORDED: &str = "revoked_at IS NULL AND expiry_recorded = 0";

const FORWARDED_SINCE: &str = "SELECT CAST(COALESCE(SUM(CASE WHEN issued_at >= :since THEN forwarded \
    ELSE (SELECT COUNT(*) FROM request_log a WHERE a.session = support_sessions.number \
    AND a.at >= :since AND a.outcome <> 'refused') END), 0) AS BIGINT) FROM support_sessions WHERE ";

record! { SupportSession {
    id; tenant_id; tenant_name; organization_id; staff_id; staff_name; scopes; reason; ticket; ip; user_agent;
    issued_at; expires_at;
    revocation as [revoked_at, revoked_by, revoked_by_name, revoke_reason] by revocation_of, revocation_columns;
    requests_forwarded = forwarded; requests_refused = refused; rule_set;
    limits as [ends_at, idle_minutes, requests_total, requests_per_minute, creator_ip_only] by limits_of, limits_columns;
} }

fn revocation_of(row: &Row) -> Result<Option<Revocation>, StoreError> {
    let Some(at) = row.get("revoked_at")? else {
        return Ok(None);
    };
    Ok(Some(Revocation {
        at,
        by: row.get("revoked_by")?,
        by_name: row.get::<Option<_>>("revoked_by_name")?.unwrap_or_default(),
        reason: row.get("revoke_reason")?,
        receipts: Vec::new(),
    }))
}

fn revocation_columns(session: &SupportSession) -> [Value; 4] {
    let revocation = session.revocation.as_ref();
    [
        revocation.map(|by| by.at).to_value(),
        revocation.and_then(|by| by.by).to_value(),
        revocation.map(|by| by.by_name.as_str()).to_value(),
        revocation.and_then(|by| by.reason.as_deref()).to_value(),
    ]
}

fn limits_of(row: &Row) -> Result<SessionLimits, StoreError> {
    let idle_minutes: Option<u64> = row.get("idle_minutes")?;
    let ends_at = row.get("ends_at")?;
    Ok(SessionLimits {
        requests_total: row.get("requests_total")?,
        requests_per_minute: row.get("requests_per_minute")?,
        idle_minutes,
        idle_ends_at: idle_minutes.map(|_| ends_at),
        creator_ip_only: row.get("creator_ip_only")?,
    })
}

fn limits_columns(session: &SupportSession) -> [Value; 5] {
    let limits = &session.limits;
    [
        session.ends_at().to_value(),
        limits.idle_minutes.to_value(),
        limits.requests_total.to_value(),
        limits.requests_per_minute.to_value(),
        limits.creator_ip_only.to_value(),
    ]
}

impl Db<'_> {
    /// The sessions among `ids` that exist.
    pub async fn list_support_sessions_by_id(
        &mut self,
        ids: &[SupportSessionId],
    ) -> Result<Vec<SupportSession>, StoreError> {
        in_list::fetch_all(
            self,
            select!(SupportSession, "support_sessions WHERE id IN "),
            ids,
        )
        .await
    }

    /// How many support sessions have which status, of one tenant or of all. For all tenants, ended
    /// ones are counted up to [`COUNTED_MAX`] + 1.
    pub async fn count_support_sessions(
        &mut self,
        tenant: Option<&TenantId>,
        now: Timestamp,
    ) -> Result<SupportSessionCounts, StoreError> {
        let (active, revoked, expired) = match tenant {
            Some(tenant) => self.count_by_status_in(tenant, now).await?,
            None => {
                let enough = COUNTED_MAX + 1;
                let counts = self.count_by_status(now, enough).await?;
                (counts.0, counts.1, (counts.2 + counts.3).min(enough))
            }
        };
        Ok(SupportSessionCounts {
            active,
            revoked,
            expired,
        })
    }

    /// One page of support sessions.
    pub async fn list_support_sessions(
        &mut self,
        filter: &SupportSessionFilter,
        page: impl Into<Wanted>,
        now: Timestamp,
    ) -> Result<Listed<SupportSession>, StoreError> {
        listing(filter, now)
            .fetch(self, page, |session: &SupportSession| {
                let first = match filter.sort {
                    SupportSessionSort::Issued => session.issued_at,
                    SupportSessionSort::Expires => session.ends_at(),
                };
                vec![first.into(), session.id.into()]
            })
            .await
    }

    /// The sessions issued in each of `days` times 24 hours from `first` on.
    pub async fn list_sessions_by_day(
        &mut self,
        first: Timestamp,
        days: i32,
        now: Timestamp,
    ) -> Result<Vec<SessionsOfDay>, StoreError> {
        let counted = self.count_by_day(first, now).await?;
        let of_day = |day: i32| {
            let found = counted.iter().find(|counted| counted.0 == i64::from(day));
            let (_, all, revoked, active) = found.copied().unwrap_or_default();
            SessionsOfDay {
                start: first + TimeDelta::days(1) * day,
                active,
                revoked,
                expired: all.saturating_sub(revoked + active),
            }
        };
        Ok((0..days).map(of_day).collect())
    }

    /// How many requests were recorded for forwarding since an instant, by a staff member and in a
    /// tenant.
    pub async fn count_forwarded_since(
        &mut self,
        staff: StaffId,
        tenant: &TenantId,
        since: Timestamp,
    ) -> Result<RequestsToday, StoreError> {
        Ok(RequestsToday {
            by_staff: self.count_forwarded_by(staff, since).await?,
            in_tenant: self.count_forwarded_in(tenant, since).await?,
        })
    }
}

#[cfg(any(test, feature = "testing"))]
impl Tx<'_> {
    /// Puts a session into another time.
    pub async fn issue_session_at(
        &mut self,
        id: SupportSessionId,
        issued: Timestamp,
        end: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE support_sessions SET issued_at = $1, expires_at = $2, ends_at = $2 WHERE id = $3";
        let query = self.assembled(sql.to_owned());
        query.bind(issued).bind(end).bind(id).done().await
    }
}

pub(crate) fn listing(filter: &SupportSessionFilter, now: Timestamp) -> Listing {
    let keys: &[&str] = match filter.sort {
        SupportSessionSort::Issued => &["issued_at", "id"],
        SupportSessionSort::Expires => &["ends_at + 0", "id"],
    };
    let mut listing = Listing::new("support_sessions", keys, filter.direction);
    match filter.status {
        None => {}
        Some(SupportSessionStatus::Active) => {
            // Uses the index of active sessions, because reading in the list's order would read all
            // others.
            listing.and_bind(RUNNING, now);
        }
        Some(SupportSessionStatus::Expired) => {
            listing.and("revoked_at IS NULL");
            listing.and_bind("ends_at <= {}", now);
        }
        Some(SupportSessionStatus::Revoked) => listing.and("revoked_at IS NOT NULL"),
    }
    if let Some(tenant) = &filter.tenant_id {
        listing.and_bind("tenant_id = {}", tenant);
    }
    if let Some(staff) = filter.staff_id {
        listing.and_bind("staff_id = {}", staff);
    }
    if let Some(from) = filter.from {
        listing.and_bind("issued_at >= {}", from);
    }
    if let Some(to) = filter.to {
        listing.and_bind("issued_at < {}", to);
    }
    if let Some(at) = filter.active_at {
        // None lasts longer, so only these are read.
        listing.and_bind("issued_at > {}", at - TimeDelta::minutes(TTL_MAX));
        listing.and_bind("issued_at <= {}", at);
        listing.and_bind("ends_at > {}", at);
        listing.and_bind("(revoked_at IS NULL OR revoked_at > {})", at);
    }
    listing
}

/// A support session that has expired.
#[derive(Debug, Clone, Copy)]
pub struct ExpiredSession {
    pub id: SupportSessionId,
    pub ends_at: Timestamp,
    expires_at: Timestamp,
}

record! { ExpiredSession { id; ends_at; expires_at } }

impl ExpiredSession {
    /// Whether it was idle for too long.
    pub fn ends_idle(&self) -> bool {
        self.ends_at < self.expires_at
    }
}

/// The part of a support session that is never shown.
pub struct SupportSessionSecrets {
    /// SHA-256 of the access token.
    pub token_hash: [u8; 32],
    /// The key of the form that created it.
    pub idempotency_key: String,
}
