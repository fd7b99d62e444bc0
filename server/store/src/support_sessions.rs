//! Support sessions.

use app::domain::{
    StaffId, SupportSessionId, TenantId, Timestamp,
    page::Direction,
    staff::StaffRef,
    support_sessions::{
        RequestsToday, Revocation, SessionLimits, SupportSession, SupportSessionCounts,
        SupportSessionFilter, SupportSessionStatus,
    },
};

use super::{
    Db, Row, StoreError, ToValue, Tx, Value,
    listing::{Key, Listed, Listing, PageAt},
    record::{insert, record, select},
    sql::statements,
};

statements! {
    ADD = insert!("support_sessions", SupportSession, "token_hash, idempotency_key");
    LOOKUP = select!(SupportSession, "support_sessions WHERE id = $1");
    FIND_BY_TOKEN = select!(SupportSession, "support_sessions WHERE token_hash = $1");
    FIND_BY_IDEMPOTENCY_KEY = select!(SupportSession, "support_sessions WHERE staff_id = $1 AND idempotency_key = $2");
    LIST_ACTIVE_OF_STAFF = select!(SupportSession, "support_sessions WHERE staff_id = $1 AND revoked_at IS NULL \
        AND ends_at > $2 ORDER BY tenant_id, id");
    LIST_ACTIVE_IN_TENANT = select!(SupportSession, "support_sessions WHERE tenant_id = $1 AND revoked_at IS NULL \
        AND ends_at > $2 ORDER BY id");
    LIST_ACTIVE = select!(SupportSession, "support_sessions WHERE revoked_at IS NULL AND ends_at > $1 \
        ORDER BY tenant_id, id");
    COUNT_ACTIVE_OF_STAFF = "SELECT COUNT(*) FROM support_sessions WHERE staff_id = $1 \
        AND revoked_at IS NULL AND ends_at > $2";
    COUNT_ACTIVE = "SELECT COUNT(*) FROM support_sessions WHERE revoked_at IS NULL AND ends_at > $1";
    COUNTS = "SELECT \
        CAST(COALESCE(SUM(CASE WHEN revoked_at IS NULL AND ends_at > $1 THEN 1 ELSE 0 END), 0) AS BIGINT) AS active, \
        CAST(COALESCE(SUM(CASE WHEN revoked_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS revoked, \
        CAST(COALESCE(SUM(CASE WHEN revoked_at IS NULL AND ends_at <= $1 THEN 1 ELSE 0 END), 0) AS BIGINT) AS expired \
        FROM support_sessions WHERE ($2 = '' OR tenant_id = $2)";
    REVOKE = "UPDATE support_sessions SET revoked_at = $2, revoked_by = $3, revoked_by_name = $4, revoke_reason = $5 \
        WHERE id = $1 AND revoked_at IS NULL AND ends_at > $2";
    REPLACE_TOKEN = "UPDATE support_sessions SET token_hash = $2 \
        WHERE id = $1 AND revoked_at IS NULL AND ends_at > $3";
    LIST_EXPIRED_UNRECORDED = select!(SupportSession, "support_sessions WHERE expiry_recorded = 0 AND revoked_at IS NULL \
        AND ends_at <= $1 ORDER BY tenant_id, id LIMIT 100");
    // Where the clock jumped forward, $2 is before the end: the session ended then.
    MARK_EXPIRY_RECORDED = "UPDATE support_sessions SET expiry_recorded = 1, \
        expires_at = CASE WHEN ends_at > $2 AND ends_at = expires_at THEN $2 ELSE expires_at END, \
        ends_at = CASE WHEN ends_at > $2 THEN $2 ELSE ends_at END \
        WHERE id = $1 AND expiry_recorded = 0 AND revoked_at IS NULL AND ends_at <= $3";
    NEXT_EXPIRY = "SELECT COALESCE(MIN(ends_at), -1) FROM support_sessions WHERE expiry_recorded = 0 \
        AND revoked_at IS NULL";
    LATEST_EXPIRY = "SELECT COALESCE(MAX(ends_at), -1) FROM support_sessions WHERE expiry_recorded = 1";
    RAISE_BUDGET = "UPDATE support_sessions SET requests_total = $2 WHERE id = $1 AND requests_total < $2 \
        AND revoked_at IS NULL AND ends_at > $3";
    // A session that began before the instant has requests before it: these are counted one by one.
    COUNT_FORWARDED_BY_STAFF = "SELECT CAST(COALESCE(SUM(CASE WHEN issued_at >= $2 THEN forwarded ELSE (SELECT COUNT(*) \
        FROM access_log a WHERE a.support_session_id = support_sessions.id AND a.at >= $2 AND a.outcome <> 'refused') END), 0) \
        AS BIGINT) FROM support_sessions WHERE staff_id = $1 AND ends_at > $2";
    COUNT_FORWARDED_IN_TENANT = "SELECT CAST(COALESCE(SUM(CASE WHEN issued_at >= $2 THEN forwarded ELSE (SELECT COUNT(*) \
        FROM access_log a WHERE a.support_session_id = support_sessions.id AND a.at >= $2 AND a.outcome <> 'refused') END), 0) \
        AS BIGINT) FROM support_sessions WHERE tenant_id = $1 AND ends_at > $2";
    LIST_STAFF = "SELECT DISTINCT staff_id, staff_name FROM support_sessions ORDER BY staff_name, staff_id LIMIT 500";
}

record! { SupportSession {
    id; tenant_id; tenant_name; organization_id; staff_id; staff_name; scopes; reason; ticket; ip; user_agent;
    issued_at; expires_at;
    revocation as [revoked_at, revoked_by, revoked_by_name, revoke_reason] by revocation_of, revocation_columns;
    requests_forwarded = forwarded; requests_refused = refused; rule_set;
    limits as [ends_at, idle_minutes, requests_total, requests_per_minute, creator_ip_only] by limits_of, limits_columns;
} }

record! { SupportSessionCounts { active; revoked; expired } }

record! { StaffRef { id = staff_id; name = staff_name } }

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
    pub async fn lookup_support_session(
        &mut self,
        id: SupportSessionId,
    ) -> Result<Option<SupportSession>, StoreError> {
        self.query(LOOKUP).bind(id).fetch_optional().await
    }

    /// The support session whose token has this SHA-256 hash, ended ones included.
    pub async fn find_support_session_by_token(
        &mut self,
        token_hash: [u8; 32],
    ) -> Result<Option<SupportSession>, StoreError> {
        let find = self.query(FIND_BY_TOKEN).bind(token_hash);
        find.fetch_optional().await
    }

    /// The support session that an earlier submit of the same form made.
    pub async fn find_support_session_by_idempotency_key(
        &mut self,
        staff: StaffId,
        key: &str,
    ) -> Result<Option<SupportSession>, StoreError> {
        self.query(FIND_BY_IDEMPOTENCY_KEY)
            .bind(staff)
            .bind(key)
            .fetch_optional()
            .await
    }

    /// Active support sessions of a staff member, by tenant.
    pub async fn list_active_support_sessions_of(
        &mut self,
        staff: StaffId,
        now: Timestamp,
    ) -> Result<Vec<SupportSession>, StoreError> {
        self.query(LIST_ACTIVE_OF_STAFF)
            .bind(staff)
            .bind(now)
            .fetch_all()
            .await
    }

    /// Active support sessions in a tenant.
    pub async fn list_active_support_sessions_in(
        &mut self,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Vec<SupportSession>, StoreError> {
        let query = self.query(LIST_ACTIVE_IN_TENANT).bind(tenant);
        query.bind(now).fetch_all().await
    }

    /// All active support sessions, by tenant.
    pub async fn list_active_support_sessions(
        &mut self,
        now: Timestamp,
    ) -> Result<Vec<SupportSession>, StoreError> {
        self.query(LIST_ACTIVE).bind(now).fetch_all().await
    }

    /// The sessions among `ids` that exist.
    pub async fn list_support_sessions_by_id(
        &mut self,
        ids: &[SupportSessionId],
    ) -> Result<Vec<SupportSession>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let session: Option<SupportSession> =
                self.query(LOOKUP).bind(id).fetch_optional().await?;
            found.extend(session);
        }
        Ok(found)
    }

    /// How many support sessions a staff member has open.
    pub async fn count_active_support_sessions_of(
        &mut self,
        staff: StaffId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.query(COUNT_ACTIVE_OF_STAFF)
            .bind(staff)
            .bind(now)
            .fetch_one()
            .await
    }

    /// How many support sessions are active.
    pub async fn count_active_support_sessions(
        &mut self,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.query(COUNT_ACTIVE).bind(now).fetch_one().await
    }

    /// How many support sessions are in which status, of one tenant or of all.
    pub async fn count_support_sessions(
        &mut self,
        tenant: Option<&TenantId>,
        now: Timestamp,
    ) -> Result<SupportSessionCounts, StoreError> {
        let tenant = tenant.map_or("", TenantId::as_str);
        self.query(COUNTS).bind(now).bind(tenant).fetch_one().await
    }

    /// One page of support sessions, newest first.
    pub async fn list_support_sessions(
        &mut self,
        filter: &SupportSessionFilter,
        page: &PageAt,
        now: Timestamp,
    ) -> Result<Listed<SupportSession>, StoreError> {
        listing(filter, now)
            .fetch(self, page, |session: &SupportSession| {
                vec![Key::Text(session.id.to_string())]
            })
            .await
    }

    /// Up to 100 support sessions that have expired without an audit event of it yet, by tenant.
    pub async fn list_expired_unrecorded(
        &mut self,
        now: Timestamp,
    ) -> Result<Vec<SupportSession>, StoreError> {
        self.query(LIST_EXPIRED_UNRECORDED)
            .bind(now)
            .fetch_all()
            .await
    }

    /// When the next support session expires, if any is active.
    pub async fn next_expiry(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.query(NEXT_EXPIRY).fetch_one().await
    }

    /// The latest recorded expiry: that instant has certainly passed
    /// ([`Tx::mark_expiry_recorded`]).
    pub async fn latest_expiry(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.query(LATEST_EXPIRY).fetch_one().await
    }

    /// How many requests were recorded for forwarding since an instant, by a staff member and in a
    /// tenant.
    pub async fn count_forwarded_since(
        &mut self,
        staff: StaffId,
        tenant: &TenantId,
        since: Timestamp,
    ) -> Result<RequestsToday, StoreError> {
        let by_staff = self.query(COUNT_FORWARDED_BY_STAFF).bind(staff);
        let by_staff = by_staff.bind(since).fetch_one().await?;
        let in_tenant = self.query(COUNT_FORWARDED_IN_TENANT).bind(tenant);
        let in_tenant = in_tenant.bind(since).fetch_one().await?;
        Ok(RequestsToday {
            by_staff,
            in_tenant,
        })
    }

    /// Staff members who have held support sessions, to filter by.
    pub async fn list_support_session_staff(&mut self) -> Result<Vec<StaffRef>, StoreError> {
        self.query(LIST_STAFF).fetch_all().await
    }
}

fn listing(filter: &SupportSessionFilter, now: Timestamp) -> Listing {
    let mut listing = Listing::new("support_sessions", &["id"], Direction::Descending);
    match filter.status {
        None => {}
        Some(SupportSessionStatus::Active) => {
            listing.and("revoked_at IS NULL");
            listing.and_bind("ends_at > {}", now);
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
    listing
}

/// The part of a support session that is never shown.
pub struct SupportSessionSecrets {
    /// SHA-256 of the access token.
    pub token_hash: [u8; 32],
    /// Of the form that made it.
    pub idempotency_key: String,
}

impl Tx<'_> {
    /// Adds a support session.
    pub async fn add_support_session(
        &mut self,
        session: &SupportSession,
        secrets: &SupportSessionSecrets,
    ) -> Result<(), StoreError> {
        self.query(ADD)
            .bind_all(session)
            .bind(secrets.token_hash)
            .bind(&secrets.idempotency_key)
            .done()
            .await
    }

    /// Ends a support session early. Returns whether it was still active at that instant.
    pub async fn revoke_support_session(
        &mut self,
        id: SupportSessionId,
        revocation: &Revocation,
    ) -> Result<bool, StoreError> {
        self.query(REVOKE)
            .bind(id)
            .bind(revocation.at)
            .bind(revocation.by)
            .bind(&revocation.by_name)
            .bind(&revocation.reason)
            .changes_one()
            .await
    }

    /// Replaces a lost token. Returns whether the session was still active.
    pub async fn replace_support_token(
        &mut self,
        id: SupportSessionId,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let replace = self.query(REPLACE_TOKEN).bind(id).bind(token_hash);
        replace.bind(now).changes_one().await
    }

    /// Raises the request budget. Returns whether the session was still active and its budget
    /// lower.
    pub async fn raise_requests_total(
        &mut self,
        id: SupportSessionId,
        total: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let raise = self.query(RAISE_BUDGET).bind(id).bind(total).bind(now);
        raise.changes_one().await
    }

    /// Records that the audit event of an expiry is written. Returns whether it is the first time
    /// and no request has postponed the end meanwhile. An expiry that came by a jump of the clock
    /// is moved to `confirmed`, the latest instant that has certainly passed, so that the session
    /// stays expired when the clock is corrected.
    pub async fn mark_expiry_recorded(
        &mut self,
        id: SupportSessionId,
        confirmed: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mark = self.query(MARK_EXPIRY_RECORDED);
        mark.bind(id).bind(confirmed).bind(now).changes_one().await
    }
}
