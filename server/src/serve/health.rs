//! `GET /health/live` and `GET /health/ready`, for supervisors and load balancers.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde_json::json;

use crate::app_state::AppState;

pub(crate) async fn live() -> impl IntoResponse {
    answer(StatusCode::OK, "live")
}

/// Ready: this node holds its lease, the store responds, its schema is supported, and requests can
/// be recorded.
pub(crate) async fn ready(State(state): State<AppState>) -> impl IntoResponse {
    let (store, lease) = (&state.core.store, &state.node.lease);
    if let Some(outage) = store.outage() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, outage.cause.sentence());
    }
    if let Some(standstill) = lease.standstill() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, standstill.sentence());
    }
    if store.ping().await.is_err() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer");
    }
    match store.schema_version().await {
        Ok(version) if version.found == version.known => answer(StatusCode::OK, "ready"),
        Ok(_) => answer(
            StatusCode::SERVICE_UNAVAILABLE,
            "the store's schema is another version's",
        ),
        Err(_) => answer(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer"),
    }
}

fn answer(status: StatusCode, word: &'static str) -> impl IntoResponse {
    let body = Json(json!({ "status": word }));
    (status, [(header::CACHE_CONTROL, "no-store")], body)
}
