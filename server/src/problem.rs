//! Problems as responses, in each form.

use app::domain::problem::{Problem, ProblemCode, ProblemDocument};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

/// The HTTP status of a code.
pub(crate) fn status(code: ProblemCode) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Problem details (RFC 9457), for programs.
pub(crate) fn details(problem: Problem, request_id: Option<String>) -> Response {
    let code = problem.code;
    let document = ProblemDocument {
        fields: problem.fields,
        request_id: problem.request_id.or(request_id),
        retry_after_seconds: problem.retry_after_seconds,
        ..gateway::problem::document(status(code), code.as_str(), problem.detail)
    };
    gateway::problem::response(&document).map(Body::new)
}

/// The error of a server function, as `app::api::ApiError` is read in the browser.
pub(crate) fn typed(problem: &Problem) -> Response {
    // Plain data always serialises.
    let body = serde_json::to_vec(problem).unwrap_or_default();
    finished(problem, "application/problem+json", body)
}

/// Sentences of plain text, for people at addresses without a page of ours.
pub(crate) fn plain(problem: &Problem) -> Response {
    let fields = problem.fields.iter();
    let fields = fields.map(|field| format!("{}: {}\n", field.field, field.message));
    let request = problem
        .request_id
        .iter()
        .map(|id| format!("Request {id}\n"));
    let text = std::iter::once(format!("{}\n", problem.detail));
    let text: String = text.chain(fields).chain(request).collect();
    finished(problem, "text/plain; charset=utf-8", text)
}

fn finished(problem: &Problem, media_type: &str, body: impl Into<Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let mut response = (status(problem.code), headers, body.into()).into_response();
    if let Some(seconds) = problem.retry_after_seconds {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
