//! Writes problem details (RFC 9457), for the gateway and the console.

use std::borrow::Cow;

use app::domain::problem::ProblemDocument;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde::Serialize;

/// A document without fields, request ID and time to wait.
pub fn document(
    status: StatusCode,
    code: &'static str,
    detail: impl Into<Cow<'static, str>>,
) -> ProblemDocument {
    ProblemDocument {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail: detail.into(),
        code,
        fields: Vec::new(),
        request_id: None,
        retry_after_seconds: None,
    }
}

/// The response that carries a document. It is never cached.
pub fn response(document: &ProblemDocument) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, "application/problem+json", document);
    let headers = response.headers_mut();
    if let Some(seconds) = document.retry_after_seconds {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// A response of JSON that is never stored.
pub(crate) fn json(
    status: StatusCode,
    media_type: &'static str,
    body: &impl Serialize,
) -> Response<Full<Bytes>> {
    // Documents and JSON values can always be written, because all their keys are texts.
    let body = serde_json::to_vec(body).unwrap_or_default();
    unstored(status, media_type, body.into())
}

/// A response that is never stored.
pub(crate) fn unstored(
    status: StatusCode,
    media_type: &'static str,
    body: Bytes,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
