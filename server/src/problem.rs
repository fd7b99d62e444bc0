//! Problems as responses, of each kind that there is.

use app::domain::problem::{FieldProblem, Problem, ProblemCode};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// A problem as it is sent (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemDocument {
    /// Always `about:blank`. See `code` for the kind of problem.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// A sentence for people.
    detail: String,
    /// The stable code.
    code: ProblemCode,
    /// The fields that were refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldProblem>,
    /// The request's ID, for reading the log.
    request_id: Option<String>,
    /// After how many seconds trying again makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
}

/// The HTTP status of a code.
pub(crate) fn status(code: ProblemCode) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Problem details (RFC 9457), for programs.
pub(crate) fn details(problem: Problem, request_id: Option<String>) -> Response {
    let http_status = status(problem.code);
    let retry_after = problem.retry_after_seconds;
    let document = ProblemDocument {
        r#type: "about:blank",
        title: http_status.canonical_reason().unwrap_or("Error"),
        status: http_status.as_u16(),
        detail: problem.detail,
        code: problem.code,
        fields: problem.fields,
        request_id: problem.request_id.or(request_id),
        retry_after_seconds: retry_after,
    };
    let mut response = (http_status, Json(document)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if http_status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
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
