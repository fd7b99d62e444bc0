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

/// Ready: this node holds its lease, and requests can be recorded. Anyone may ask, so this comes from
/// memory: the writer tells of outages, the heartbeat renews the lease, and a start with another schema
/// is refused.
pub(crate) async fn ready(State(state): State<AppState>) -> impl IntoResponse {
    if let Some(outage) = state.core.store.outage() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, outage.cause.sentence());
    }
    match state.node.lease.standstill() {
        Some(standstill) => answer(StatusCode::SERVICE_UNAVAILABLE, standstill.sentence()),
        None => answer(StatusCode::OK, "ready"),
    }
}

fn answer(status: StatusCode, word: &'static str) -> impl IntoResponse {
    let body = Json(json!({ "status": word }));
    (status, [(header::CACHE_CONTROL, "no-store")], body)
}
