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
use http_body_util::{BodyExt as _, Limited};

use crate::extract::Refusal;

/// The largest body, in bytes.
pub const LIMIT: usize = 64 * 1024;

/// The layer that refuses larger bodies: immediately if the request states its size, otherwise
/// while it is read.
pub async fn limit_body(request: Request, next: Next) -> Response {
    if announced(&request).is_some_and(|length| length > LIMIT as u64) {
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

/// The request with its whole body, once that has arrived. The caller is established afterwards, because a sign-in can end
/// while a body arrives slowly. A body that is too large, or breaks off, fails for what reads it.
pub async fn arrived(request: Request) -> Request {
    if request.method().is_safe() || announced(&request).is_some_and(|length| length > LIMIT as u64)
    {
        return request;
    }
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, LIMIT).collect().await {
        Ok(whole) => Body::from(whole.to_bytes()),
        Err(error) => Body::from_stream(futures::stream::once(async { Err::<Vec<u8>, _>(error) })),
    };
    Request::from_parts(parts, body)
}

fn announced(request: &Request) -> Option<u64> {
    let length = request.headers().get(CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

pub fn too_large() -> Problem {
    Problem::new(
        ProblemCode::TooLarge,
        "The request is too large. The limit is 64 KiB.",
    )
}
