//! Tenant users' sign-ins, and their end by force logout.

use app::domain::{
    AuditEventId, TenantId, Timestamp, UserSessionId,
    user_sessions::{ForceLogoutResult, UserSession, UserSessionRegistration},
};

use super::{Db, FromRow, Row, StoreError, Tx, sql::statements};

statements! {
    // A sign-in that was ended stays ended, whatever is reported later.
    REGISTER = "INSERT INTO user_sessions (tenant_id, id, user_id, issued_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, id) DO UPDATE SET user_id = excluded.user_id, \
        issued_at = excluded.issued_at, expires_at = excluded.expires_at \
        WHERE user_sessions.ended_at IS NULL";
    LOOKUP = "SELECT * FROM user_sessions WHERE tenant_id = $1 AND id = $2";
    END = "UPDATE user_sessions SET ended_at = $3 WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL";
    COUNT_ACTIVE = "SELECT COUNT(*) FROM user_sessions WHERE tenant_id = $1 AND ended_at IS NULL AND expires_at > $2 \
        AND issued_at > (SELECT logout_cutoff FROM tenants WHERE id = $1)";
    END_ALL = "UPDATE user_sessions SET ended_at = $2 WHERE tenant_id = $1 AND ended_at IS NULL AND expires_at > $2 \
        AND issued_at > (SELECT logout_cutoff FROM tenants WHERE id = $1)";
    LOGOUT_CUTOFF = "SELECT logout_cutoff FROM tenants WHERE id = $1";
    MOVE_CUTOFF = "UPDATE tenants SET logout_cutoff = $2 WHERE id = $1 AND logout_cutoff < $2";
    ADD_FORCE_LOGOUT = "INSERT INTO force_logouts (actor_id, idempotency_key, tenant_id, ended, at, audit_event_id) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    FIND_FORCE_LOGOUT = "SELECT * FROM force_logouts WHERE actor_id = $1 AND idempotency_key = $2";
    PRUNE = "DELETE FROM user_sessions WHERE expires_at < $1";
}

impl FromRow for UserSession {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.parsed("id")?,
            tenant_id: row.parsed("tenant_id")?,
            user: row.parsed("user_id")?,
            issued_at: row.at("issued_at")?,
            expires_at: row.at("expires_at")?,
            ended_at: row.opt_at("ended_at")?,
        })
    }
}

impl FromRow for ForceLogoutResult {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            tenant_id: row.parsed("tenant_id")?,
            ended: row.count("ended")?,
            at: row.at("at")?,
            audit_event_id: row.parsed::<AuditEventId>("audit_event_id")?,
        })
    }
}

impl Db<'_> {
    pub async fn lookup_user_session(
        &mut self,
        tenant: &TenantId,
        id: &UserSessionId,
    ) -> Result<Option<UserSession>, StoreError> {
        self.query(LOOKUP)
            .bind(tenant)
            .bind(id)
            .fetch_optional()
            .await
    }

    /// How many user sessions of a tenant are active.
    pub async fn count_active_user_sessions(
        &mut self,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.query(COUNT_ACTIVE)
            .bind(tenant)
            .bind(now)
            .fetch_one()
            .await
    }

    /// The instant at or before which every user session of a tenant is dead.
    pub async fn lookup_logout_cutoff(
        &mut self,
        tenant: &TenantId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let micros: Option<i64> = self
            .query(LOGOUT_CUTOFF)
            .bind(tenant)
            .fetch_optional()
            .await?;
        Ok(micros
            .filter(|m| *m >= 0)
            .and_then(Timestamp::from_timestamp_micros))
    }

    /// Whether the tenant exists.
    pub async fn tenant_exists(&mut self, tenant: &TenantId) -> Result<bool, StoreError> {
        let found: Option<i64> = self
            .query(LOGOUT_CUTOFF)
            .bind(tenant)
            .fetch_optional()
            .await?;
        Ok(found.is_some())
    }

    /// The result of an earlier submit of the same form.
    pub async fn find_force_logout(
        &mut self,
        actor_id: &str,
        key: &str,
    ) -> Result<Option<ForceLogoutResult>, StoreError> {
        self.query(FIND_FORCE_LOGOUT)
            .bind(actor_id)
            .bind(key)
            .fetch_optional()
            .await
    }
}

impl Tx<'_> {
    /// Registers a user session, or changes one that has not been ended.
    pub async fn register_user_session(
        &mut self,
        tenant: &TenantId,
        id: &UserSessionId,
        registration: &UserSessionRegistration,
    ) -> Result<(), StoreError> {
        self.query(REGISTER)
            .bind(tenant)
            .bind(id)
            .bind(&registration.user)
            .bind(registration.issued_at)
            .bind(registration.expires_at)
            .execute()
            .await
            .map(drop)
    }

    /// Ends one user session. Returns whether it was active.
    pub async fn end_user_session(
        &mut self,
        tenant: &TenantId,
        id: &UserSessionId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self
            .query(END)
            .bind(tenant)
            .bind(id)
            .bind(at)
            .execute()
            .await?
            == 1)
    }

    /// Ends every active user session of a tenant, and those issued at or before `cutoff` that
    /// are reported later; how many were active.
    pub async fn end_all_user_sessions(
        &mut self,
        tenant: &TenantId,
        at: Timestamp,
        cutoff: Timestamp,
    ) -> Result<u64, StoreError> {
        let ended = self.query(END_ALL).bind(tenant).bind(at).execute().await?;
        self.query(MOVE_CUTOFF)
            .bind(tenant)
            .bind(cutoff)
            .execute()
            .await?;
        Ok(ended)
    }

    /// Stores the result of a force logout, for a second submit of the same form.
    pub async fn add_force_logout(
        &mut self,
        actor_id: &str,
        key: &str,
        result: &ForceLogoutResult,
    ) -> Result<(), StoreError> {
        self.query(ADD_FORCE_LOGOUT)
            .bind(actor_id)
            .bind(key)
            .bind(&result.tenant_id)
            .bind(result.ended)
            .bind(result.at)
            .bind(result.audit_event_id)
            .execute()
            .await
            .map(drop)
    }

    /// Forgets user sessions that expired before an instant.
    pub async fn prune_user_sessions(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.query(PRUNE).bind(before).execute().await
    }
}
