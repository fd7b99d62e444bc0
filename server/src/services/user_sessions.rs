//! Tenant users' sign-ins: registration, introspection, and force logout.

use std::sync::Arc;

use app::{
    domain::{
        TenantId, UserSessionId,
        audit::AuditAction,
        caller::{Caller, Context},
        policy::Act,
        problem::{Problem, ProblemCode},
        tenants::{Tenant, TenantMaster},
        user_sessions::{
            ForceLogoutAnswer, ForceLogoutDraft, ForceLogoutForm, ForceLogoutResult, UserSession,
            UserSessionIntrospection, UserSessionQuery, UserSessionRegistration, logout_cutoff,
        },
    },
    ports::UserSessionsPort,
};
use async_trait::async_trait;
use store::{Audited, Bookkeeping, ChangeKind, Lane, Priority};
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

    /// Registers that a tenant user has signed in. A session that was ended stays ended.
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
        let given = (tenant.clone(), id.clone(), registration, self.clone());
        let now = self.core.now();
        // Telemetry of the platform and not an act of anyone here, so there is no audit event.
        let session = self
            .core
            .store
            .write(
                Priority::Normal,
                given,
                move |(tenant, id, registration, this), tx| {
                    Box::pin(async move {
                        this.refuse_where_none_signs_in(tx, tenant).await?;
                        tx.register_user_session(tenant, id, registration).await?;
                        tx.change(ChangeKind::UserSessions, tenant, now).await?;
                        Ok::<_, ServiceError>(tx.lookup_user_session(tenant, id).await?)
                    })
                },
            )
            .await?;
        session.ok_or_else(|| Problem::not_found("user session"))
    }

    /// Under the tenant's lock, so that a change of its status at the same time ends the sign-in, or is seen.
    async fn refuse_where_none_signs_in(
        &self,
        tx: &mut Bookkeeping<'_>,
        tenant: &TenantId,
    ) -> Result<(), ServiceError> {
        if self.core.config.tenants.master == TenantMaster::Platform {
            return Ok(());
        }
        let stored = tx.lock_tenant(tenant).await?;
        match stored.filter(|stored| self.ends_sign_ins(&stored.tenant)) {
            None => Ok(()),
            Some(stored) => {
                let status = stored.tenant.status.label().to_lowercase();
                let detail = format!("The tenant is {status}. Nobody can sign in there.");
                Err(Problem::new(ProblemCode::Conflict, detail).into())
            }
        }
    }

    /// Whether nobody stays signed in to a tenant. Where the platform is the master, it decides that itself.
    fn ends_sign_ins(&self, tenant: &Tenant) -> bool {
        let effect = tenant.status.effect(false);
        self.core.config.tenants.master == TenantMaster::Console && effect.ends_user_sessions
    }

    /// Registers that a tenant user has signed out.
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
        let stored = db.lookup_tenant(&query.tenant_id).await?;
        let is_ended = stored.is_some_and(|stored| self.ends_sign_ins(&stored.tenant));
        let now = self.core.now();
        let alive = session.filter(|session| {
            !is_ended
                && session.ended_at.is_none()
                && session.expires_at > now
                && cutoff.is_none_or(|cutoff| session.issued_at > cutoff)
        });
        Ok(UserSessionIntrospection {
            active: alive.is_some(),
            expires_at: alive.as_ref().map(|session| session.expires_at),
            user: alive.map(|session| session.user),
        })
    }

    /// Ends the sessions. Returns the result, and whether the same form or request had done it
    /// before.
    async fn logout(
        &self,
        context: &Context,
        tenant: &TenantId,
        idempotency_key: &str,
    ) -> Result<(ForceLogoutResult, bool), ServiceError> {
        let key = self.idempotency_key(context, idempotency_key)?;
        let given = (tenant.clone(), key);
        let logout = self.core.act(context, given, |(tenant, key), mut act| {
            Box::pin(async move {
                let actor_id = actor(&act.context.caller).id;
                if let Some(before) = act.tx.find_force_logout(&actor_id, key).await? {
                    return Ok(Audited::unchanged((before, true)));
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
                Ok(Audited::new((result, false), receipt))
            })
        });
        let (done, is_repeated) = Lane::Ends.run(logout).await?;
        if done.tenant_id == *tenant {
            Ok((done, is_repeated))
        } else {
            Err(Problem::invalid_field("idempotency_key", "was used for another tenant").into())
        }
    }

    async fn draft_of(&self, tenant: Tenant) -> Result<ForceLogoutDraft, ServiceError> {
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let active = db.count_active_user_sessions(&tenant.id, self.core.now());
        Ok(ForceLogoutDraft {
            active_user_sessions: active.await?,
            tenant,
            idempotency_key: self.core.new_uuid().to_string(),
        })
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
        Ok(self.draft_of(found.tenant).await?)
    }

    async fn force_logout(
        &self,
        context: &Context,
        tenant: &TenantId,
        form: ForceLogoutForm,
    ) -> Result<ForceLogoutAnswer, Problem> {
        self.core.authorise(context, Act::ForceLogout)?;
        // Force logout needs no right to read the tenant.
        let found = find_tenant(&self.core, tenant).await?.tenant;
        if form.slug.trim() != found.slug {
            let message = format!("that doesn't match. Type {}", found.slug);
            return Err(Problem::invalid_field("slug", message));
        }
        let (result, is_repeated) = self.logout(context, tenant, &form.idempotency_key).await?;
        let again = match is_repeated {
            true => Some(self.draft_of(found).await?),
            false => None,
        };
        Ok(ForceLogoutAnswer { result, again })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::services::testing::{platform_key, support_admin, worlds};

    #[tokio::test]
    async fn a_form_that_was_sent_before_does_nothing_and_says_so() {
        for world in worlds().await {
            let service = UserSessionsService::new(world.core.clone());
            let acme: TenantId = "acme".parse().unwrap();
            let signs_in = async |id: &str| {
                world.clock.advance(TimeDelta::seconds(2));
                let registration = UserSessionRegistration {
                    user: "usr".parse().unwrap(),
                    issued_at: world.core.now(),
                    expires_at: world.core.now() + TimeDelta::hours(1),
                };
                let id = id.parse().unwrap();
                let context = platform_key();
                service
                    .register(&context, &acme, &id, registration)
                    .await
                    .unwrap();
            };
            let admin = support_admin(1);
            let form = |idempotency_key: &str| ForceLogoutForm {
                slug: "acme".into(),
                idempotency_key: idempotency_key.into(),
            };
            signs_in("a").await;
            let drafted = service.draft(&admin, &acme).await.unwrap();
            assert_eq!(drafted.active_user_sessions, 1);
            let key = drafted.idempotency_key;
            let first = service
                .force_logout(&admin, &acme, form(&key))
                .await
                .unwrap();
            assert_eq!(
                (first.result.ended, first.again),
                (1, None),
                "{}",
                world.engine
            );
            signs_in("b").await;

            let second = service
                .force_logout(&admin, &acme, form(&key))
                .await
                .unwrap();

            assert_eq!(second.result, first.result, "{}", world.engine);
            let again = second.again.expect("a fresh form");
            assert_eq!(again.active_user_sessions, 1);
            assert_ne!(again.idempotency_key, key);
            let fresh = form(&again.idempotency_key);
            let third = service.force_logout(&admin, &acme, fresh).await.unwrap();
            assert_eq!((third.result.ended, third.again), (1, None));
        }
    }
}
