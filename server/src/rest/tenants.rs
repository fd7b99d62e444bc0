//! `/tenants`: tenants and their health.

use app::domain::{
    TenantId,
    health::Health,
    page::{Direction, PageRequest},
    tenants::{
        CreatedWithin, Tenant, TenantDetail, TenantFilter, TenantHealth, TenantRegistration,
        TenantSort, TenantStatus,
    },
};
use app::ports::TenantsPort as _;
use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

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
    /// Only tenants with this plan.
    plan: Option<String>,
    /// Only tenants in this region.
    region: Option<String>,
    /// Only tenants that joined the platform lately.
    created: Option<CreatedWithin>,
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
            plan: self.plan,
            region: self.region,
            created: self.created,
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

/// Which part of the feed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangesQuery {
    /// The `next_cursor` of the last answer, as it was. Without it, the feed is read from its beginning.
    cursor: Option<String>,
    /// Tenants in an answer, 1 to 200. Default 50.
    limit: Option<u32>,
}

/// A part of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TenantChanges {
    /// The tenants as they are now, in the order of their last changes.
    items: Vec<Tenant>,
    /// The `cursor` to continue with, now or later. Never `null`.
    next_cursor: String,
}

/// Read which tenants the console has changed.
///
/// For a platform whose tenants are managed in the console (`tenants.master = "console"`). Ask
/// again with `next_cursor` as often as you need: an empty answer means that nothing has changed.
/// A tenant appears once, at the place of its last change. A change of an organization is a change
/// of its tenant. After the console was restored from a backup, earlier cursors are refused: read
/// the feed from its beginning.
#[utoipa::path(
    get, path = "/tenant-changes", tag = "tenants", params(ChangesQuery),
    responses(
        (status = 200, body = TenantChanges),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "The cursor is not a place in this feed."),
    )
)]
pub(crate) async fn list_tenant_changes(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    RestQuery(query): RestQuery<ChangesQuery>,
) -> Result<Json<TenantChanges>, RestProblem> {
    let page = PageRequest {
        limit: query.limit,
        cursor: None,
    };
    let cursor = query.cursor.as_deref();
    let fed = state.tenants.feed(&context, cursor, page.size()).await?;
    Ok(Json(TenantChanges {
        items: fed.items.into_iter().map(|fed| fed.tenant).collect(),
        next_cursor: fed.next_cursor,
    }))
}

/// Register a tenant, or change it.
#[utoipa::path(
    put, path = "/tenants/{tenant_id}", tag = "tenants", params(TenantPath),
    request_body = TenantRegistration,
    responses(
        (status = 200, body = Tenant, description = "Updated or unchanged."),
        (status = 201, body = Tenant, description = "Registered."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "The console manages tenants."),
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
