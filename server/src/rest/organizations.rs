//! `/tenants/{tenant_id}/organizations`: the named parts of a tenant.

use app::domain::{
    OrganizationId, TenantId,
    page::PageRequest,
    tenants::{Organization, OrganizationRegistration},
};
use axum::{Json, extract::State};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app_state::AppState;

use super::{
    auth::KeyHolder,
    error::{ProblemDocument, RestProblem},
    extract::{RestJson, RestPath, RestQuery},
    list::List,
    tenants::{TenantPath, created_or_ok},
};

/// Names an organization of a tenant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OrganizationPath {
    /// The platform's identifier of the tenant.
    tenant_id: TenantId,
    /// The platform's identifier of the organization.
    organization_id: OrganizationId,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Rows on a page, 1 to 200. Default 50.
    limit: Option<u32>,
    /// The cursor of an earlier page.
    cursor: Option<String>,
}

impl From<PageQuery> for PageRequest {
    fn from(query: PageQuery) -> Self {
        Self {
            limit: query.limit,
            cursor: query.cursor,
        }
    }
}

/// List a tenant's organizations, by name.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}/organizations", tag = "tenants", params(TenantPath, PageQuery),
    responses(
        (status = 200, body = List<Organization>),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_organizations(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    RestPath(path): RestPath<TenantPath>,
    RestQuery(query): RestQuery<PageQuery>,
) -> Result<Json<List<Organization>>, RestProblem> {
    let page = state
        .tenants
        .organizations(&context, &path.tenant_id, query.into())
        .await?;
    Ok(Json(page.into()))
}

/// Register an organization of a tenant, or change it.
#[utoipa::path(
    put, path = "/tenants/{tenant_id}/organizations/{organization_id}", tag = "tenants",
    params(OrganizationPath), request_body = OrganizationRegistration,
    responses(
        (status = 200, body = Organization, description = "Updated or unchanged."),
        (status = 201, body = Organization, description = "Registered."),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "The console manages organizations."),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_organization(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    RestPath(path): RestPath<OrganizationPath>,
    RestJson(registration): RestJson<OrganizationRegistration>,
) -> Result<(StatusCode, Json<Organization>), RestProblem> {
    let OrganizationPath {
        tenant_id,
        organization_id,
    } = path;
    let registered = state
        .tenants
        .register_organization(&context, &tenant_id, &organization_id, registration)
        .await?;
    Ok((created_or_ok(registered.created), Json(registered.value)))
}
