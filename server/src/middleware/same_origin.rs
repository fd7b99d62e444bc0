//! Refuses state changes caused by other sites.
//!
//! A request that may change something must prove that it comes from one of our pages. Browsers say
//! so in `Sec-Fetch-Site`, or, if they are too old for that, in `Origin`. We don't use tower-http's
//! `csrf` layer, because it accepts requests with neither, requests from the address bar, and
//! requests that claim any `Host`.

use std::sync::Arc;

use app::domain::{
    caller::Context,
    problem::{Problem, ProblemCode},
};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use gateway::browser::fetch_metadata;
use http::{
    HeaderMap, HeaderName, Method,
    header::{HOST, ORIGIN, REFERER},
};
use url::Url;

use crate::extract::Refusal;

pub(super) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The one origin that may change something: the console's own.
#[derive(Debug, Clone)]
pub struct SameOrigin(Arc<str>);

impl SameOrigin {
    /// The origin of `console.public_url`.
    pub fn of(public_url: &Url) -> Self {
        Self(public_url.origin().ascii_serialization().into())
    }

    /// Whether a request may change something, judged by its origin.
    pub(super) fn allows(&self, method: &Method, headers: &HeaderMap) -> bool {
        method.is_safe() || self.has_sent(headers, &ORIGIN)
    }

    /// Whether a person followed a link on one of our pages, for links that write something, such
    /// as an export. Browsers send no `Origin` with a link. Old ones without `Sec-Fetch-Site` name
    /// the page in `Referer`.
    pub fn has_linked(&self, headers: &HeaderMap) -> bool {
        self.has_sent(headers, &REFERER) && !fetch_metadata::is_ahead(headers)
    }

    /// Whether a person or one of our pages made the request, and no other site, according to
    /// `Sec-Fetch-Site`.
    pub(super) fn has_asked(headers: &HeaderMap) -> bool {
        matches!(
            only(headers, &SEC_FETCH_SITE),
            Only::One(b"same-origin" | b"none")
        )
    }

    /// The address of a page.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether one of our pages has sent a request, according to `otherwise` if the browser doesn't
    /// send `Sec-Fetch-Site`.
    fn has_sent(&self, headers: &HeaderMap, otherwise: &HeaderName) -> bool {
        match only(headers, &SEC_FETCH_SITE) {
            Only::One(b"same-origin") => true,
            Only::None => {
                matches!(only(headers, otherwise), Only::One(field) if self.is_origin_of(field))
            }
            // `same-site` is not enough: cookies ignore ports, and a neighbour's page is not ours.
            Only::One(_) | Only::Several => false,
        }
    }

    /// Whether a field has this origin, or a page of it.
    fn is_origin_of(&self, field: &[u8]) -> bool {
        let rest = field.strip_prefix(self.0.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    }
}

enum Only<'a> {
    None,
    One(&'a [u8]),
    Several,
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Only<'a> {
    let mut fields = headers.get_all(name).iter();
    match (fields.next(), fields.next()) {
        (None, _) => Only::None,
        (Some(field), None) => Only::One(field.as_bytes()),
        (Some(_), Some(_)) => Only::Several,
    }
}

/// The layer that refuses state changes by other sites with 403.
pub async fn require(State(own): State<SameOrigin>, request: Request, next: Next) -> Response {
    if own.allows(request.method(), request.headers()) {
        return next.run(request).await;
    }
    let own = &own.0;
    let detail = match served_as(request.headers()) {
        Some(other) => format!(
            "You opened the console at {other}, but its address is {own}. Nobody can sign in or change anything \
             elsewhere. Open {own} and try again there."
        ),
        None => format!(
            "This request came from another site and was blocked. Open {own} and try again there."
        ),
    };
    let mut problem = Problem::new(ProblemCode::Forbidden, detail);
    if let Some(context) = request.extensions().get::<Context>() {
        problem.request_id.clone_from(&context.origin.request_id);
    }
    Refusal(problem).into_response()
}

/// The address at which the browser has opened the console, if one of our pages sent the request
/// from another address than ours.
fn served_as(headers: &HeaderMap) -> Option<&str> {
    let (Only::One(origin), Only::One(host)) = (only(headers, &ORIGIN), only(headers, &HOST))
    else {
        return None;
    };
    let origin = std::str::from_utf8(origin).ok()?;
    let (_, named) = origin.split_once("://")?;
    (named.as_bytes() == host && !headers.contains_key(SEC_FETCH_SITE)).then_some(origin)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn allows(method: &Method, fields: &[(&'static str, &'static str)]) -> bool {
        let own = SameOrigin::of(&Url::parse("https://Console.example:443/sub/").unwrap());
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("evil.example"));
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        own.allows(method, &headers)
    }

    #[test]
    fn only_the_consoles_own_pages_may_change_something() {
        const SITE: &str = "sec-fetch-site";
        const OWN: (&str, &str) = ("origin", "https://console.example");
        for (fields, expected) in [
            (&[(SITE, "same-origin")][..], true),
            (&[OWN], true),
            (&[(SITE, "same-origin"), OWN], true),
            // The browser's own word goes before the other header.
            (&[(SITE, "cross-site"), OWN], false),
            (&[(SITE, "same-site"), OWN], false),
            (&[(SITE, "same-site")], false),
            (&[(SITE, "cross-site")], false),
            (&[(SITE, "none")], false),
            (&[(SITE, "")], false),
            (&[(SITE, "Same-Origin")], false),
            (&[(SITE, "same-origin"), (SITE, "cross-site")], false),
            (&[], false),
            (&[("origin", "null")], false),
            (&[("origin", "https://console.example:8443")], false),
            (&[("origin", "http://console.example")], false),
            (&[("origin", "https://console.example.evil.example")], false),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "https://sub.console.example")], false),
            (&[OWN, ("origin", "https://evil.example")], false),
            (&[("origin", "https://console.example@evil.example")], false),
            (&[("referer", "https://console.example/")], false),
        ] {
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                assert_eq!(allows(&method, fields), expected, "{method} {fields:?}");
            }
        }
    }

    #[test]
    fn a_link_that_leaves_a_trace_is_followed_from_our_pages_only() {
        const SITE: &str = "sec-fetch-site";
        const REFERER: (&str, &str) = ("referer", "https://console.example/audit?actor=Mina");
        let own = SameOrigin::of(&Url::parse("https://console.example").unwrap());
        for (fields, expected) in [
            (&[(SITE, "same-origin")][..], true),
            (&[REFERER], true),
            (&[], false),
            (&[(SITE, "none")], false),
            (&[(SITE, "same-site"), REFERER], false),
            (&[(SITE, "cross-site"), REFERER], false),
            (&[(SITE, "same-origin"), ("sec-purpose", "prefetch")], false),
            (&[(SITE, "same-origin"), ("purpose", "prefetch")], false),
            (
                &[("referer", "https://console.example.evil.example/")],
                false,
            ),
            (
                &[("referer", "https://evil.example/https://console.example/")],
                false,
            ),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(own.has_linked(&headers), expected, "{fields:?}");
        }
    }

    #[test]
    fn a_page_of_ours_under_another_address_is_told_from_another_site() {
        for (origin, host, expected) in [
            ("http://192.0.2.7:3000", "192.0.2.7:3000", true),
            ("https://evil.example", "192.0.2.7:3000", false),
            ("null", "192.0.2.7:3000", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
            headers.insert(HOST, HeaderValue::from_static(host));
            assert_eq!(served_as(&headers).is_some(), expected, "{origin}");
            headers.insert(SEC_FETCH_SITE, HeaderValue::from_static("same-site"));
            assert_eq!(served_as(&headers), None, "the browser's own word");
        }
    }

    #[test]
    fn reading_is_open_to_links_from_elsewhere() {
        assert!(allows(&Method::GET, &[("sec-fetch-site", "cross-site")]));
        assert!(allows(&Method::HEAD, &[]));
    }

    #[test]
    fn a_port_that_is_not_the_default_is_part_of_the_origin() {
        let own = SameOrigin::of(&Url::parse("http://localhost:3000").unwrap());
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_static("http://localhost:3000"));
        assert!(own.allows(&Method::POST, &headers));
        headers.insert(ORIGIN, HeaderValue::from_static("http://localhost:3100"));
        assert!(!own.allows(&Method::POST, &headers));
    }
}
