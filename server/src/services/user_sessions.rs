//! Tenant users' sign-ins: registration, introspection, and force logout.

use std::sync::Arc;

use app::{
    domain::{
        TenantId, UserSessionId,
        audit::AuditAction,
        caller::{Caller, Context},
        policy::Act,
        problem::Problem,
        user_sessions::{
            ForceLogoutDraft, ForceLogoutForm, ForceLogoutResult, UserSession,
            UserSessionIntrospection, UserSessionQuery, UserSessionRegistration, logout_cutoff,
        },
    },
    ports::UserSessionsPort,
};
use async_trait::async_trait;
use store::{Audited, ChangeKind, Lane, Priority};
use uuid::Uuid;

use super::{Core, ServiceError, core::actor, tenants::find_tenant};

/// The use cases around user sessions.
#[derive(Clone)]
pub struct UserSessionsService {
    core: Core,
}

impl UserSessionsService {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// Takes in that a tenant user has signed in. One that was ended stays ended.
    pub async fn register(
        &self,
        context: &Context,
        tenant: &TenantId,
        id: &UserSessionId,
        registration: UserSessionRegistration,
    ) -> Result<UserSession, Problem> {
        self.core.authorise(context, Act::RegisterTenants)?;
        let registration = Arc::new(registration.validated()?);
        find_tenant(&self.core, tenant).await?;
        let given = (tenant.clone(), id.clone(), registration);
        let now = self.core.now();
        // Telemetry of the platform and not an act of anyone here, so no audit event goes with it.
        let session = self
            .core
            .store
            .write(
                Priority::Normal,
                given,
                move |(tenant, id, registration), tx| {
                    Box::pin(async move {
                        tx.register_user_session(tenant, id, registration).await?;
                        tx.change(ChangeKind::UserSessions, tenant, now).await?;
                        tx.lookup_user_session(tenant, id).await
                    })
                },
            )
            .await?;
        session.ok_or_else(|| Problem::not_found("user session"))
    }

    /// Takes in that a tenant user has signed out.
    pub async fn end(
        &self,
        context: &Context,
        tenant: &TenantId,
        id: &UserSessionId,
    ) -> Result<(), Problem> {
        self.core.authorise(context, Act::RegisterTenants)?;
        find_tenant(&self.core, tenant).await?;
        let given = (tenant.clone(), id.clone());
        let now = self.core.now();
        let known = self
            .core
            .store
            .write(Priority::Normal, given, move |(tenant, id), tx| {
                Box::pin(async move {
                    if tx.end_user_session(tenant, id, now).await? {
                        tx.change(ChangeKind::UserSessions, tenant, now).await?;
                        return Ok(true);
                    }
                    Ok::<_, store::StoreError>(tx.lookup_user_session(tenant, id).await?.is_some())
                })
            })
            .await?;
        if known {
            Ok(())
        } else {
            Err(Problem::not_found("user session"))
        }
    }

    /// Whether a user session is known, not expired and not ended.
    pub async fn introspect(
        &self,
        context: &Context,
        query: &UserSessionQuery,
    ) -> Result<UserSessionIntrospection, Problem> {
        self.core.authorise(context, Act::RegisterTenants)?;
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let cutoff = db.lookup_logout_cutoff(&query.tenant_id).await?;
        let session = db
            .lookup_user_session(&query.tenant_id, &query.user_session_id)
            .await?;
        let now = self.core.now();
        let alive = session.filter(|session| {
            session.ended_at.is_none()
                && session.expires_at > now
                && cutoff.is_none_or(|cutoff| session.issued_at > cutoff)
        });
        Ok(UserSessionIntrospection {
            active: alive.is_some(),
            expires_at: alive.as_ref().map(|session| session.expires_at),
            user: alive.map(|session| session.user),
        })
    }

    async fn logout(
        &self,
        context: &Context,
        tenant: &TenantId,
        idempotency_key: &str,
    ) -> Result<ForceLogoutResult, ServiceError> {
        let key = self.idempotency_key(context, idempotency_key)?;
        let given = (tenant.clone(), key);
        let logout = self.core.act(context, given, |(tenant, key), mut act| {
            Box::pin(async move {
                let actor_id = actor(&act.context.caller).id;
                if let Some(before) = act.tx.find_force_logout(&actor_id, key).await? {
                    return Ok(Audited::unchanged(before));
                }
                let at = act.now();
                let cutoff = logout_cutoff(at);
                let ended = act.tx.end_all_user_sessions(tenant, at, cutoff).await?;
                let action = AuditAction::UserSessionsForceLogout { ended };
                let receipt = act.record(Some(tenant), tenant, action);
                let result = ForceLogoutResult {
                    tenant_id: tenant.clone(),
                    ended,
                    at,
                    audit_event_id: receipt.event_id(),
                };
                act.tx.add_force_logout(&actor_id, key, &result).await?;
                act.change(ChangeKind::UserSessions, tenant).await?;
                Ok(Audited::new(result, receipt))
            })
        });
        let done = Lane::Ends.run(logout).await?;
        if done.tenant_id == *tenant {
            Ok(done)
        } else {
            Err(Problem::invalid_field("idempotency_key", "was used for another tenant").into())
        }
    }

    /// A form's key was made by the server. A REST caller makes its own.
    fn idempotency_key(&self, context: &Context, text: &str) -> Result<String, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(self.core.new_uuid().to_string());
        }
        let well_formed = match &context.caller {
            Caller::Staff(_) => Uuid::try_parse(text).is_ok(),
            _ => text.len() <= 200 && text.bytes().all(|b| b.is_ascii_graphic()),
        };
        if well_formed {
            Ok(text.to_owned())
        } else {
            Err(Problem::invalid_field(
                "idempotency_key",
                "must be the one that came with the form, or 1 to 200 visible ASCII characters",
            ))
        }
    }
}

#[async_trait]
impl UserSessionsPort for UserSessionsService {
    async fn draft(
        &self,
        context: &Context,
        tenant: &TenantId,
    ) -> Result<ForceLogoutDraft, Problem> {
        self.core.authorise(context, Act::ReadTenant(tenant))?;
        let found = find_tenant(&self.core, tenant).await?;
        let mut reader = self.core.store.read().await?;
        let now = self.core.now();
        Ok(ForceLogoutDraft {
            tenant: found.tenant,
            active_user_sessions: reader.db().count_active_user_sessions(tenant, now).await?,
            idempotency_key: self.core.new_uuid().to_string(),
        })
    }

    async fn force_logout(
        &self,
        context: &Context,
        tenant: &TenantId,
        form: ForceLogoutForm,
    ) -> Result<ForceLogoutResult, Problem> {
        self.core.authorise(context, Act::ForceLogout)?;
        // Force logout needs no right to read the tenant.
        let slug = find_tenant(&self.core, tenant).await?.tenant.slug;
        if form.slug.trim() != slug {
            let message = format!("that doesn't match. Type {slug}");
            return Err(Problem::invalid_field("slug", message));
        }
        Ok(self.logout(context, tenant, &form.idempotency_key).await?)
    }
}
