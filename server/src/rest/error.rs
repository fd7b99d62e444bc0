//! Problems as problem details (RFC 9457), made in one place.

use app::domain::{
    caller::Context,
    problem::{FieldProblem, Problem, ProblemCode},
};
use axum::{
    Json,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, Uri, header};
use serde::Serialize;
use utoipa::ToSchema;

/// A problem on its way out of a handler.
#[derive(Debug, Clone)]
pub(super) struct RestProblem(pub(super) Problem);

impl From<Problem> for RestProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for RestProblem {
    /// Leaves the problem for [`answer_problems`], which knows the request.
    fn into_response(self) -> Response {
        let mut response = status_of(self.0.code).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A problem as it is sent (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProblemDocument {
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

fn status_of(code: ProblemCode) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn document(problem: Problem, request_id: Option<String>) -> Response {
    let status = status_of(problem.code);
    let retry_after = problem.retry_after_seconds;
    let document = ProblemDocument {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail: problem.detail,
        code: problem.code,
        fields: problem.fields,
        request_id: problem.request_id.or(request_id),
        retry_after_seconds: retry_after,
    };
    let mut response = (status, Json(document)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Writes the problem that a request ran into, if any.
pub(super) async fn answer_problems(request: Request, next: Next) -> Response {
    let context = request.extensions().get::<Context>();
    let request_id = context.and_then(|context| context.origin.request_id.clone());
    let mut response = next.run(request).await;
    if let Some(RestProblem(problem)) = response.extensions_mut().remove::<RestProblem>() {
        let allow = response.headers_mut().remove(header::ALLOW);
        response = document(problem, request_id);
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// The answer to an address that does not exist.
pub(super) async fn no_such_address(uri: Uri) -> RestProblem {
    tracing::debug!(path = uri.path(), "no such address");
    Problem::not_found("address").into()
}

/// The answer to a method that an address does not take.
pub(super) async fn no_such_method(method: Method) -> RestProblem {
    Problem::new(
        ProblemCode::MethodNotAllowed,
        format!("{method} is not allowed here. See the Allow header."),
    )
    .into()
}
