//! Problems on their way out of a handler of the REST interface.

use app::domain::{
    caller::Context,
    problem::{Problem, ProblemCode},
};
use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, Uri, header};

use crate::problem;

pub(crate) use app::domain::problem::ProblemDocument;

/// The field that says how a body is packed.
pub(super) const CODING: &str = "Content-Encoding";

/// A problem on its way out of a handler.
#[derive(Debug, Clone)]
pub(crate) struct RestProblem(pub(crate) Problem);

impl From<Problem> for RestProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for RestProblem {
    /// Leaves the problem for [`answer_problems`], which knows the request.
    fn into_response(self) -> Response {
        let mut response = problem::status(self.0.code).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the problem that a request ran into, if any.
pub(crate) async fn answer_problems(request: Request, next: Next) -> Response {
    let context = request.extensions().get::<Context>();
    let request_id = context.and_then(|context| context.origin.request_id.clone());
    let mut response = next.run(request).await;
    if let Some(RestProblem(problem)) = response.extensions_mut().remove::<RestProblem>() {
        let is_coding = problem.field(CODING).is_some();
        let allow = response.headers_mut().remove(header::ALLOW);
        response = problem::details(problem, request_id);
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        if is_coding {
            let codings = HeaderValue::from_static("gzip, zstd");
            let headers = response.headers_mut();
            headers.insert(header::ACCEPT_ENCODING, codings);
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
pub(crate) async fn no_such_address(uri: Uri) -> RestProblem {
    tracing::debug!(path = uri.path(), "no such address");
    Problem::not_found("address").into()
}

/// The answer to a method that an address does not take.
pub(crate) async fn no_such_method(method: Method) -> RestProblem {
    Problem::new(
        ProblemCode::MethodNotAllowed,
        format!("{method} is not allowed here. See the Allow header."),
    )
    .into()
}
