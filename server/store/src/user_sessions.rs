//! Tenant users' sign-ins, and their end by force logout.

use std::collections::BTreeMap;

use app::domain::{
    TenantId, Timestamp, UserSessionId,
    user_sessions::{ForceLogoutResult, UserSession, UserSessionRegistration},
};

use const_format::concatcp;

use super::{
    Bookkeeping, Db, StoreError, Tx, in_list,
    record::{insert, record, select},
    sql::queries,
};

queries! {
    Db {
        pub fn lookup_user_session(tenant: &TenantId, id: &UserSessionId) -> optional UserSession
            = select!(UserSession, "user_sessions WHERE tenant_id = :tenant AND id = :id");

        /// How many user sessions of a tenant are active.
        pub fn count_active_user_sessions(tenant: &TenantId, now: Timestamp) -> one u64
            = "SELECT COUNT(*) FROM user_sessions WHERE tenant_id = :tenant AND ended_at IS NULL AND expires_at > :now \
                AND issued_at > (SELECT logout_cutoff FROM tenants WHERE id = :tenant)";

        /// The result of an earlier submit of the same form.
        pub fn find_force_logout(actor_id: &str, key: &str) -> optional ForceLogoutResult
            = select!(ForceLogoutResult, "force_logouts WHERE actor_id = :actor_id AND idempotency_key = :key");

        /// Every user session of a tenant that was issued at or before this instant has ended.
        pub fn lookup_logout_cutoff(tenant: &TenantId) -> nullable Timestamp
            = "SELECT logout_cutoff FROM tenants WHERE id = :tenant";
    }
    Bookkeeping {
        /// Registers a user session, or changes one that has not been ended.
        pub fn register_user_session(tenant: &TenantId, id: &UserSessionId, registration: &UserSessionRegistration)
            where (registration, tenant, id)
            // A sign-in that was ended stays ended, whatever is reported later.
            = concatcp!(insert!("user_sessions", UserSessionRegistration, "tenant_id, id"),
                " ON CONFLICT (tenant_id, id) DO UPDATE SET user_id = excluded.user_id, \
                issued_at = excluded.issued_at, expires_at = excluded.expires_at WHERE user_sessions.ended_at IS NULL");

        /// Ends one user session. Returns whether it was active.
        pub fn end_user_session(tenant: &TenantId, id: &UserSessionId, at: Timestamp) -> changed
            = "UPDATE user_sessions SET ended_at = :at WHERE tenant_id = :tenant AND id = :id AND ended_at IS NULL";

        /// Deletes up to 500 user sessions that expired before an instant. Returns how many.
        pub fn prune_user_sessions(before: Timestamp) -> count
            = "DELETE FROM user_sessions WHERE (tenant_id, id) IN \
                (SELECT tenant_id, id FROM user_sessions WHERE expires_at < :before AND ended_at IS NULL \
                ORDER BY expires_at LIMIT 500)";

        /// The same for those that were ended early.
        pub fn prune_ended_user_sessions(before: Timestamp) -> count
            = "DELETE FROM user_sessions WHERE (tenant_id, id) IN \
                (SELECT tenant_id, id FROM user_sessions WHERE expires_at < :before AND ended_at IS NOT NULL \
                ORDER BY expires_at LIMIT 500)";

        /// Deletes the results of up to 500 force logouts from before an instant. Returns how many.
        pub fn prune_force_logouts(before: Timestamp) -> count
            = "DELETE FROM force_logouts WHERE (actor_id, idempotency_key) IN \
                (SELECT actor_id, idempotency_key FROM force_logouts WHERE at < :before ORDER BY at LIMIT 500)";
    }
    Tx {
        /// Stores the result of a force logout, for a second submit of the same form.
        pub fn add_force_logout(actor_id: &str, key: &str, result: &ForceLogoutResult)
            where (result, actor_id, key)
            = insert!("force_logouts", ForceLogoutResult, "actor_id, idempotency_key");

        fn end_active_user_sessions(tenant: &TenantId, at: Timestamp) -> count
            = "UPDATE user_sessions SET ended_at = :at WHERE tenant_id = :tenant AND ended_at IS NULL AND expires_at > :at \
                AND issued_at > (SELECT logout_cutoff FROM tenants WHERE id = :tenant)";

        fn move_logout_cutoff(tenant: &TenantId, cutoff: Timestamp)
            = "UPDATE tenants SET logout_cutoff = :cutoff WHERE id = :tenant AND logout_cutoff < :cutoff";
    }
}

record! { UserSession { id; tenant_id; user = user_id; issued_at; expires_at; ended_at } }

record! { UserSessionRegistration { user = user_id; issued_at; expires_at } }

record! { ForceLogoutResult { tenant_id; ended; at; audit_event_id } }

impl Db<'_> {
    /// How many user sessions are active in those of some tenants that have any.
    pub async fn count_user_sessions_in(
        &mut self,
        tenants: &[TenantId],
        now: Timestamp,
    ) -> Result<BTreeMap<TenantId, u64>, StoreError> {
        let mut found = BTreeMap::new();
        for tenants in tenants.chunks(in_list::LENGTH) {
            let list = in_list::sql(
                "SELECT s.tenant_id, COUNT(*) AS active FROM user_sessions s JOIN tenants t ON t.id = s.tenant_id \
                 WHERE s.tenant_id IN ",
            );
            let query = self.assembled(format!(
                "{list} AND s.ended_at IS NULL AND s.expires_at > $101 AND s.issued_at > t.logout_cutoff GROUP BY s.tenant_id"
            ));
            let query = in_list::bind(query, tenants).bind(now);
            let rows: Vec<(TenantId, u64)> = query.fetch_all().await?;
            found.extend(rows);
        }
        Ok(found)
    }
}

impl Tx<'_> {
    /// Ends every active user session of a tenant, and any issued at or before `cutoff` that is
    /// reported later. Returns how many were active.
    pub async fn end_all_user_sessions(
        &mut self,
        tenant: &TenantId,
        at: Timestamp,
        cutoff: Timestamp,
    ) -> Result<u64, StoreError> {
        let ended = self.end_active_user_sessions(tenant, at).await?;
        self.move_logout_cutoff(tenant, cutoff).await?;
        Ok(ended)
    }
}
