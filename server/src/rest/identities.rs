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

/// What is asked (RFC 7662 §2.1). Further parameters, `token_type_hint` among them, change nothing.
#[derive(Deserialize, ToSchema)]
pub(super) struct IntrospectionRequest {
    /// The value of `Support-Identity`, as the upstream got it.
    token: String,
}

/// The answer (RFC 7662 §2.2).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Introspection {
    /// Whether signature, time and support session all hold at this instant.
    active: bool,
    /// What the identity says; only if it is active.
    #[serde(flatten)]
    claims: Option<Claims>,
}

/// Ask whether an identity that the gateway has signed is still good. Needs the right
/// `identities:introspect`. Whatever is not good is `{"active": false}` and nothing else: expired,
/// of a support session that has ended, of another tenant than the key's, or no identity at all.
/// The token of a support session itself is never active.
#[utoipa::path(
    post, path = "/introspect", tag = "identities",
    request_body(content = IntrospectionRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = Introspection),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn introspect_identity(
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
