//! `/tenants`: tenants and their health.

use app::domain::{
    TenantId,
    health::Health,
    page::{Direction, PageRequest},
    tenants::{
        Tenant, TenantDetail, TenantFilter, TenantHealth, TenantRegistration, TenantSort,
        TenantStatus,
    },
};
use app::ports::TenantsPort as _;
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
};

/// Which tenants.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TenantsQuery {
    /// Part of a name, slug or ID.
    q: Option<String>,
    /// Only tenants with this status.
    status: Option<TenantStatus>,
    /// Only tenants with this health.
    health: Option<Health>,
    /// The sort key. Defaults to `health`.
    sort: Option<TenantSort>,
    /// The direction. Defaults to `desc` for `health`, which is worst first, otherwise to `asc`.
    dir: Option<Direction>,
    /// Rows on a page, 1 to 200. Default 50.
    limit: Option<u32>,
    /// The cursor of an earlier page.
    cursor: Option<String>,
}

impl TenantsQuery {
    fn split(self) -> (TenantFilter, PageRequest) {
        let sort = self.sort.unwrap_or(TenantSort::Health);
        let direction = self.dir.unwrap_or(match sort {
            TenantSort::Health => Direction::Descending,
            _ => Direction::Ascending,
        });
        let filter = TenantFilter {
            search: self.q,
            status: self.status,
            health: self.health,
            sort,
            direction,
        };
        let page = PageRequest {
            limit: self.limit,
            cursor: self.cursor,
        };
        (filter, page)
    }
}

/// Names a tenant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct TenantPath {
    /// The platform's ID of the tenant.
    pub(crate) tenant_id: TenantId,
}

/// List tenants with their health.
#[utoipa::path(
    get, path = "/tenants", tag = "tenants", params(TenantsQuery),
    responses((status = 200, body = List<TenantHealth>))
)]
pub(crate) async fn list_tenants(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    RestQuery(query): RestQuery<TenantsQuery>,
) -> Result<Json<List<TenantHealth>>, RestProblem> {
    let (filter, page) = query.split();
    let page = state.tenants.list(&context, filter, page).await?;
    Ok(Json(page.into()))
}

/// Get a tenant with its health, its calls and its organizations.
#[utoipa::path(
    get, path = "/tenants/{tenant_id}", tag = "tenants", params(TenantPath),
    responses(
        (status = 200, body = TenantDetail),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_tenant(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    RestPath(path): RestPath<TenantPath>,
) -> Result<Json<TenantDetail>, RestProblem> {
    let detail = state.tenants.detail(&context, &path.tenant_id).await?;
    Ok(Json(detail))
}

/// Register a tenant, or change it.
#[utoipa::path(
    put, path = "/tenants/{tenant_id}", tag = "tenants", params(TenantPath),
    request_body = TenantRegistration,
    responses(
        (status = 200, body = Tenant, description = "Updated or unchanged."),
        (status = 201, body = Tenant, description = "Registered."),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_tenant(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    RestPath(path): RestPath<TenantPath>,
    RestJson(registration): RestJson<TenantRegistration>,
) -> Result<(StatusCode, Json<Tenant>), RestProblem> {
    let registered = state
        .tenants
        .register_tenant(&context, &path.tenant_id, registration)
        .await?;
    Ok((created_or_ok(registered.created), Json(registered.value)))
}

/// The status of an answer to a registration.
pub(crate) const fn created_or_ok(created: bool) -> StatusCode {
    if created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    }
}
