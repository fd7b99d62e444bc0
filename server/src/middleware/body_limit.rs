//! Limits bodies of forms and server functions to 64 KiB.

use app::domain::{
    caller::Context,
    problem::{Problem, ProblemCode},
};
use axum::{
    body::Body,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::header::CONTENT_LENGTH;
use http_body_util::Limited;

use crate::extract::Refusal;

/// The largest body, in bytes.
pub const LIMIT: usize = 64 * 1024;

/// The layer that refuses larger bodies: immediately if the request states its size, otherwise
/// while it is read.
pub async fn limit_body(request: Request, next: Next) -> Response {
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > LIMIT as u64) {
        let request_id = request
            .extensions()
            .get::<Context>()
            .and_then(|context| context.origin.request_id.clone());
        return Refusal(Problem {
            request_id,
            ..too_large()
        })
        .into_response();
    }
    next.run(request.map(|body| Body::new(Limited::new(body, LIMIT))))
        .await
}

pub fn too_large() -> Problem {
    Problem::new(
        ProblemCode::TooLarge,
        "The request is too large. The limit is 64 KiB.",
    )
}
