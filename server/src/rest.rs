//! The integration API under `/api/v1`, described by `/api/v1/openapi.json`, and `/introspect`,
//! `/v1/traces` and `/v1/metrics` at the addresses that their callers expect.
//!
//! One file per resource. Handlers read the request, call a service and write the response.
//! Services decide about permissions. Callers have keys, or are support sessions reading what their
//! tenant may read. Cookies are ignored, so no other site can make a browser act here.

#![expect(
    unused_qualifications,
    reason = "utoipa's macros write qualified paths where ours stand"
)]

pub(crate) mod access_log;
pub(crate) mod audit;
mod auth;
pub(crate) mod bodies;
mod error;
mod extract;
pub(crate) mod identities;
mod limits;
mod list;
pub(crate) mod organizations;
pub(crate) mod otlp;
mod records;
pub(crate) mod requests;
pub(crate) mod support_sessions;
pub(crate) mod tenants;
pub(crate) mod user_sessions;

#[cfg(test)]
mod tests;

use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

pub(crate) use self::{
    error::{answer_problems, no_such_address, no_such_method},
    limits::describe_limits,
};

/// The API's path.
pub(crate) const PREFIX: &str = "/api/v1";

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
            Errors are problem details (RFC 9457) with a stable `code`. Each key may ask so often: \
            `RateLimit-Policy` and `RateLimit` in each answer to a key that works say what applies and what is left \
            (draft-ietf-httpapi-ratelimit-headers-10). \
            Telemetry can also be sent with OpenTelemetry's protocol (OTLP/HTTP) to `/v1/traces` and `/v1/metrics`, with the same keys."
    ),
    components(schemas(error::ProblemDocument)),
    modifiers(&Keys),
    security(("bearer" = []), ("api_key" = []))
)]
pub(crate) struct Document;
