//! Organizations: registered by the platform, or managed in the console.

use app::domain::{
    OrganizationId, SupportSessionId, TenantId, Timestamp,
    audit::AuditAction,
    caller::Context,
    flash::Done,
    policy::Act,
    problem::Problem,
    tenants::{
        Organization, OrganizationDraft, OrganizationForm, OrganizationRegistration,
        OrganizationStatus, TenantMaster,
    },
};
use store::{Audited, ChangeKind, audit::Receipt};

use super::{
    TenantsService, find_tenant,
    manage::{changed_meanwhile, saved, seen},
    register::{Registered, changes},
};
use crate::services::{Acting, ServiceError, support_sessions::revoke_all_in};

type Ended = Vec<SupportSessionId>;

impl TenantsService {
    /// Registers or changes a tenant's organization. Repeating a registration changes nothing and
    /// is not announced.
    pub async fn register_organization(
        &self,
        context: &Context,
        tenant: &TenantId,
        id: &OrganizationId,
        registration: OrganizationRegistration,
    ) -> Result<Registered<Organization>, Problem> {
        self.core.authorise(context, Act::RegisterTenants)?;
        self.require_master(TenantMaster::Platform)?;
        let registration = registration.validated()?;
        let is_suspended = registration.status == OrganizationStatus::Suspended;
        let given = (tenant.clone(), id.clone(), registration);
        let register = self
            .core
            .act(context, given, |(tenant, id, registration), act| {
                Box::pin(register_organization(act, tenant, id, registration))
            });
        Ok(self.committed(is_suspended, register).await?)
    }

    /// What the form of an organization shows. It is looked up by its ID, so that it can be changed
    /// however many the tenant has.
    pub(super) async fn drafted_organization(
        &self,
        context: &Context,
        tenant: &TenantId,
        id: Option<OrganizationId>,
    ) -> Result<OrganizationDraft, Problem> {
        self.core.authorise(context, Act::ReadTenant(tenant))?;
        let stored = find_tenant(&self.core, tenant).await?;
        let config = &self.core.config;
        let mut draft = OrganizationDraft {
            tenant: stored.tenant,
            organization: None,
            active_support_sessions: 0,
            master: config.tenants.master,
            end_when_suspended: config.support_sessions.end_when_suspended,
            may_manage: self.may_manage(context),
        };
        let Some(id) = id else {
            return Ok(draft);
        };
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let organization = db.lookup_organization(tenant, &id).await?;
        let organization = organization.ok_or_else(|| Problem::not_found("organization"))?;
        let active = db.list_active_support_sessions_in(tenant, now).await?;
        let active = active.iter();
        let active = active.filter(|session| session.organization_id.as_ref() == Some(&id));
        draft.active_support_sessions = active.count() as u64;
        let state = seen(&organization);
        draft.organization = Some((organization, state));
        Ok(draft)
    }

    /// Adds or changes an organization in the console.
    pub(super) async fn manage_organization(
        &self,
        context: &Context,
        tenant: &TenantId,
        form: OrganizationForm,
    ) -> Result<Done, Problem> {
        self.core.authorise(context, Act::ManageTenants)?;
        self.require_master(TenantMaster::Console)?;
        let (id, registration, reason) = form.validate()?;
        let is_suspended = registration.status == OrganizationStatus::Suspended;
        let given = (tenant.clone(), id, registration, reason, form.seen);
        let manage = self.core.act(context, given, |given, act| {
            let (tenant, id, registration, reason, before) = given;
            let why = (!before.is_empty()).then(|| reason.clone());
            Box::pin(manage_organization(
                act,
                (tenant, id),
                registration,
                before,
                why,
            ))
        });
        Ok(self.committed(is_suspended, manage).await?)
    }
}

async fn register_organization(
    mut act: Acting<'_, '_>,
    tenant: &TenantId,
    id: &OrganizationId,
    registration: &OrganizationRegistration,
) -> Result<Audited<(Registered<Organization>, Ended)>, ServiceError> {
    let now = act.now();
    if act.tx.lock_tenant(tenant).await?.is_none() {
        return Err(Problem::not_found("tenant").into());
    }
    let stored = act.tx.lookup_organization(tenant, id).await?;
    let organization = registered(id, stored.as_ref(), registration, now);
    let put = put_organization(&mut act, tenant, stored.as_ref(), &organization, None).await?;
    let registered = Registered {
        value: organization,
        created: stored.is_none(),
    };
    Ok(match put {
        Some((receipt, revoked)) => Audited::new((registered, revoked), receipt),
        None => Audited::unchanged((registered, Vec::new())),
    })
}

async fn manage_organization(
    mut act: Acting<'_, '_>,
    (tenant, id): (&TenantId, &OrganizationId),
    registration: &OrganizationRegistration,
    before: &str,
    reason: Option<String>,
) -> Result<Audited<(Done, Ended)>, ServiceError> {
    let now = act.now();
    if act.tx.lock_tenant(tenant).await?.is_none() {
        return Err(Problem::not_found("tenant").into());
    }
    let stored = act.tx.lookup_organization(tenant, id).await?;
    let organization = registered(id, stored.as_ref(), registration, now);
    let is_repeated = stored.as_ref() == Some(&organization);
    if !is_repeated && stored.as_ref().map(seen).unwrap_or_default() != before {
        return Err(match before {
            "" => Problem::invalid_field("id", "belongs to another organization of this tenant"),
            _ => changed_meanwhile("organization"),
        }
        .into());
    }
    let put = put_organization(&mut act, tenant, stored.as_ref(), &organization, reason).await?;
    let Some((receipt, revoked)) = put else {
        let done = Done {
            message: format!("{} is up to date already.", organization.name),
            audit_event: None,
        };
        return Ok(Audited::unchanged((done, Vec::new())));
    };
    act.tx.feed_tenant(tenant).await?;
    let done = Done {
        message: saved(&organization.name, revoked.len()),
        audit_event: Some(receipt.event_id()),
    };
    Ok(Audited::new((done, revoked), receipt))
}

fn registered(
    id: &OrganizationId,
    stored: Option<&Organization>,
    registration: &OrganizationRegistration,
    now: Timestamp,
) -> Organization {
    let registration = registration.clone();
    Organization {
        id: id.clone(),
        name: registration.name,
        slug: registration.slug,
        status: registration.status,
        created_at: registration.created_at.map_or_else(
            || stored.map_or(now, |stored| stored.created_at),
            app::domain::to_micros,
        ),
    }
}

/// Stores an organization with everything that follows from its new values. `None` if nothing is
/// new.
async fn put_organization(
    act: &mut Acting<'_, '_>,
    tenant: &TenantId,
    stored: Option<&Organization>,
    organization: &Organization,
    reason: Option<String>,
) -> Result<Option<(Receipt, Ended)>, ServiceError> {
    let action = match stored {
        Some(stored) if stored == organization => return Ok(None),
        Some(stored) => AuditAction::OrganizationChanged {
            changed: changes(stored, organization),
            reason,
        },
        None => AuditAction::OrganizationRegistered(organization.clone()),
    };
    act.tx.set_organization(tenant, organization).await?;
    let receipt = act.record(Some(tenant), &organization.id, action);
    let ends = act.core.config.support_sessions.end_when_suspended;
    let revoked = match organization.status {
        OrganizationStatus::Suspended if ends => {
            let place = (tenant, Some(&organization.id));
            revoke_all_in(act, place, "organization suspended").await?
        }
        _ => Vec::new(),
    };
    act.change(ChangeKind::Tenant, tenant).await?;
    Ok(Some((receipt, revoked)))
}
