//! `GET /.well-known/jwks.json`: the key set (RFC 7517), for anyone.

use std::sync::Arc;

use axum::{extract::State, response::IntoResponse};
use http::header;

use gateway::identities::Identities;

/// How long it may be cached. A key is published for twice as long before it signs.
const CACHE: &str = "public, max-age=300";

pub(crate) async fn key_set(State(identities): State<Arc<Identities>>) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/jwk-set+json"),
        (header::CACHE_CONTROL, CACHE),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, identities.document())
}
