//! Registration of tenants by the platform, and how a tenant is stored.

use app::domain::{
    SupportSessionId, TenantId, Timestamp,
    audit::{AuditAction, FieldChange, FieldChanges},
    caller::Context,
    policy::Act,
    problem::Problem,
    tenants::{Tenant, TenantMaster, TenantRegistration, TenantStatus},
};
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Audited, ChangeKind, Lane, StoreError, audit::Receipt, tenants::StoredTenant};

use super::TenantsService;
use crate::{
    ingest::evaluate,
    services::{
        Acting, Core, ServiceError, gates::end_revoked, support_sessions::revoke_all_in,
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
        self.require_master(TenantMaster::Platform)?;
        let registration = registration.validated()?;
        let ends = bars_support(&self.core, registration.status);
        let given = (id.clone(), registration);
        let register = self.core.act(context, given, |(id, registration), act| {
            Box::pin(register_tenant(act, id, registration))
        });
        let registered = self.committed(ends, register).await;
        registered.map_err(slug_is_taken)
    }

    /// Returns the registered value, once the support sessions that ended with it have ended here.
    pub(super) async fn committed<T>(
        &self,
        ends_support: bool,
        register: impl Future<Output = Result<(T, Vec<SupportSessionId>), ServiceError>>,
    ) -> Result<T, ServiceError> {
        let register = Box::pin(register);
        let (registered, revoked) = match ends_support {
            true => Lane::Ends.run(register).await?,
            false => register.await?,
        };
        end_revoked(&self.gates, &revoked);
        Ok(registered)
    }
}

async fn register_tenant(
    mut act: Acting<'_, '_>,
    id: &TenantId,
    registration: &TenantRegistration,
) -> Result<Audited<(Registered<Tenant>, Vec<SupportSessionId>)>, ServiceError> {
    let now = act.now();
    let stored = act.tx.lock_tenant(id).await?;
    let tenant = registered(id, stored.as_ref(), registration, now);
    let put = put_tenant(&mut act, stored.as_ref(), &tenant, None).await?;
    let registered = Registered {
        value: tenant,
        created: stored.is_none(),
    };
    Ok(match put {
        Some(Put { receipt, revoked }) => Audited::new((registered, revoked), receipt),
        None => Audited::unchanged((registered, Vec::new())),
    })
}

/// The tenant that a registration describes.
pub(super) fn registered(
    id: &TenantId,
    stored: Option<&StoredTenant>,
    registration: &TenantRegistration,
    now: Timestamp,
) -> Tenant {
    let known_since = stored.map_or(now, |s| s.tenant.created_at);
    let registration = registration.clone();
    Tenant {
        id: id.clone(),
        slug: registration.slug,
        name: registration.name,
        status: registration.status,
        kind: registration.kind,
        country: registration.country,
        plan: registration.plan,
        region: registration.region,
        contact: registration.contact,
        created_at: registration
            .created_at
            .map_or(known_since, app::domain::to_micros),
    }
}

/// A tenant that was added or changed.
pub(super) struct Put {
    pub(super) receipt: Receipt,
    /// The support sessions that ended with it.
    pub(super) revoked: Vec<SupportSessionId>,
}

/// Stores a tenant with everything that follows from its new values. `None` if nothing is new.
/// `stored` is the tenant as it is, locked.
pub(super) async fn put_tenant(
    act: &mut Acting<'_, '_>,
    stored: Option<&StoredTenant>,
    tenant: &Tenant,
    reason: Option<String>,
) -> Result<Option<Put>, ServiceError> {
    let of_slug = act.tx.find_tenant_by_slug(&tenant.slug).await?;
    if of_slug.is_some_and(|other| other.tenant.id != tenant.id) {
        return Err(slug_problem().into());
    }
    let now = act.now();
    let action = match stored {
        Some(stored) if stored.tenant == *tenant => return Ok(None),
        Some(stored) => {
            act.tx.change_tenant(tenant).await?;
            if stored.tenant.status != tenant.status {
                let mut stored = stored.clone();
                stored.tenant = tenant.clone();
                judge_anew(act, &stored, now).await?;
            }
            let changed = changes(&stored.tenant, tenant);
            AuditAction::TenantChanged { changed, reason }
        }
        None => {
            act.tx.add_tenant(tenant, now).await?;
            AuditAction::TenantRegistered(tenant.clone())
        }
    };
    let receipt = act.record(Some(&tenant.id), &tenant.id, action);
    let revoked = match bars_support(act.core, tenant.status) {
        true => {
            let reason = format!("tenant {}", tenant.status);
            revoke_all_in(act, (&tenant.id, None), &reason).await?
        }
        false => Vec::new(),
    };
    act.change(ChangeKind::Tenant, &tenant.id).await?;
    Ok(Some(Put { receipt, revoked }))
}

/// Whether support sessions end, and none can be created, in tenants with a status.
pub(in crate::services) fn bars_support(core: &Core, status: TenantStatus) -> bool {
    let configured = core.config.support_sessions.end_when_suspended;
    status.effect(configured).bars_support
}

/// A new status or new thresholds may change the verdict: immediately, or as soon as telemetry
/// arrives again.
pub(super) async fn judge_anew(
    act: &mut Acting<'_, '_>,
    stored: &StoredTenant,
    now: Timestamp,
) -> Result<(), StoreError> {
    let reception = act.tx.telemetry_reception().await?;
    if is_frozen(act.core, reception) {
        return act.tx.set_next_health_change(&stored.tenant.id, now).await;
    }
    evaluate(act.tx, stored, &act.core.config.health, now).await
}

fn slug_problem() -> Problem {
    Problem::invalid_field("slug", "belongs to another tenant")
}

/// Two concurrent registrations may both find the slug free. The store accepts one of them.
pub(super) fn slug_is_taken(error: ServiceError) -> Problem {
    match error {
        ServiceError::Store(StoreError::Exists { constraint }) if constraint.contains("slug") => {
            slug_problem()
        }
        other => other.into(),
    }
}

fn fields(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields
            .into_iter()
            .map(|(name, value)| (name, recorded(value)))
            .collect(),
        // Plain data always serialises.
        _ => Map::new(),
    }
}

/// The audit log has no fractions, because programs write them in different ways.
fn recorded(value: Value) -> Value {
    match value.as_f64().filter(|_| value.is_f64()) {
        Some(number) => Value::String(number.to_string()),
        None => value,
    }
}

/// Which fields were changed, from what to what.
pub(super) fn changes(before: &impl Serialize, after: &impl Serialize) -> FieldChanges {
    let (before, after) = (fields(before), fields(after));
    let changed = after.into_iter().filter_map(|(field, to)| {
        let from = before.get(&field).cloned().unwrap_or_default();
        (from != to).then_some((field, FieldChange { from, to }))
    });
    changed.collect()
}
