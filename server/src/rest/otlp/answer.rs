//! Answers in the encoding of the request.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::{METRICS, TRACES};
use crate::{
    ingest::otlp::{Encoding, Signal, write_bytes, write_message},
    rest::extract::media_type,
};

/// The longest problem that is read again, in bytes.
const PROBLEM_MAX: usize = 256 * 1024;

/// The encoding of a body with this media type, if it is one of OTLP's.
pub(super) fn encoding_of(headers: &HeaderMap) -> Option<Encoding> {
    match media_type(headers)?.as_str() {
        "application/x-protobuf" | "application/protobuf" => Some(Encoding::Protobuf),
        "application/json" => Some(Encoding::Json),
        _ => None,
    }
}

const fn content_type(encoding: Encoding) -> HeaderValue {
    HeaderValue::from_static(match encoding {
        Encoding::Protobuf => "application/x-protobuf",
        Encoding::Json => "application/json",
    })
}

/// An `Export…ServiceResponse`: empty if nothing was rejected.
pub(super) fn partial_success(
    encoding: Encoding,
    signal: Signal,
    rejected: u64,
    message: &str,
) -> Response {
    let count = match signal {
        Signal::Traces => "rejectedSpans",
        Signal::Metrics => "rejectedDataPoints",
    };
    let body = match (encoding, rejected) {
        (Encoding::Protobuf, 0) => Vec::new(),
        (Encoding::Protobuf, _) => {
            let mut body = Vec::new();
            write_bytes(1, &write_message(rejected, message), &mut body);
            body
        }
        (Encoding::Json, 0) => b"{}".to_vec(),
        (Encoding::Json, _) => {
            // 64-bit numbers are texts.
            let success = json!({count: rejected.to_string(), "errorMessage": message});
            json!({"partialSuccess": success}).to_string().into_bytes()
        }
    };
    ([(header::CONTENT_TYPE, content_type(encoding))], body).into_response()
}

/// The layer that turns a problem into the `google.rpc.Status` that senders of OTLP expect, whichever
/// layer or handler ran into it.
pub(crate) async fn answer_in_kind(request: Request, next: Next) -> Response {
    let is_ours = [TRACES, METRICS].contains(&request.uri().path());
    let encoding = encoding_of(request.headers()).filter(|_| is_ours);
    let response = next.run(request).await;
    match encoding {
        Some(encoding) if is_problem(response.headers()) => as_status(encoding, response).await,
        _ => response,
    }
}

fn is_problem(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE);
    media_type.is_some_and(|value| value == "application/problem+json")
        && !headers.contains_key(header::CONTENT_ENCODING)
}

/// The part of a problem that a status has too.
#[derive(Default, Deserialize)]
struct Detail {
    detail: String,
}

async fn as_status(encoding: Encoding, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, PROBLEM_MAX).await.unwrap_or_default();
    let Detail { detail } = serde_json::from_slice(&body).unwrap_or_default();
    let code = rpc_code(parts.status);
    let body = match encoding {
        Encoding::Protobuf => write_message(code, &detail),
        Encoding::Json => json!({"code": code, "message": detail})
            .to_string()
            .into_bytes(),
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    let content_type = content_type(encoding);
    parts.headers.insert(header::CONTENT_TYPE, content_type);
    Response::from_parts(parts, Body::from(body))
}

/// The code of `google.rpc.Code` for a status.
fn rpc_code(status: StatusCode) -> u64 {
    match status.as_u16() {
        401 => 16,
        403 => 7,
        404 => 5,
        409 => 10,
        429 => 8,
        503 => 14,
        _ if status.is_client_error() => 3,
        _ => 13,
    }
}
