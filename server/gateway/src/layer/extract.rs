//! Lets axum's handlers extract [`LiveSupportSession`].

use axum::{
    body::Body,
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::request::Parts;

use super::{
    guard::misplaced,
    live_session::{LiveSupportSession, NoSupportSession},
};
use crate::answers::Trouble;

impl IntoResponse for NoSupportSession {
    fn into_response(self) -> Response {
        let (status, code, detail) = match self {
            Self::Absent => {
                let detail = "This requires a support session. Send Authorization: Bearer scst_…";
                (401, "unauthenticated", detail)
            }
            Self::Ended => (401, "unauthenticated", "The support session has ended."),
            Self::NotTheJudged => {
                tracing::error!(
                    "a handler asked for the support session of a request that was rewritten or \
                     copied after the support session layer had checked it: move the rewriting \
                     outside the layer"
                );
                return misplaced().to_response(None).map(Body::new);
            }
        };
        let problem = Trouble::new(status, code, detail);
        problem.to_response(None).map(Body::new)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for LiveSupportSession {
    type Rejection = NoSupportSession;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NoSupportSession> {
        Self::of_parts(parts).cloned()
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for LiveSupportSession {
    type Rejection = NoSupportSession;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> Result<Option<Self>, NoSupportSession> {
        match Self::of_parts(parts) {
            Ok(session) => Ok(Some(session.clone())),
            Err(NoSupportSession::Absent) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
