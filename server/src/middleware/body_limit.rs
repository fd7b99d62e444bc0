//! Limits bodies of forms and server functions to 64 KiB, and refuses packed ones.

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
use http::{
    HeaderValue,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH},
};
use http_body_util::{BodyExt as _, Limited};

use crate::extract::Refusal;

/// The largest body, in bytes.
pub const LIMIT: usize = 64 * 1024;

/// The layer that refuses larger bodies: immediately if the request states its size, otherwise
/// while it is read. It also refuses a body that says it is packed, whatever would read it.
pub async fn limit_body(request: Request, next: Next) -> Response {
    let is_packed = is_packed(&request);
    let problem = if is_packed {
        packed()
    } else if announced(&request).is_some_and(|length| length > LIMIT as u64) {
        too_large()
    } else {
        let limited = request.map(|body| Body::new(Limited::new(body, LIMIT)));
        return next.run(limited).await;
    };
    let request_id = request
        .extensions()
        .get::<Context>()
        .and_then(|context| context.origin.request_id.clone());
    let mut response = Refusal(Problem {
        request_id,
        ..problem
    })
    .into_response();
    if is_packed {
        let none = HeaderValue::from_static("identity");
        response.headers_mut().insert(ACCEPT_ENCODING, none);
    }
    response
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

/// Whether the body says that it is packed (RFC 9110 §8.4). No browser packs one. What was not undone must not be read.
fn is_packed(request: &Request) -> bool {
    let mut codings = request.headers().get_all(CONTENT_ENCODING).iter();
    let is_none = |coding: &HeaderValue| {
        let coding = coding.as_bytes().trim_ascii();
        coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
    };
    !request.method().is_safe() && !codings.all(is_none)
}

fn packed() -> Problem {
    let detail = "Nothing was done. Send the body as it is: without Content-Encoding.";
    Problem::new(ProblemCode::UnsupportedMediaType, detail)
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
