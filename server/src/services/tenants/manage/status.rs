//! The lifecycle: giving one tenant or several another status.

use app::domain::{
    AuditEventId, SupportSessionId, TenantId, Timestamp,
    audit::AuditAction,
    caller::Context,
    policy::Act,
    problem::{Problem, ProblemCode},
    tenants::{
        StatusChanged, StatusDraft, StatusForm, StatusRow, Tenant, TenantMaster, TenantStatus,
    },
    user_sessions::logout_cutoff,
};
use store::{Audited, ChangeKind, Lane, tenants::StoredTenant};

use super::seen_tenant;
use crate::services::{
    Acting, ServiceError,
    caller_now::authorise_again,
    tenants::{
        TenantsService, find_tenant,
        register::{Put, put_tenant},
    },
};

/// What a change of one tenant has done; `None` if it had the status already.
type Changed = Option<(AuditEventId, usize, u64)>;

impl TenantsService {
    /// The chosen tenants, told apart by whether they may get the status.
    pub(super) async fn drafted(
        &self,
        context: &Context,
        form: StatusForm,
    ) -> Result<StatusDraft, Problem> {
        self.core.authorise(context, Act::ReadTenants)?;
        let (ids, to) = form.chosen()?;
        let (mut tenants, mut refused) = (Vec::with_capacity(ids.len()), Vec::new());
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        let users = reader.db().count_user_sessions_in(&ids, now).await?;
        drop(reader);
        for id in ids {
            let stored = find_tenant(&self.core, &id).await?;
            let row = StatusRow {
                seen: seen_tenant(&stored),
                tenant: stored.tenant,
                active_user_sessions: users.get(&id).copied().unwrap_or_default(),
                active_support_sessions: self.active_support_sessions(&id).await?,
            };
            match row.tenant.status.change_to(to) {
                Ok(_) => tenants.push(row),
                Err(problem) => refused.push((row.tenant, problem.detail)),
            }
        }
        let config = &self.core.config;
        Ok(StatusDraft {
            tenants,
            refused,
            master: config.tenants.master,
            may_manage: self.may_manage(context),
            end_when_suspended: config.support_sessions.end_when_suspended,
        })
    }

    /// Gives the chosen tenants the status. A wrong selection does nothing.
    pub(super) async fn change_status(
        &self,
        context: &Context,
        form: StatusForm,
    ) -> Result<StatusChanged, Problem> {
        self.core.authorise(context, Act::ManageTenants)?;
        self.require_master(TenantMaster::Console)?;
        let (ids, to) = form.chosen()?;
        let reason = form.reason()?;
        let mut tenants = Vec::with_capacity(ids.len());
        for id in &ids {
            tenants.push(find_tenant(&self.core, id).await?);
        }
        for stored in &tenants {
            is_as_shown(stored, to, form.seen(&stored.tenant.id))?;
        }
        for stored in &tenants {
            confirmed(&stored.tenant, to, &form.slug)?;
        }
        let marked = |id: TenantId| {
            let seen = form.seen(&id).unwrap_or_default().to_owned();
            (id, seen)
        };
        let marked = ids.into_iter().map(marked).collect();
        let (this, context) = (self.clone(), context.clone());
        let changing = async move { this.change_each(&context, marked, to, reason).await };
        // Goes on if the browser gives up: what was chosen must not stay as it was for that.
        let changed = match to.effect(true).bars_support {
            true => self.running.spawn(Lane::Ends.run(changing)).await,
            false => self.running.spawn(changing).await,
        };
        changed
            .unwrap_or_else(|_| Err(Problem::new(ProblemCode::Internal, "Something went wrong.")))
    }

    /// Changes one after the other, each in a transaction with its event.
    pub(in crate::services::tenants) async fn change_each(
        &self,
        context: &Context,
        tenants: Vec<(TenantId, String)>,
        to: TenantStatus,
        reason: String,
    ) -> Result<StatusChanged, Problem> {
        let is_one = tenants.len() == 1;
        // A single one was authorised with the request.
        let begun = (!is_one).then(|| self.core.now());
        let (mut all, mut failed) = (StatusChanged::default(), Vec::new());
        let many = tenants.len();
        for (id, seen) in tenants {
            let given = (id, seen, to, reason.clone());
            match self.change_one(context, begun, given).await {
                Ok(None) => all.unchanged += 1,
                Ok(Some((event, support, users))) => {
                    all.changed += 1;
                    all.support_sessions_ended += support;
                    all.user_sessions_ended += users;
                    all.audit_event = is_one.then_some(event);
                }
                Err(problem) if is_one => return Err(problem),
                Err(problem) if problem.code == ProblemCode::Conflict => {
                    failed.push(problem.detail);
                }
                // What stops one stops the others.
                Err(problem) => {
                    let left = many - all.changed - all.unchanged - failed.len();
                    // Perhaps nobody waits for the answer any more.
                    let why = problem.code.as_str();
                    tracing::warn!(
                        left,
                        of = many,
                        why,
                        "a change of several tenants stopped early"
                    );
                    failed.push(format!("Not tried: {left}. {}", problem.detail));
                    break;
                }
            }
        }
        if failed.is_empty() {
            return Ok(all);
        }
        let told = failed.join(" ");
        let detail = format!("{} Not all could be changed. {told}", all.in_words(to));
        Err(Problem::new(ProblemCode::Conflict, detail))
    }

    /// Changes one. If it is one of several that were begun at `begun`, the caller must still be
    /// allowed to.
    async fn change_one(
        &self,
        context: &Context,
        begun: Option<Timestamp>,
        given: (TenantId, String, TenantStatus, String),
    ) -> Result<Changed, Problem> {
        if let Some(begun) = begun {
            authorise_again(&self.core, context, Act::ManageTenants, begun).await?;
        }
        let ends = given.2.effect(true).bars_support;
        let change = self
            .core
            .act(context, given, |(id, seen, to, reason), act| {
                Box::pin(change(act, (id, seen), *to, reason))
            });
        Ok(self.committed(ends, change).await?)
    }

    async fn active_support_sessions(&self, id: &TenantId) -> Result<u64, Problem> {
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let counts = db.count_support_sessions(Some(id), self.core.now());
        Ok(counts.await?.active)
    }
}

/// Refuses a change that was meant for another state of the tenant than the present one.
fn is_as_shown(stored: &StoredTenant, to: TenantStatus, seen: Option<&str>) -> Result<(), Problem> {
    let Tenant { name, status, .. } = &stored.tenant;
    if *status == to || seen == Some(&seen_tenant(stored)) {
        return Ok(());
    }
    let status = status.label().to_lowercase();
    let detail =
        format!("{name} has changed since you opened the page. It is {status} now, and stays so.");
    Err(Problem::new(ProblemCode::Conflict, detail))
}

/// Checks what a change needs before anything is done. A tenant is closed only if its slug is typed
/// again.
fn confirmed(tenant: &Tenant, to: TenantStatus, slug: &str) -> Result<(), Problem> {
    if tenant.status != to {
        tenant.status.change_to(to).map_err(|problem| {
            Problem::new(problem.code, format!("{}: {}", tenant.name, problem.detail))
        })?;
    }
    if to == TenantStatus::Closed && slug.trim() != tenant.slug {
        let message = format!("that doesn't match. Type {}", tenant.slug);
        return Err(Problem::invalid_field("slug", message));
    }
    Ok(())
}

async fn change(
    mut act: Acting<'_, '_>,
    (id, seen): (&TenantId, &str),
    to: TenantStatus,
    reason: &str,
) -> Result<Audited<(Changed, Vec<SupportSessionId>)>, ServiceError> {
    let stored = act.tx.lock_tenant(id).await?;
    let stored = stored.ok_or_else(|| Problem::not_found("tenant"))?;
    if stored.tenant.status == to {
        return Ok(Audited::unchanged((None, Vec::new())));
    }
    is_as_shown(&stored, to, Some(seen))?;
    stored.tenant.status.change_to(to)?;
    let tenant = Tenant {
        status: to,
        ..stored.tenant.clone()
    };
    let reason = Some(reason.to_owned());
    let put = put_tenant(&mut act, Some(&stored), &tenant, reason).await?;
    let Some(Put { receipt, revoked }) = put else {
        return Ok(Audited::unchanged((None, Vec::new())));
    };
    let configured = act.core.config.support_sessions.end_when_suspended;
    let users = match to.effect(configured).ends_user_sessions {
        true => end_user_sessions(&mut act, id).await?,
        false => 0,
    };
    act.tx.feed_tenant(id).await?;
    let changed = Some((receipt.event_id(), revoked.len(), users));
    Ok(Audited::new((changed, revoked), receipt))
}

/// Ends every active user session of the tenant, with an event if there was any.
async fn end_user_sessions(act: &mut Acting<'_, '_>, id: &TenantId) -> Result<u64, ServiceError> {
    let at = act.now();
    let ended = act
        .tx
        .end_all_user_sessions(id, at, logout_cutoff(at))
        .await?;
    if ended > 0 {
        let action = AuditAction::UserSessionsForceLogout { ended };
        let _receipt = act.record(Some(id), id, action);
        act.change(ChangeKind::UserSessions, id).await?;
    }
    Ok(ended)
}
