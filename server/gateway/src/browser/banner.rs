//! The banner and its requests to the gateway: who is in which tenant, for how long, and a button
//! to end the session.
//!
//! It lives below the gateway's own prefix, so it is never forwarded or recorded. It uses the same
//! cookie and checks as every request at a session's host. It consists of files, so that `'self'`
//! is enough in the platform's `Content-Security-Policy`.

use app::domain::{RequestId, Timestamp, scopes::ScopeName};
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;

use crate::{
    answers::{self, Answer, Trouble},
    headers,
    ports::{KnownSession, SessionCard},
    problem,
};

const SCRIPT: &str = include_str!("banner/banner.js");
const STYLE: &str = include_str!("banner/banner.css");
/// Below which the console shows each support session.
const SESSION_PAGES: &str = "/support/sessions";

/// A request below the banner's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Script,
    Style,
    /// `session`: the banner's data.
    Session,
    /// `end`: end the session.
    End,
}

impl Wanted {
    /// The request for a path below our own prefix. The query is ignored.
    pub(crate) fn of(rest: &[u8]) -> Option<Self> {
        let path = rest.split(|b| *b == b'?').next()?;
        match path {
            b"/banner.js" => Some(Self::Script),
            b"/banner.css" => Some(Self::Style),
            b"/session" => Some(Self::Session),
            b"/end" => Some(Self::End),
            _ => None,
        }
    }

    /// The method that it is asked for with: what ends something is never got.
    const fn method(self) -> Method {
        match self {
            Self::End => Method::POST,
            Self::Script | Self::Style | Self::Session => Method::GET,
        }
    }

    /// The response to any other method (RFC 9110 §15.5.6), if it is another.
    pub(crate) fn refused(
        self,
        method: &Method,
        request_id: RequestId,
    ) -> Option<Response<Answer>> {
        let wanted = self.method();
        if *method == wanted {
            return None;
        }
        let detail = format!("Use {wanted}.");
        let refused = Trouble::new(405, "method_not_allowed", detail);
        let mut response = refused.into_response(request_id);
        if let Ok(allow) = HeaderValue::from_str(wanted.as_str()) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        Some(response)
    }
}

pub(crate) fn script(request_id: RequestId) -> Response<Answer> {
    file(SCRIPT, "text/javascript; charset=utf-8", request_id)
}

pub(crate) fn style(request_id: RequestId) -> Response<Answer> {
    file(STYLE, "text/css; charset=utf-8", request_id)
}

fn file(text: &'static str, kind: &'static str, request_id: RequestId) -> Response<Answer> {
    let text = Bytes::from_static(text.as_bytes());
    let mut response = problem::unstored(StatusCode::OK, kind, text);
    headers::set_request_id(response.headers_mut(), request_id);
    response.map(Answer::Ours)
}

/// The banner's data for a session at `now`. `console` is the console's origin.
pub(crate) fn session(
    session: &KnownSession,
    card: &SessionCard,
    now: Timestamp,
    console: &str,
    request_id: RequestId,
) -> Response<Answer> {
    let organization = session.organization_id.as_ref();
    let scopes: Vec<_> = session.scopes.iter().map(ScopeName::as_str).collect();
    let shown = json!({
        "staff": { "name": session.staff_name },
        "tenant": { "id": session.tenant_id, "name": card.tenant_name },
        "organization": organization.map(|id| json!({ "id": id })),
        "scopes": scopes,
        "reason": card.reason,
        "expires_at": session.expires_at,
        // By the gateway's clock: the browser's may be wrong.
        "seconds_left": (session.expires_at - now).num_seconds().max(0),
        "console_url": format!("{console}{SESSION_PAGES}/{}", session.id),
    });
    answers::ours(StatusCode::OK, &shown, request_id)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id() -> RequestId {
        RequestId::from_uuid(Uuid::nil())
    }

    #[test]
    fn only_what_there_is_can_be_asked_for() {
        for (rest, wanted) in [
            (&b"/banner.js"[..], Some(Wanted::Script)),
            (b"/banner.js?v=1", Some(Wanted::Script)),
            (b"/banner.css", Some(Wanted::Style)),
            (b"/session", Some(Wanted::Session)),
            (b"/end", Some(Wanted::End)),
            (b"/END", None),
            (b"/end/", None),
            (b"/%65nd", None),
            (b"", None),
            (b"?/end", None),
        ] {
            assert_eq!(Wanted::of(rest), wanted);
        }
    }

    #[test]
    fn what_ends_a_session_is_never_got() {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS] {
            let refused = Wanted::End.refused(&method, id()).unwrap();
            assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(refused.headers()["allow"], "POST");
        }
        assert!(Wanted::End.refused(&Method::POST, id()).is_none());
        let refused = Wanted::Session.refused(&Method::POST, id()).unwrap();
        assert_eq!(refused.headers()["allow"], "GET");
    }

    #[test]
    fn the_banner_needs_nothing_that_a_strict_policy_forbids() {
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Function(",
            "setAttribute(\"style\"",
            ".style.",
            "onclick",
            "http://",
            "https://",
            "import ",
        ] {
            assert!(!SCRIPT.contains(forbidden), "{forbidden}");
        }
        for outside in ["url(", "@import", "http"] {
            assert!(!STYLE.contains(outside), "{outside}");
        }
    }

    #[test]
    fn its_files_say_what_they_are() {
        for (response, kind) in [
            (script(id()), "text/javascript; charset=utf-8"),
            (style(id()), "text/css; charset=utf-8"),
        ] {
            assert_eq!(response.headers()["content-type"], kind);
            assert_eq!(response.headers()["x-content-type-options"], "nosniff");
            assert_eq!(response.headers()["cache-control"], "no-store");
        }
    }
}
