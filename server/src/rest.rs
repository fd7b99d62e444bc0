//! The integration API under `/api/v1`, described by `/api/v1/openapi.json`, and `/introspect` at
//! the address that its callers expect.
//!
//! One file per resource. Handlers read the request, call a service and write the response.
//! Services decide about permissions. Callers have keys, or are support sessions reading what their
//! tenant may read. Cookies are ignored, so no other site can make a browser act here.

#![expect(
    unused_qualifications,
    reason = "utoipa's macros write qualified paths where ours stand"
)]

mod access_log;
mod audit;
mod auth;
mod error;
mod extract;
mod identities;
mod list;
mod organizations;
mod records;
mod requests;
mod support_sessions;
mod tenants;
mod user_sessions;

#[cfg(test)]
mod tests;

use axum::{Router, body::Bytes, middleware, routing::get};
use http::{HeaderValue, header};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app_state::AppState;

/// The API's path.
const PREFIX: &str = "/api/v1";

/// Adds the two ways of sending a key to the document.
struct Keys;

impl Modify for Keys {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let header = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
        components.add_security_scheme("api_key", SecurityScheme::ApiKey(header));
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Support Console",
        description = "Registration, telemetry and reading. Send a key as `Authorization: Bearer` or `X-API-Key`. \
            The token of a support session reads its own tenant's audit log and support sessions. \
            Errors are problem details (RFC 9457) with a stable `code`."
    ),
    components(schemas(error::ProblemDocument)),
    modifiers(&Keys),
    security(("bearer" = []), ("api_key" = []))
)]
struct Document;

fn resources() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(requests::send_requests))
        .routes(routes!(tenants::list_tenants))
        .routes(routes!(tenants::get_tenant, tenants::put_tenant))
        .routes(routes!(organizations::list_organizations))
        .routes(routes!(organizations::put_organization))
        .routes(routes!(
            user_sessions::put_user_session,
            user_sessions::delete_user_session
        ))
        .routes(routes!(user_sessions::introspect_user_session))
        .routes(routes!(user_sessions::force_logout))
        .routes(routes!(support_sessions::list_support_sessions))
        .routes(routes!(support_sessions::get_support_session))
        .routes(routes!(support_sessions::list_access_log))
        .routes(routes!(access_log::complete_access_log))
        .routes(routes!(audit::list_audit_events))
        .routes(routes!(audit::get_audit_event))
        .routes(routes!(audit::export_audit_events))
}

/// Endpoints outside of the prefix.
fn at_the_root() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(identities::introspect_identity))
}

/// The document that describes the interface.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi().nest(PREFIX, resources().into_openapi());
    document.merge(at_the_root().into_openapi());
    document
}

/// Everything under `/api/v1`, including errors and unknown addresses, and `/introspect`. It is
/// behind `middleware::rest`, which establishes the key's holder.
pub fn router(state: AppState) -> Router {
    // Plain data always serialises.
    let document = Bytes::from(serde_json::to_vec(&openapi()).unwrap_or_default());
    let (resources, _) = resources().split_for_parts();
    let resources = resources
        .route(
            "/openapi.json",
            get(move || {
                let json = HeaderValue::from_static("application/json");
                std::future::ready(([(header::CONTENT_TYPE, json)], document.clone()))
            }),
        )
        .fallback(error::no_such_address);
    let finished = |router: Router<AppState>| {
        router
            .method_not_allowed_fallback(error::no_such_method)
            .layer(middleware::from_fn(error::answer_problems))
            .with_state(state.clone())
    };
    let (root, _) = at_the_root().split_for_parts();
    finished(root).nest(PREFIX, finished(resources))
}
