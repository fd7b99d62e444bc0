//! Tenants and their health.

use leptos::{
    prelude::*,
    server_fn::{Http, codec::Post},
};

use super::{Answer, ApiError, StrictJson};
use crate::domain::{
    TenantId,
    page::PageRequest,
    tenants::{self, TenantFilter},
};

/// The figures and one page of tenants.
#[server(prefix = "/_fn", endpoint = "overview", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn overview(
    filter: TenantFilter,
    page: PageRequest,
) -> Result<tenants::Overview, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.tenants.overview(&context, filter, page).await?)
}

/// One tenant with everything its support detail page shows of its health.
#[server(prefix = "/_fn", endpoint = "tenant_detail", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn tenant_detail(id: TenantId) -> Result<tenants::TenantDetail, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.tenants.detail(&context, &id).await?)
}
