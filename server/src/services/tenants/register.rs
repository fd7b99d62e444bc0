//! Registration of tenants and organizations by the platform.

use app::domain::{
    OrganizationId, TenantId, Timestamp,
    audit::{AuditAction, FieldChange, FieldChanges},
    caller::Context,
    health::Thresholds,
    policy::Act,
    problem::Problem,
    tenants::{
        Organization, OrganizationRegistration, OrganizationStatus, Tenant, TenantRegistration,
        TenantStatus,
    },
};
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Audited, ChangeKind, StoreError, Tx, tenants::StoredTenant};

use super::TenantsService;
use crate::{
    ingest::evaluate,
    services::{
        Core, ServiceError,
        gates::end_revoked,
        support_sessions::revoke_all_in,
        telemetry::{is_frozen, stale_after},
    },
};

/// A registration that has been taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered<T> {
    /// The registered value.
    pub value: T,
    /// Whether it is new.
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
        let given = (self.core.clone(), context.clone(), id.clone(), registration);
        let registered = self
            .core
            .store
            .act(given, move |(core, context, id, registration), tx| {
                Box::pin(register_tenant(tx, core, context, id, registration))
            })
            .await
            .map_err(slug_is_taken)?;
        self.end_with(registered.value.status == TenantStatus::Suspended)
            .await;
        Ok(registered)
    }

    /// Ends the suspended sessions at this node's gates before the registration is answered.
    async fn end_with(&self, suspended: bool) {
        if suspended && let Err(error) = end_revoked(&self.core, &self.gates).await {
            tracing::warn!(%error, "can't end a suspended tenant's support sessions directly; the change log will");
        }
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
        let ids = (tenant.clone(), id.clone());
        let given = (self.core.clone(), context.clone(), ids, registration);
        let registered = self
            .core
            .store
            .act(given, |(core, context, ids, registration), tx| {
                Box::pin(register_organization(tx, core, context, ids, registration))
            })
            .await?;
        self.end_with(registered.value.status == OrganizationStatus::Suspended)
            .await;
        Ok(registered)
    }
}

async fn register_tenant(
    tx: &mut Tx<'_>,
    core: &Core,
    context: &Context,
    id: &TenantId,
    registration: &TenantRegistration,
) -> Result<Audited<Registered<Tenant>>, ServiceError> {
    let now = core.now();
    let stored = tx.lock_tenant(id).await?;
    let of_slug = tx.find_tenant_by_slug(&registration.slug).await?;
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
            return Ok(Audited::unchanged(Registered {
                value: tenant,
                created: false,
            }));
        }
        Some(stored) => {
            tx.change_tenant(&tenant).await?;
            if stored.tenant.status != tenant.status {
                judge_anew(tx, core, stored, &tenant, now).await?;
            }
            let changed = changes(&stored.tenant, &tenant);
            AuditAction::TenantChanged { changed }
        }
        None => {
            tx.add_tenant(&tenant, now).await?;
            AuditAction::TenantRegistered(tenant.clone())
        }
    };
    let event = core.event(context, Some(&tenant.id), &tenant.id, action);
    let receipt = tx.append_audit(event).await?;
    if tenant.status == TenantStatus::Suspended && core.config.support_sessions.end_when_suspended {
        let reason = "tenant suspended";
        revoke_all_in(tx, core, context, (&tenant.id, None), reason).await?;
    }
    tx.change(ChangeKind::Tenant, tenant.id.as_str(), now)
        .await?;
    let registered = Registered {
        value: tenant,
        created: stored.is_none(),
    };
    Ok(Audited::new(registered, receipt))
}

/// A new status may change the verdict: immediately, or as soon as telemetry arrives again.
async fn judge_anew(
    tx: &mut Tx<'_>,
    core: &Core,
    stored: &StoredTenant,
    tenant: &Tenant,
    now: Timestamp,
) -> Result<(), StoreError> {
    let reception = tx.telemetry_reception().await?;
    if is_frozen(reception, stale_after(core), now) {
        return tx.set_next_health_change(&tenant.id, now).await;
    }
    let mut stored = stored.clone();
    stored.tenant = tenant.clone();
    let thresholds: &Thresholds = &core.config.health;
    evaluate(tx, &stored, thresholds, now).await
}

async fn register_organization(
    tx: &mut Tx<'_>,
    core: &Core,
    context: &Context,
    (tenant, id): &(TenantId, OrganizationId),
    registration: &OrganizationRegistration,
) -> Result<Audited<Registered<Organization>>, ServiceError> {
    let now = core.now();
    if tx.lock_tenant(tenant).await?.is_none() {
        return Err(Problem::not_found("tenant").into());
    }
    let stored = tx.lookup_organization(tenant, id).await?;
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
            return Ok(Audited::unchanged(Registered {
                value: organization,
                created: false,
            }));
        }
        Some(stored) => AuditAction::OrganizationChanged {
            changed: changes(stored, &organization),
        },
        None => AuditAction::OrganizationRegistered(organization.clone()),
    };
    tx.set_organization(tenant, &organization).await?;
    let event = core.event(context, Some(tenant), &organization.id, action);
    let receipt = tx.append_audit(event).await?;
    if organization.status == OrganizationStatus::Suspended
        && core.config.support_sessions.end_when_suspended
    {
        let (reason, of) = ("organization suspended", Some(&organization.id));
        revoke_all_in(tx, core, context, (tenant, of), reason).await?;
    }
    tx.change(ChangeKind::Tenant, tenant.as_str(), now).await?;
    let registered = Registered {
        value: organization,
        created: stored.is_none(),
    };
    Ok(Audited::new(registered, receipt))
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
