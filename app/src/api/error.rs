//! The one error of every server function.

use bytes::Bytes;
use leptos::server_fn::{
    ContentType, Decodes, Encodes, Format, FormatType,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

use crate::{
    answer,
    domain::problem::{Problem, ProblemCode},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(transparent)]
#[error(transparent)]
pub struct ApiError(pub Problem);

impl ApiError {
    /// An internal error, without details.
    pub fn internal() -> Self {
        Self(Problem::new(ProblemCode::Internal, "Something went wrong."))
    }

    pub fn problem(&self) -> &Problem {
        &self.0
    }

    pub fn code(&self) -> ProblemCode {
        self.0.code
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Self {
        error.0
    }
}

impl FromServerFnError for ApiError {
    type Encoder = ProblemJson;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(why) | ServerFnErrorErr::MissingArg(why) => bad_body(&why),
            ServerFnErrorErr::Deserialization(why) if cfg!(feature = "ssr") => bad_body(&why),
            // In the browser: no answer, or one that no server of ours gave.
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Deserialization(_) => {
                Self(Problem::new(
                    ProblemCode::Unavailable,
                    "Can't reach the server. Try again.",
                ))
            }
            _ => Self::internal(),
        }
    }
}

/// A body that could not be read as the arguments of the function.
fn bad_body(why: &str) -> ApiError {
    if why.contains("length limit") {
        return ApiError(Problem::new(
            ProblemCode::TooLarge,
            "The body is larger than allowed.",
        ));
    }
    // `wire` writes "field: what is wrong with it".
    ApiError(match why.split_once(": ") {
        Some((field, message)) => Problem::invalid_field(field, message),
        None => Problem::new(ProblemCode::InvalidInput, why),
    })
}

/// An error on its way to the browser, with the HTTP status of its code (RFC 9457).
///
/// Encoding happens only where a server function answers over HTTP: a page that calls it while
/// being rendered keeps its own status.
pub struct ProblemJson;

impl ContentType for ProblemJson {
    const CONTENT_TYPE: &'static str = "application/problem+json";
}

impl FormatType for ProblemJson {
    const FORMAT_TYPE: Format = Format::Text;
}

impl Encodes<ApiError> for ProblemJson {
    type Error = serde_json::Error;

    fn encode(error: &ApiError) -> Result<Bytes, serde_json::Error> {
        answer::refuse(error.problem());
        serde_json::to_vec(error).map(Bytes::from)
    }
}

impl Decodes<ApiError> for ProblemJson {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<ApiError, serde_json::Error> {
        serde_json::from_slice(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_over_the_limit_is_told_as_such() {
        let error = ServerFnErrorErr::Deserialization("length limit exceeded".into());
        #[cfg(feature = "ssr")]
        assert_eq!(
            ApiError::from_server_fn_error(error).code(),
            ProblemCode::TooLarge
        );
        #[cfg(not(feature = "ssr"))]
        assert_eq!(
            ApiError::from_server_fn_error(error).code(),
            ProblemCode::Unavailable
        );
    }

    #[test]
    fn a_refused_argument_names_its_field() {
        let error = ServerFnErrorErr::Args("page.limit: invalid type".into());
        let problem: Problem = ApiError::from_server_fn_error(error).into();
        assert_eq!(problem.field("page.limit"), Some("invalid type"));
    }
}
