//! Tenant users' sign-ins, and their end by force logout.

use app::domain::{
    TenantId, Timestamp, UserSessionId,
    user_sessions::{ForceLogoutResult, UserSession, UserSessionRegistration},
};

use const_format::concatcp;

use super::{
    Db, StoreError, Tx,
    record::{insert, record, select},
    sql::statements,
};

statements! {
    // A sign-in that was ended stays ended, whatever is reported of it later.
    REGISTER = concatcp!(insert!("user_sessions", UserSessionRegistration, "tenant_id, id"),
        " ON CONFLICT (tenant_id, id) DO UPDATE SET user_id = excluded.user_id, \
        issued_at = excluded.issued_at, expires_at = excluded.expires_at WHERE user_sessions.ended_at IS NULL");
    LOOKUP = select!(UserSession, "user_sessions WHERE tenant_id = $1 AND id = $2");
    END = "UPDATE user_sessions SET ended_at = $3 WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL";
    COUNT_ACTIVE = "SELECT COUNT(*) FROM user_sessions WHERE tenant_id = $1 AND ended_at IS NULL AND expires_at > $2 \
        AND issued_at > (SELECT logout_cutoff FROM tenants WHERE id = $1)";
    END_ALL = "UPDATE user_sessions SET ended_at = $2 WHERE tenant_id = $1 AND ended_at IS NULL AND expires_at > $2 \
        AND issued_at > (SELECT logout_cutoff FROM tenants WHERE id = $1)";
    LOGOUT_CUTOFF = "SELECT logout_cutoff FROM tenants WHERE id = $1";
    MOVE_CUTOFF = "UPDATE tenants SET logout_cutoff = $2 WHERE id = $1 AND logout_cutoff < $2";
    ADD_FORCE_LOGOUT = insert!("force_logouts", ForceLogoutResult, "actor_id, idempotency_key");
    FIND_FORCE_LOGOUT = select!(ForceLogoutResult, "force_logouts WHERE actor_id = $1 AND idempotency_key = $2");
    PRUNE = "DELETE FROM user_sessions WHERE expires_at < $1";
}

record! { UserSession { id; tenant_id; user = user_id; issued_at; expires_at; ended_at } }

record! { UserSessionRegistration { user = user_id; issued_at; expires_at } }

record! { ForceLogoutResult { tenant_id; ended; at; audit_event_id } }

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
        let cutoff = self.query(LOGOUT_CUTOFF).bind(tenant);
        let cutoff: Option<Option<Timestamp>> = cutoff.fetch_optional().await?;
        Ok(cutoff.flatten())
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
        let register = self.query(REGISTER).bind_all(registration);
        register.bind(tenant).bind(id).done().await
    }

    /// Ends one user session. Returns whether it was active.
    pub async fn end_user_session(
        &mut self,
        tenant: &TenantId,
        id: &UserSessionId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let end = self.query(END).bind(tenant).bind(id).bind(at);
        end.changes_one().await
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
        let moves = self.query(MOVE_CUTOFF).bind(tenant).bind(cutoff);
        moves.done().await?;
        Ok(ended)
    }

    /// Stores the result of a force logout, for a second submit of the same form.
    pub async fn add_force_logout(
        &mut self,
        actor_id: &str,
        key: &str,
        result: &ForceLogoutResult,
    ) -> Result<(), StoreError> {
        let add = self.query(ADD_FORCE_LOGOUT).bind_all(result);
        add.bind(actor_id).bind(key).done().await
    }

    /// Forgets user sessions that expired before an instant.
    pub async fn prune_user_sessions(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.query(PRUNE).bind(before).execute().await
    }
}
