//! How axum's handlers take [`LiveSupportSession`].

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header, request::Parts};

use super::live_session::{LiveSupportSession, NoSupportSession};

impl NoSupportSession {
    const fn told(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Absent => (
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "This is for support sessions: Authorization: Bearer scst_…",
            ),
            Self::Ended => (
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "The support session has ended.",
            ),
            Self::NotTheJudged => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "This address can't be used in a support session: its server is not set up for it.",
            ),
        }
    }
}

impl IntoResponse for NoSupportSession {
    fn into_response(self) -> Response {
        if self == Self::NotTheJudged {
            tracing::error!(
                "a handler wants the support session of a request that was rewritten or copied after \
                 the layer of support sessions had judged it: put what rewrites outside the layer"
            );
        }
        let (status, code, detail) = self.told();
        let problem = serde_json::json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "code": code,
            "detail": detail,
        });
        let mut response = (status, problem.to_string()).into_response();
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
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
