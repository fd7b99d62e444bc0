//! Tenants: their health, and managing them.

use async_trait::async_trait;

use crate::domain::{
    OrganizationId, TenantId,
    caller::Context,
    flash::Done,
    page::PageRequest,
    problem::Problem,
    tenants::{
        ChosenTenant, HealthAt, ManagedTenant, ManagedTenants, OrganizationDraft, OrganizationForm,
        Overview, SettingsForm, StatusChanged, StatusDraft, StatusForm, TenantDetail, TenantFilter,
        TenantForm, TenantRef, TenantsAbout,
    },
};

#[async_trait]
pub trait TenantsPort: Send + Sync {
    /// The figures and one page of tenants.
    async fn overview(
        &self,
        context: &Context,
        filter: TenantFilter,
        page: PageRequest,
    ) -> Result<Overview, Problem>;
    /// The figures of the last week, hour by hour, oldest first.
    async fn history(&self, context: &Context) -> Result<Vec<HealthAt>, Problem>;
    /// One tenant with everything its support detail page shows of its health.
    async fn detail(&self, context: &Context, id: &TenantId) -> Result<TenantDetail, Problem>;
    /// The few tenants, by name, that a text under way may mean.
    async fn suggest(&self, context: &Context, text: &str) -> Result<Vec<TenantRef>, Problem>;
    /// The one tenant that a text names by ID, slug or name.
    async fn named(&self, context: &Context, text: &str) -> Result<ChosenTenant, Problem>;
    /// The names of those of some tenants that the caller may see.
    async fn names(&self, context: &Context, ids: Vec<TenantId>)
    -> Result<Vec<TenantRef>, Problem>;
}

/// Tenants as something to manage: lifecycle, plans, settings and organizations.
#[async_trait]
pub trait ManageTenantsPort: Send + Sync {
    /// One page of tenants.
    async fn list(
        &self,
        context: &Context,
        filter: TenantFilter,
        page: PageRequest,
    ) -> Result<ManagedTenants, Problem>;
    /// What holds for the list of tenants, whatever it shows.
    async fn about(&self, context: &Context) -> Result<TenantsAbout, Problem>;
    /// One tenant. With a text to search for, it has only the organizations with it in their name,
    /// and the one whose ID it is.
    async fn one(
        &self,
        context: &Context,
        id: &TenantId,
        search: Option<String>,
    ) -> Result<ManagedTenant, Problem>;
    /// The chosen tenants before they get another status.
    async fn status_draft(
        &self,
        context: &Context,
        form: StatusForm,
    ) -> Result<StatusDraft, Problem>;
    /// Gives the chosen tenants another status, each with its event.
    async fn set_status(
        &self,
        context: &Context,
        form: StatusForm,
    ) -> Result<StatusChanged, Problem>;
    /// Adds a tenant, which is pending.
    async fn add(&self, context: &Context, form: TenantForm) -> Result<(TenantId, Done), Problem>;
    /// Changes what a tenant is called, its plan, region and contact.
    async fn edit(
        &self,
        context: &Context,
        id: &TenantId,
        form: TenantForm,
    ) -> Result<Done, Problem>;
    /// Changes what the console keeps of a tenant.
    async fn set_settings(
        &self,
        context: &Context,
        id: &TenantId,
        form: SettingsForm,
    ) -> Result<Done, Problem>;
    /// An organization of a tenant before it is changed; without an ID before one is added.
    async fn organization_draft(
        &self,
        context: &Context,
        tenant: &TenantId,
        id: Option<OrganizationId>,
    ) -> Result<OrganizationDraft, Problem>;
    /// Adds or changes an organization of a tenant.
    async fn set_organization(
        &self,
        context: &Context,
        tenant: &TenantId,
        form: OrganizationForm,
    ) -> Result<Done, Problem>;
}
