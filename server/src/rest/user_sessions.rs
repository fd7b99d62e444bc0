//! Tenant users' sign-ins: registration, introspection, force logout.

use app::domain::{
    TenantId, UserSessionId,
    problem::Problem,
    user_sessions::{
        ForceLogoutForm, ForceLogoutResult, UserSession, UserSessionIntrospection,
        UserSessionQuery, UserSessionRegistration,
    },
};
use app::ports::UserSessionsPort as _;
use axum::{Json, extract::State};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app_state::AppState;

use super::{
    auth::KeyHolder,
    error::{ProblemDocument, RestProblem},
    extract::{RestJson, RestPath, idempotency_key},
    tenants::TenantPath,
};

/// Names a user session of a tenant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct UserSessionPath {
    /// The platform's identifier of the tenant.
    tenant_id: TenantId,
    /// The platform's identifier of the user session.
    user_session_id: UserSessionId,
}

/// The input for ending all user sessions of a tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForceLogout {
    /// The tenant's slug, typed again.
    slug: String,
}

/// What was done, now or by the first request with the same key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ForceLogoutDone {
    #[serde(flatten)]
    result: ForceLogoutResult,
    /// Whether a request with the same key had done it before: nothing was done now.
    repeated: bool,
}

/// Register a tenant user's sign-in.
#[utoipa::path(
    put, path = "/tenants/{tenant_id}/user-sessions/{user_session_id}", tag = "user sessions",
    params(UserSessionPath), request_body = UserSessionRegistration,
    responses(
        (status = 200, body = UserSession),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_user_session(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    RestPath(path): RestPath<UserSessionPath>,
    RestJson(registration): RestJson<UserSessionRegistration>,
) -> Result<Json<UserSession>, RestProblem> {
    let session = state
        .user_sessions
        .register(
            &context,
            &path.tenant_id,
            &path.user_session_id,
            registration,
        )
        .await?;
    Ok(Json(session))
}

/// End a tenant user's sign-in, as when the person signs out.
#[utoipa::path(
    delete, path = "/tenants/{tenant_id}/user-sessions/{user_session_id}", tag = "user sessions",
    params(UserSessionPath),
    responses(
        (status = 204),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete_user_session(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    RestPath(path): RestPath<UserSessionPath>,
) -> Result<StatusCode, RestProblem> {
    state
        .user_sessions
        .end(&context, &path.tenant_id, &path.user_session_id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask whether a tenant user's sign-in is still good.
#[utoipa::path(
    post, path = "/user-sessions/introspect", tag = "user sessions",
    request_body = UserSessionQuery,
    responses((status = 200, body = UserSessionIntrospection))
)]
pub(crate) async fn introspect_user_session(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    RestJson(query): RestJson<UserSessionQuery>,
) -> Result<Json<UserSessionIntrospection>, RestProblem> {
    let answer = state.user_sessions.introspect(&context, &query).await?;
    Ok(Json(answer))
}

/// End every active user session of a tenant. This can't be undone.
#[utoipa::path(
    post, path = "/tenants/{tenant_id}/force-logout", tag = "user sessions",
    params(
        TenantPath,
        ("Idempotency-Key" = String, Header, description = "A second request with the same key changes nothing."),
    ),
    request_body = ForceLogout,
    responses(
        (status = 200, body = ForceLogoutDone),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn force_logout(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    RestPath(path): RestPath<TenantPath>,
    headers: HeaderMap,
    RestJson(body): RestJson<ForceLogout>,
) -> Result<Json<ForceLogoutDone>, RestProblem> {
    let key = idempotency_key(&headers)?
        .filter(|key| !key.is_empty())
        .ok_or_else(|| Problem::invalid_field("Idempotency-Key", "is missing"))?;
    let form = ForceLogoutForm {
        slug: body.slug,
        idempotency_key: key,
    };
    let answer = state
        .user_sessions
        .force_logout(&context, &path.tenant_id, form)
        .await?;
    Ok(Json(ForceLogoutDone {
        repeated: answer.again.is_some(),
        result: answer.result,
    }))
}
