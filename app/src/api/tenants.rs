//! Tenants and their health.

use leptos::prelude::*;

use super::{ApiError, Json};
use crate::domain::{
    OrganizationId, TenantId,
    page::PageRequest,
    tenants::{self, TenantFilter},
};

#[server(prefix = "/_fn", endpoint = "overview", protocol = Json)]
pub async fn overview(
    filter: TenantFilter,
    page: PageRequest,
) -> Result<tenants::Overview, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.tenants.overview(&context, filter, page).await?)
}

/// The figures of the last week, hour by hour.
#[server(prefix = "/_fn", endpoint = "health_history", protocol = Json)]
pub async fn health_history() -> Result<Vec<tenants::HealthAt>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.tenants.history(&context).await?)
}

#[server(prefix = "/_fn", endpoint = "tenant_detail", protocol = Json)]
pub async fn tenant_detail(id: TenantId) -> Result<tenants::TenantDetail, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.tenants.detail(&context, &id).await?)
}

/// The few tenants that a text under way may mean, by name.
#[server(prefix = "/_fn", endpoint = "suggest_tenants", protocol = Json)]
pub async fn suggest_tenants(text: String) -> Result<Vec<tenants::TenantRef>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.tenants.suggest(&context, &text).await?)
}

/// One page of tenants, for managing them.
#[server(prefix = "/_fn", endpoint = "managed_tenants", protocol = Json)]
pub async fn managed_tenants(
    filter: TenantFilter,
    page: PageRequest,
) -> Result<tenants::ManagedTenants, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.manage_tenants.list(&context, filter, page).await?)
}

/// What holds for the list of tenants, whatever it shows.
#[server(prefix = "/_fn", endpoint = "tenants_about", protocol = Json)]
pub async fn tenants_about() -> Result<tenants::TenantsAbout, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.manage_tenants.about(&context).await?)
}

/// A tenant with what can be managed of it. `search` finds organizations beyond the listed ones.
#[server(prefix = "/_fn", endpoint = "managed_tenant", protocol = Json)]
pub async fn managed_tenant(
    id: TenantId,
    search: Option<String>,
) -> Result<tenants::ManagedTenant, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.manage_tenants.one(&context, &id, search).await?)
}

/// An organization before it is changed; without an ID before one is added.
#[server(prefix = "/_fn", endpoint = "draft_organization", protocol = Json)]
pub async fn draft_organization(
    tenant: TenantId,
    id: Option<OrganizationId>,
) -> Result<tenants::OrganizationDraft, ApiError> {
    let (console, context) = super::asked()?;
    let tenants = &console.manage_tenants;
    Ok(tenants.organization_draft(&context, &tenant, id).await?)
}

/// The chosen tenants before they get another status.
#[server(prefix = "/_fn", endpoint = "draft_tenant_status", protocol = Json)]
pub async fn draft_tenant_status(
    ids: Vec<String>,
    to: String,
) -> Result<tenants::StatusDraft, ApiError> {
    let (console, context) = super::asked()?;
    let form = tenants::StatusForm {
        id: ids,
        to,
        ..tenants::StatusForm::default()
    };
    Ok(console.manage_tenants.status_draft(&context, form).await?)
}
