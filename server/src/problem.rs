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
pub(crate) fn details(mut problem: Problem, request_id: Option<String>) -> Response {
    problem.request_id = problem.request_id.or(request_id);
    details_as(status(problem.code), problem)
}

/// The same with another status than that of the code.
pub(crate) fn details_as(status: StatusCode, problem: Problem) -> Response {
    let document = ProblemDocument {
        fields: problem.fields,
        request_id: problem.request_id,
        retry_after_seconds: problem.retry_after_seconds,
        ..gateway::problem::document(status, problem.code.as_str(), problem.detail)
    };
    gateway::problem::response(&document).map(Body::new)
}

/// The error of a server function, as `app::api::ApiError` is read in the browser.
pub(crate) fn typed(problem: &Problem) -> Response {
    // Plain data always serialises.
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "application/problem+json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let mut response = (status(problem.code), headers, body).into_response();
    if let Some(seconds) = problem.retry_after_seconds {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// The problem of an answer that a person must read on a page.
#[derive(Clone)]
pub(crate) struct Told(pub(crate) Problem);

/// Problem details at addresses of browsers. `middleware::refusals` shows them to people on a page.
pub(crate) fn told(problem: Problem) -> Response {
    told_as(status(problem.code), problem)
}

/// The same with another status than that of the code.
pub(crate) fn told_as(status: StatusCode, problem: Problem) -> Response {
    let mut response = details_as(status, problem.clone());
    // Browsers sign in by a form.
    response.headers_mut().remove(header::WWW_AUTHENTICATE);
    response.extensions_mut().insert(Told(problem));
    response
}
