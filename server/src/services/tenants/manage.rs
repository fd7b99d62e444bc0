//! Managing tenants in the console: the list, one tenant, its lifecycle, values and settings.

mod edit;
mod settings;
mod status;

use std::fmt::Write as _;

use app::{
    domain::{
        OrganizationId, TenantId,
        caller::Context,
        flash::Done,
        page::PageRequest,
        policy::Act,
        problem::{Problem, ProblemCode},
        tenants::{
            ManagedTenant, ManagedTenants, ORGANIZATIONS_SHOWN, OrganizationDraft,
            OrganizationForm, SettingsForm, StatusChanged, StatusDraft, StatusForm, TenantFilter,
            TenantForm, TenantMaster, TenantsAbout,
        },
    },
    ports::ManageTenantsPort,
};
use async_trait::async_trait;
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::{listing::PageAt, tenants::StoredTenant};

pub(in crate::services) use self::settings::reading_scopes;
use super::{TenantsService, find_tenant};
use crate::services::core::searched;

/// What tells this state of something from others: a form that was made for another state must not
/// overwrite what someone else has changed since.
pub(super) fn seen(value: &impl Serialize) -> String {
    // Plain data always serialises.
    let text = serde_json::to_string(value).unwrap_or_default();
    let digest = Sha256::digest(text);
    digest.iter().take(8).fold(String::new(), |mut seen, byte| {
        // Writing into a String can't fail.
        let _ = write!(seen, "{byte:02x}");
        seen
    })
}

/// The same for a tenant with its settings.
pub(super) fn seen_tenant(stored: &StoredTenant) -> String {
    stored.version.to_string()
}

/// A form that was made for another state.
pub(super) fn changed_meanwhile(what: &str) -> Problem {
    let detail = format!(
        "This {what} has changed since you opened the page. Nothing was saved. The form shows the \
         present values."
    );
    Problem::new(ProblemCode::Conflict, detail)
}

/// What was saved, and how many support sessions ended with it.
pub(super) fn saved(what: &str, revoked: usize) -> String {
    match revoked {
        0 => format!("{what} saved."),
        1 => format!("{what} saved. 1 support session revoked."),
        many => format!("{what} saved. {many} support sessions revoked."),
    }
}

impl TenantsService {
    /// Refuses what only the other master may do.
    pub(super) fn require_master(&self, master: TenantMaster) -> Result<(), Problem> {
        let present = self.core.config.tenants.master;
        if present == master {
            return Ok(());
        }
        let detail = match present {
            TenantMaster::Platform => "The platform manages tenants. Make this change there.",
            TenantMaster::Console => {
                "This console manages tenants. Read the changes at /api/v1/tenant-changes instead \
                 of registering them."
            }
        };
        Err(Problem::new(ProblemCode::Conflict, detail))
    }

    pub(super) fn may_manage(&self, context: &Context) -> bool {
        // A sign-in that is too old is reported when a form is sent, because then the input is kept.
        match self.core.authorise(context, Act::ManageTenants) {
            Ok(()) => true,
            Err(problem) => problem.code == ProblemCode::SignInTooOld,
        }
    }
}

#[async_trait]
impl ManageTenantsPort for TenantsService {
    async fn list(
        &self,
        context: &Context,
        filter: TenantFilter,
        page: PageRequest,
    ) -> Result<ManagedTenants, Problem> {
        let tenants = Self::list(self, context, filter, page).await?;
        let ids: Vec<_> = tenants
            .items
            .iter()
            .map(|row| row.tenant.id.clone())
            .collect();
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        Ok(ManagedTenants {
            user_sessions: db.count_user_sessions_in(&ids, now).await?,
            tenants,
            master: self.core.config.tenants.master,
            may_manage: self.may_manage(context),
        })
    }

    async fn about(&self, context: &Context) -> Result<TenantsAbout, Problem> {
        self.core.authorise(context, Act::ReadTenants)?;
        let mut reader = self.core.store.read().await?;
        Ok(TenantsAbout {
            master: self.core.config.tenants.master,
            may_manage: self.may_manage(context),
            choices: reader.db().list_tenant_choices().await?,
            new_id: self.core.new_uuid().to_string(),
        })
    }

    async fn one(
        &self,
        context: &Context,
        id: &TenantId,
        search: Option<String>,
    ) -> Result<ManagedTenant, Problem> {
        self.core.authorise(context, Act::ReadTenant(id))?;
        let search = searched(search.as_deref())?;
        let stored = find_tenant(&self.core, id).await?;
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let page = PageAt::first(ORGANIZATIONS_SHOWN);
        let organizations = db.find_organizations(id, search.as_deref(), &page).await?;
        let config = &self.core.config;
        Ok(ManagedTenant {
            organizations: organizations.items,
            active_user_sessions: db.count_active_user_sessions(id, now).await?,
            active_support_sessions: db.count_support_sessions(Some(id), now).await?.active,
            seen: seen_tenant(&stored),
            tenant: stored.tenant,
            settings: stored.settings,
            master: config.tenants.master,
            end_when_suspended: config.support_sessions.end_when_suspended,
            configured: config.health.clone(),
            may_manage: self.may_manage(context),
            manage_url: self.manage_url(id),
        })
    }

    async fn status_draft(
        &self,
        context: &Context,
        form: StatusForm,
    ) -> Result<StatusDraft, Problem> {
        self.drafted(context, form).await
    }

    async fn set_status(
        &self,
        context: &Context,
        form: StatusForm,
    ) -> Result<StatusChanged, Problem> {
        self.change_status(context, form).await
    }

    async fn add(&self, context: &Context, form: TenantForm) -> Result<(TenantId, Done), Problem> {
        self.add_tenant(context, form).await
    }

    async fn edit(
        &self,
        context: &Context,
        id: &TenantId,
        form: TenantForm,
    ) -> Result<Done, Problem> {
        self.edit_tenant(context, id, form).await
    }

    async fn set_settings(
        &self,
        context: &Context,
        id: &TenantId,
        form: SettingsForm,
    ) -> Result<Done, Problem> {
        self.change_settings(context, id, form).await
    }

    async fn organization_draft(
        &self,
        context: &Context,
        tenant: &TenantId,
        id: Option<OrganizationId>,
    ) -> Result<OrganizationDraft, Problem> {
        self.drafted_organization(context, tenant, id).await
    }

    async fn set_organization(
        &self,
        context: &Context,
        tenant: &TenantId,
        form: OrganizationForm,
    ) -> Result<Done, Problem> {
        self.manage_organization(context, tenant, form).await
    }
}
