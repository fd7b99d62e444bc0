//! A sample multi-tenant platform with its own HTTP API, for which Support Console is made.
//!
//! It knows nothing of the console's store. A caller is either one of a tenant's own programs, with
//! that tenant's token, or the platform's support, with an identity that the console has signed for
//! that request. In that case it only serves the tenant and the organization named there.

mod data;
mod exports;
mod feed;
mod identity;
mod page;
mod resources;
mod support;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use app::identity::Presented;
use axum::{
    Json, Router,
    extract::{MatchedPath, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use gateway::clock::Clock;
use serde_json::json;

use self::data::Records;
use super::{cast::Tenant, reporter::Observed};

pub(super) use self::{identity::TOKEN_HEADER, support::SupportIdentities};

#[derive(Clone)]
pub(super) struct Platform(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    seed: u64,
    by_id: HashMap<String, Tenant>,
    id_by_token: HashMap<String, String>,
    support: SupportIdentities,
    records: Mutex<HashMap<String, Arc<Mutex<Records>>>>,
    observed: tokio::sync::mpsc::Sender<Observed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ApiError {
    #[error("send a tenant's token")]
    Unauthenticated,
    #[error("the support identity is not valid for this request")]
    NotOurSupport,
    #[error("the support identity names an unknown tenant or organization")]
    UnknownIdentity,
    #[error("the console's key set is not available")]
    NoKeySet,
    #[error("not found")]
    NotFound,
    #[error("send JSON with the fields subject, kind and organization_id")]
    Unprocessable,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = match self {
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Self::NotOurSupport => (StatusCode::UNAUTHORIZED, "not_our_support"),
            Self::UnknownIdentity => (StatusCode::FORBIDDEN, "unknown_identity"),
            Self::NoKeySet => (StatusCode::SERVICE_UNAVAILABLE, "no_key_set"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::Unprocessable => (StatusCode::UNPROCESSABLE_ENTITY, "unprocessable"),
        };
        (
            status,
            Json(json!({"error": code, "message": self.to_string()})),
        )
            .into_response()
    }
}

impl Platform {
    /// A platform with these tenants. It reports the requests that it serves to `observed`.
    pub(super) fn new(
        tenants: &[Tenant],
        seed: u64,
        support: SupportIdentities,
        clock: Arc<dyn Clock>,
        observed: tokio::sync::mpsc::Sender<Observed>,
    ) -> Self {
        let by_id = tenants.iter().map(|t| (t.id.clone(), t.clone())).collect();
        let id_by_token = tenants
            .iter()
            .map(|tenant| (tenant.token.clone(), tenant.id.clone()))
            .collect();
        Self(Arc::new(Inner {
            clock,
            seed,
            by_id,
            id_by_token,
            support,
            records: Mutex::default(),
            observed,
        }))
    }

    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/", get(page::overview))
            .route("/v1/whoami", get(resources::whoami))
            .route("/v1/organizations", get(resources::organizations))
            .route("/v1/organizations/{id}", get(resources::organization))
            .route("/v1/users", get(resources::users))
            .route("/v1/users/{id}", get(resources::user))
            .route("/v1/invoices", get(resources::invoices))
            .route("/v1/invoices/{id}", get(resources::invoice))
            .route(
                "/v1/attestations",
                get(resources::attestations).post(resources::create_attestation),
            )
            .route(
                "/v1/attestations/search",
                post(resources::search_attestations),
            )
            .route("/v1/attestations/{id}", get(resources::attestation))
            .route("/v1/exports/{file}", post(exports::export))
            .route("/v1/feed", get(feed::feed))
            .fallback(|| async { ApiError::NotFound })
            .layer(middleware::from_fn_with_state(self.clone(), identify))
            .with_state(self)
    }

    /// A tenant's records, created when they are first needed.
    fn records(&self, tenant: &Tenant) -> Arc<Mutex<Records>> {
        let mut records = self
            .0
            .records
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let made = records
            .entry(tenant.id.clone())
            .or_insert_with(|| Arc::new(Mutex::new(Records::of(tenant, self.0.seed))));
        Arc::clone(made)
    }
}

/// Establishes the caller, serves the request, and reports its result.
async fn identify(State(platform): State<Platform>, request: Request, next: Next) -> Response {
    let began = std::time::Instant::now();
    let at = platform.0.clock.now();
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query();
    let presented = Presented {
        method: parts.method.as_str(),
        target: target.map_or("/", |target| target.as_str()),
    };
    let identity = match identity::establish(&platform.0, &parts.headers, presented).await {
        Ok(identity) => identity,
        Err(refused) => return refused.into_response(),
    };
    let mut request = Request::from_parts(parts, body);
    let method = request.method().to_string();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let observed = |status: u16| Observed {
        tenant_id: identity.tenant.id.clone(),
        at,
        status,
        method,
        route,
        duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        support_request_id: identity.support.as_ref().map(|by| by.request_id.clone()),
    };
    request.extensions_mut().insert(identity.clone());
    let response = next.run(request).await;
    // A full queue loses a figure, never a request.
    let _ = platform
        .0
        .observed
        .try_send(observed(response.status().as_u16()));
    response
}

#[cfg(test)]
mod tests;
