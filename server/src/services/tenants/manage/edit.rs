//! Adding a tenant, and changing what it is called, its plan, region and contact.

use app::domain::{
    SupportSessionId, TenantId,
    caller::Context,
    flash::Done,
    policy::Act,
    problem::Problem,
    tenants::{TenantForm, TenantMaster, TenantRegistration, TenantStatus, tenant_in_filter},
};
use store::{Audited, StoreError};
use uuid::Uuid;

use super::{changed_meanwhile, seen_tenant};
use crate::services::{
    Acting, ServiceError,
    tenants::{
        TenantsService,
        register::{Put, put_tenant, registered, slug_is_taken},
    },
};

/// Said of the ID that a form carries.
const ADDED_ALREADY: &str =
    "belongs to a tenant that this form has added already. Send the form again to add another one";

impl TenantsService {
    /// Adds a tenant, which is pending.
    pub(super) async fn add_tenant(
        &self,
        context: &Context,
        form: TenantForm,
    ) -> Result<(TenantId, Done), Problem> {
        self.core.authorise(context, Act::ManageTenants)?;
        self.require_master(TenantMaster::Console)?;
        let (registration, _) = form.validate(TenantStatus::Pending)?;
        let (id, is_taken) = match form.id.trim() {
            "" => (self.id_of(&form)?, ADDED_ALREADY),
            id => (id.to_owned(), "belongs to another tenant"),
        };
        let id = tenant_in_filter(&id).map_err(|_| {
            let message = "must be 1 to 128 of A–Z, a–z, 0–9, '.', '_', ':' and '-'";
            Problem::invalid_field("id", message)
        })?;
        let add = async || {
            let given = (id.clone(), registration.clone());
            let add = self.core.act(context, given, |(id, registration), act| {
                Box::pin(add(act, id, registration, is_taken))
            });
            add.await
        };
        let added = match add().await {
            // The first of two clicks may have reached another node. This one finds its tenant now.
            Err(ServiceError::Store(StoreError::Exists { .. })) => add().await,
            added => added,
        };
        let done = added.map_err(slug_is_taken)?;
        Ok((id, done))
    }

    /// The ID that the form carries for a tenant without one, or a new one.
    fn id_of(&self, form: &TenantForm) -> Result<String, Problem> {
        let id = match form.new_id.trim() {
            "" => self.core.new_uuid(),
            id => Uuid::parse_str(id)
                .map_err(|_| Problem::invalid_field("new_id", "must be a UUID"))?,
        };
        Ok(id.to_string())
    }

    /// Changes a tenant. Its status stays.
    pub(super) async fn edit_tenant(
        &self,
        context: &Context,
        id: &TenantId,
        form: TenantForm,
    ) -> Result<Done, Problem> {
        self.core.authorise(context, Act::ManageTenants)?;
        self.require_master(TenantMaster::Console)?;
        // The status is that of the locked tenant.
        let (registration, reason) = form.validate(TenantStatus::Active)?;
        let given = (id.clone(), registration, reason, form.seen);
        let edit = self
            .core
            .act(context, given, |(id, registration, reason, before), act| {
                Box::pin(edit(act, id, registration, (before, reason)))
            });
        self.committed(false, edit).await.map_err(slug_is_taken)
    }
}

async fn add(
    mut act: Acting<'_, '_>,
    id: &TenantId,
    registration: &TenantRegistration,
    is_taken: &str,
) -> Result<Audited<Done>, ServiceError> {
    let stored = act.tx.lock_tenant(id).await?;
    let mut tenant = registered(id, stored.as_ref(), registration, act.now());
    // The second of two clicks finds the tenant of the first, which may have been approved meanwhile.
    if let Some(stored) = &stored {
        tenant.status = stored.tenant.status;
        if stored.tenant != tenant {
            return Err(Problem::invalid_field("id", is_taken).into());
        }
    }
    let name = &tenant.name;
    let message = match tenant.status {
        TenantStatus::Pending => format!("{name} added. It is pending until you approve it."),
        status => format!("{name} was added already. It is {status} now."),
    };
    let Some(put) = put_tenant(&mut act, stored.as_ref(), &tenant, None).await? else {
        return Ok(Audited::unchanged(Done {
            message,
            audit_event: None,
        }));
    };
    act.tx.feed_tenant(id).await?;
    let done = Done {
        message,
        audit_event: Some(put.receipt.event_id()),
    };
    Ok(Audited::new(done, put.receipt))
}

async fn edit(
    mut act: Acting<'_, '_>,
    id: &TenantId,
    registration: &TenantRegistration,
    (before, reason): (&str, &str),
) -> Result<Audited<(Done, Vec<SupportSessionId>)>, ServiceError> {
    let stored = act.tx.lock_tenant(id).await?;
    let stored = stored.ok_or_else(|| Problem::not_found("tenant"))?;
    let mut tenant = registered(id, Some(&stored), registration, act.now());
    tenant.status = stored.tenant.status;
    let is_repeated = tenant == stored.tenant;
    if !is_repeated && seen_tenant(&stored) != before {
        return Err(changed_meanwhile("tenant").into());
    }
    let reason = Some(reason.to_owned());
    let put = put_tenant(&mut act, Some(&stored), &tenant, reason).await?;
    let Some(Put { receipt, revoked }) = put else {
        let done = Done {
            message: format!("{} is up to date already.", tenant.name),
            audit_event: None,
        };
        return Ok(Audited::unchanged((done, Vec::new())));
    };
    act.tx.feed_tenant(id).await?;
    let done = Done {
        message: format!("{} saved.", tenant.name),
        audit_event: Some(receipt.event_id()),
    };
    Ok(Audited::new((done, revoked), receipt))
}
