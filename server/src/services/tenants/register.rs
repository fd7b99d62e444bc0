//! Registration of tenants and organizations by the platform.

use app::domain::{
    OrganizationId, SupportSessionId, TenantId, Timestamp,
    audit::{AuditAction, FieldChange, FieldChanges},
    caller::Context,
    policy::Act,
    problem::Problem,
    tenants::{
        Organization, OrganizationRegistration, OrganizationStatus, Tenant, TenantRegistration,
        TenantStatus,
    },
};
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Audited, ChangeKind, Lane, StoreError, tenants::StoredTenant};

use super::TenantsService;
use crate::{
    ingest::evaluate,
    services::{
        Acting, ServiceError, gates::end_revoked, support_sessions::revoke_all_in,
        telemetry::is_frozen,
    },
};

/// An accepted registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered<T> {
    pub value: T,
    pub created: bool,
}

impl TenantsService {
    /// Registers or changes a tenant. Repeating a registration changes nothing and is not
    /// announced.
    pub async fn register_tenant(
        &self,
        context: &Context,
        id: &TenantId,
        registration: TenantRegistration,
    ) -> Result<Registered<Tenant>, Problem> {
        self.core.authorise(context, Act::RegisterTenants)?;
        let registration = registration.validated()?;
        let is_suspended = registration.status == TenantStatus::Suspended;
        let given = (id.clone(), registration);
        let register = self.core.act(context, given, |(id, registration), act| {
            Box::pin(register_tenant(act, id, registration))
        });
        let registered = self.committed(is_suspended, register).await;
        registered.map_err(slug_is_taken)
    }

    /// Returns the registered value, once the support sessions that ended with it have ended here.
    async fn committed<T>(
        &self,
        is_suspended: bool,
        register: impl Future<Output = Result<(T, Vec<SupportSessionId>), ServiceError>>,
    ) -> Result<T, ServiceError> {
        let register = Box::pin(register);
        let (registered, revoked) = match is_suspended {
            true => Lane::Ends.run(register).await?,
            false => register.await?,
        };
        end_revoked(&self.gates, &revoked);
        Ok(registered)
    }

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
}

async fn register_tenant(
    mut act: Acting<'_, '_>,
    id: &TenantId,
    registration: &TenantRegistration,
) -> Result<Audited<(Registered<Tenant>, Vec<SupportSessionId>)>, ServiceError> {
    let now = act.now();
    let stored = act.tx.lock_tenant(id).await?;
    let of_slug = act.tx.find_tenant_by_slug(&registration.slug).await?;
    if of_slug.is_some_and(|other| other.tenant.id != *id) {
        return Err(slug_problem().into());
    }
    let known_since = stored.as_ref().map_or(now, |s| s.tenant.created_at);
    let registration = registration.clone();
    let tenant = Tenant {
        id: id.clone(),
        slug: registration.slug,
        name: registration.name,
        status: registration.status,
        plan: registration.plan,
        region: registration.region,
        contact: registration.contact,
        created_at: registration
            .created_at
            .map_or(known_since, app::domain::to_micros),
    };
    let action = match &stored {
        Some(stored) if stored.tenant == tenant => {
            let unchanged = Registered {
                value: tenant,
                created: false,
            };
            return Ok(Audited::unchanged((unchanged, Vec::new())));
        }
        Some(stored) => {
            act.tx.change_tenant(&tenant).await?;
            if stored.tenant.status != tenant.status {
                judge_anew(&mut act, stored, &tenant, now).await?;
            }
            let changed = changes(&stored.tenant, &tenant);
            AuditAction::TenantChanged { changed }
        }
        None => {
            act.tx.add_tenant(&tenant, now).await?;
            AuditAction::TenantRegistered(tenant.clone())
        }
    };
    let receipt = act.record(Some(&tenant.id), &tenant.id, action);
    let revoked = match tenant.status {
        TenantStatus::Suspended => end_suspended(&mut act, &tenant.id, None).await?,
        _ => Vec::new(),
    };
    act.change(ChangeKind::Tenant, &tenant.id).await?;
    let registered = Registered {
        value: tenant,
        created: stored.is_none(),
    };
    Ok(Audited::new((registered, revoked), receipt))
}

/// A new status may change the verdict: immediately, or as soon as telemetry arrives again.
async fn judge_anew(
    act: &mut Acting<'_, '_>,
    stored: &StoredTenant,
    tenant: &Tenant,
    now: Timestamp,
) -> Result<(), StoreError> {
    let reception = act.tx.telemetry_reception().await?;
    if is_frozen(act.core, reception) {
        return act.tx.set_next_health_change(&tenant.id, now).await;
    }
    let mut stored = stored.clone();
    stored.tenant = tenant.clone();
    evaluate(act.tx, &stored, &act.core.config.health, now).await
}

async fn register_organization(
    mut act: Acting<'_, '_>,
    tenant: &TenantId,
    id: &OrganizationId,
    registration: &OrganizationRegistration,
) -> Result<Audited<(Registered<Organization>, Vec<SupportSessionId>)>, ServiceError> {
    let now = act.now();
    if act.tx.lock_tenant(tenant).await?.is_none() {
        return Err(Problem::not_found("tenant").into());
    }
    let stored = act.tx.lookup_organization(tenant, id).await?;
    let registration = registration.clone();
    let organization = Organization {
        id: id.clone(),
        name: registration.name,
        slug: registration.slug,
        status: registration.status,
        created_at: registration.created_at.map_or_else(
            || stored.as_ref().map_or(now, |stored| stored.created_at),
            app::domain::to_micros,
        ),
    };
    let action = match &stored {
        Some(stored) if *stored == organization => {
            let unchanged = Registered {
                value: organization,
                created: false,
            };
            return Ok(Audited::unchanged((unchanged, Vec::new())));
        }
        Some(stored) => AuditAction::OrganizationChanged {
            changed: changes(stored, &organization),
        },
        None => AuditAction::OrganizationRegistered(organization.clone()),
    };
    act.tx.set_organization(tenant, &organization).await?;
    let receipt = act.record(Some(tenant), &organization.id, action);
    let revoked = match organization.status {
        OrganizationStatus::Suspended => {
            end_suspended(&mut act, tenant, Some(&organization.id)).await?
        }
        OrganizationStatus::Active => Vec::new(),
    };
    act.change(ChangeKind::Tenant, tenant).await?;
    let registered = Registered {
        value: organization,
        created: stored.is_none(),
    };
    Ok(Audited::new((registered, revoked), receipt))
}

async fn end_suspended(
    act: &mut Acting<'_, '_>,
    tenant: &TenantId,
    organization: Option<&OrganizationId>,
) -> Result<Vec<SupportSessionId>, ServiceError> {
    if !act.core.config.support_sessions.end_when_suspended {
        return Ok(Vec::new());
    }
    let reason = match organization {
        None => "tenant suspended",
        Some(_) => "organization suspended",
    };
    revoke_all_in(act, (tenant, organization), reason).await
}

fn slug_problem() -> Problem {
    Problem::invalid_field("slug", "belongs to another tenant")
}

/// Two concurrent registrations may both find the slug free. The store accepts one of them.
fn slug_is_taken(error: ServiceError) -> Problem {
    match error {
        ServiceError::Store(StoreError::Exists { constraint }) if constraint.contains("slug") => {
            slug_problem()
        }
        other => other.into(),
    }
}

fn fields(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        // Plain data always serialises.
        _ => Map::new(),
    }
}

/// Which fields were changed, from what to what.
fn changes(before: &impl Serialize, after: &impl Serialize) -> FieldChanges {
    let (before, after) = (fields(before), fields(after));
    let changed = after.into_iter().filter_map(|(field, to)| {
        let from = before.get(&field).cloned().unwrap_or_default();
        (from != to).then_some((field, FieldChange { from, to }))
    });
    changed.collect()
}
