//! Tenants and their health.

use leptos::prelude::*;

use super::{ApiError, Json};
use crate::domain::{
    TenantId,
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
