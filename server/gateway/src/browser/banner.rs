//! The banner and its requests to the gateway: who is in which tenant, for how long, and a button
//! to end the session.
//!
//! Its requests are below the gateway's own prefix, so they are never forwarded or recorded. They
//! need the same cookie and pass the same checks as every request at a session's host. The banner
//! is one script that contains its style, so that one hash in the platform's
//! `Content-Security-Policy` permits it.

use std::sync::LazyLock;

use app::domain::{RequestId, Timestamp, scopes::ScopeName};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{pages::Without, refusals::Told};
use crate::{
    answers::{self, Answer, Trouble},
    headers,
    ports::{KnownSession, SessionCard},
    problem,
};

/// The banner as one classic script that is also a module. It is wrapped in a function, so that its
/// names don't collide with the page's.
static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let style = json!(include_str!("banner/banner.css"));
    let script = include_str!("banner/banner.js");
    format!("(() => {{\n\"use strict\";\nconst STYLE = {style};\n{script}}})();\n")
});
/// The source that permits it in a policy (CSP §2.3.1 `hash-source`).
static HASH: LazyLock<String> = LazyLock::new(|| {
    format!(
        "'sha256-{}'",
        STANDARD.encode(Sha256::digest(SCRIPT.as_bytes()))
    )
});
/// The console's path above the pages of support sessions.
const SESSION_PAGES: &str = "/support/sessions";

/// A request below the banner's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Script,
    /// `session`: the banner's data.
    Session,
    /// `end`: end the session.
    End,
}

impl Wanted {
    /// The page whose banner asks, if the query names one: `page=` and the id of its request.
    pub(crate) fn page(rest: &[u8]) -> Option<RequestId> {
        let at = rest.iter().position(|b| *b == b'?')?;
        let query = std::str::from_utf8(&rest[at + 1..]).ok()?;
        query.strip_prefix("page=")?.parse().ok()
    }

    /// The request for a path below our own prefix. The query is ignored.
    pub(crate) fn of(rest: &[u8]) -> Option<Self> {
        let path = rest.split(|b| *b == b'?').next()?;
        match path {
            b"/banner.js" => Some(Self::Script),
            b"/session" => Some(Self::Session),
            b"/end" => Some(Self::End),
            _ => None,
        }
    }

    /// The method of the request. GET never ends anything.
    const fn method(self) -> Method {
        match self {
            Self::End => Method::POST,
            Self::Script | Self::Session => Method::GET,
        }
    }

    /// The response to any other method (RFC 9110 §15.5.6).
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
    let text = Bytes::from_static(SCRIPT.as_bytes());
    let kind = "text/javascript; charset=utf-8";
    let mut response = problem::unstored(StatusCode::OK, kind, text);
    headers::set_request_id(response.headers_mut(), request_id);
    response.map(Answer::Ours)
}

/// The element to inject into the answer of a request.
pub(super) fn element(page: RequestId) -> String {
    format!("<script data-page=\"{page}\">{}</script>", *SCRIPT)
}

/// The script's source in a policy.
pub(super) fn hash() -> &'static str {
    &HASH
}

/// What the banner shows.
pub(crate) struct Shown<'s> {
    pub(crate) session: &'s KnownSession,
    pub(crate) card: &'s SessionCard,
    /// The last refusals of the session's requests.
    pub(crate) refusals: Vec<Told>,
    /// The origins of the page's upstream, if the page is known.
    pub(crate) upstream_origins: Vec<String>,
    /// The session's pages that were shown without a banner.
    pub(crate) without: Without,
    pub(crate) now: Timestamp,
    /// The console's origin.
    pub(crate) console: &'s str,
}

/// The banner's data.
pub(crate) fn session(shown: Shown<'_>, request_id: RequestId) -> Response<Answer> {
    let Shown {
        session, card, now, ..
    } = shown;
    let organization = session.organization_id.as_ref();
    let scopes: Vec<_> = session.scopes.iter().map(ScopeName::as_str).collect();
    let refusals = shown.refusals.iter().map(|told| {
        json!({
            "request_id": told.request_id,
            "request": told.request,
            "detail": told.detail,
            "seconds_ago": (now - told.at).num_seconds().max(0),
        })
    });
    let shown = json!({
        "staff": { "name": session.staff_name },
        "tenant": { "id": session.tenant_id, "name": card.tenant_name },
        "organization": organization.map(|id| json!({ "id": id })),
        "scopes": scopes,
        "reason": card.reason,
        "expires_at": session.expires_at,
        // By the gateway's clock, because the browser's may be wrong.
        "seconds_left": (session.expires_at - now).num_seconds().max(0),
        "console_url": format!("{}{SESSION_PAGES}/{}", shown.console, session.id),
        "upstream_origins": shown.upstream_origins,
        "refusals": refusals.collect::<Vec<_>>(),
        "without_banner": { "count": shown.without.count, "paths": shown.without.paths },
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
            (b"/banner.css", None),
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
        let style = include_str!("banner/banner.css");
        for outside in ["url(", "@import", "http"] {
            assert!(!style.contains(outside), "{outside}");
        }
        // Whatever a page's encoding, and as one element.
        assert!(SCRIPT.is_ascii());
        for end in ["</", "<!--", "\r"] {
            assert!(!SCRIPT.contains(end), "{end}");
        }
    }

    #[test]
    fn its_file_says_what_it_is() {
        let response = script(id());
        let kind = "text/javascript; charset=utf-8";
        assert_eq!(response.headers()["content-type"], kind);
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert_eq!(response.headers()["cache-control"], "no-store");
    }

    #[test]
    fn the_element_has_the_text_that_the_hash_is_of() {
        let element = element(id());
        let (_, text) = element.split_once('>').unwrap();
        let text = text.strip_suffix("</script>").unwrap();
        let hash = STANDARD.encode(Sha256::digest(text.as_bytes()));
        assert_eq!(super::hash(), format!("'sha256-{hash}'"));
    }
}
