//! `/introspect`: whether an identity that the gateway has signed is still good (RFC 7662).

use app::identity::Claims;
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app_state::AppState;

use super::{
    auth::KeyHolder,
    error::{ProblemDocument, RestProblem},
    extract::RestForm,
};

/// The input (RFC 7662 §2.1). Other parameters, such as `token_type_hint`, are ignored.
#[derive(Deserialize, ToSchema)]
pub(crate) struct IntrospectionRequest {
    /// The value of `Support-Identity`, as the upstream got it.
    token: String,
}

/// The answer (RFC 7662 §2.2).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Introspection {
    /// Whether signature, time and support session all hold at this instant.
    active: bool,
    /// The identity's claims, only if it is active.
    #[serde(flatten)]
    claims: Option<Claims>,
}

/// Check whether an identity that the gateway has signed is still valid. Needs the right
/// `identities:introspect`. For anything else the response is only `{"active": false}`: an expired
/// identity, one of an ended support session or of another tenant than the key's, or no identity at
/// all. A support session's own token is never active.
#[utoipa::path(
    post, path = "/introspect", tag = "identities",
    request_body(content = IntrospectionRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = Introspection),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn introspect_identity(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    RestForm(request): RestForm<IntrospectionRequest>,
) -> Result<Json<Introspection>, RestProblem> {
    let claims = state
        .introspection
        .introspect(&context, &request.token)
        .await
        .map_err(app::domain::problem::Problem::from)?;
    Ok(Json(Introspection {
        active: claims.is_some(),
        claims,
    }))
}
