//! Problems as responses, of each kind that there is.

use app::domain::problem::{Problem, ProblemCode, ProblemDocument};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};

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

/// Sentences of plain text, for people where no page of ours leads.
pub(crate) fn plain(problem: &Problem) -> Response {
    let fields = problem.fields.iter();
    let fields = fields.map(|field| format!("{}: {}\n", field.field, field.message));
    let request = problem
        .request_id
        .iter()
        .map(|id| format!("Request {id}\n"));
    let text = std::iter::once(format!("{}\n", problem.detail));
    let text: String = text.chain(fields).chain(request).collect();
    let mut response = (status(problem.code), text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Some(seconds) = problem.retry_after_seconds {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
