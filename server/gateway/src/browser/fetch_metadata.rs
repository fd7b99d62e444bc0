//! Which requests of a browser may use a session's cookie, judged by its Fetch Metadata
//! (<https://www.w3.org/TR/fetch-metadata/>).
//!
//! Sibling hosts hold other tenants' pages and are the same *site* to a browser, so it sends the
//! cookie with their requests too. Therefore:
//!
//! | `Sec-Fetch-Site` | passes |
//! |---|---|
//! | `same-origin` | everything |
//! | anything else | navigations of a tab by GET or HEAD: a link from a ticket, an address typed in |
//! | missing | requests whose `Origin` is the host's own |
//!
//! A browser that sends neither is refused: it is older than 2023, or no browser. Current browsers
//! omit the field only for the handshake of a WebSocket, which always has an `Origin`.

use http::{HeaderMap, HeaderName, Method, header::ORIGIN};

use crate::headers::only;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
/// Headers that mark a prefetch. The second is Safari's, the third Firefox's.
const PURPOSES: [HeaderName; 3] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-moz"),
];

/// Whether a request may use the cookie it carries.
pub(crate) fn admits(method: &Method, headers: &HeaderMap, own_origin: &str) -> bool {
    if !headers.contains_key(SITE) {
        return has_only(headers, ORIGIN, own_origin);
    }
    match only(headers, SITE) {
        Some(site) if site == "same-origin" => true,
        Some(_) => matches!(*method, Method::GET | Method::HEAD) && is_navigation(headers),
        None => false,
    }
}

/// Whether a tab navigates to this address, not a frame, a script or an image.
pub fn is_navigation(headers: &HeaderMap) -> bool {
    has_only(headers, MODE, "navigate") && has_only(headers, DEST, "document")
}

/// Whether a person sees the answer: a page in a tab or a frame. A browser that doesn't say so asks for
/// HTML first.
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accept = || headers.get(http::header::ACCEPT);
    match only(headers, DEST) {
        Some(dest) => ["document", "iframe", "frame", "fencedframe"]
            .iter()
            .any(|d| dest == d),
        None => accept().is_some_and(|accept| accept.as_bytes().starts_with(b"text/html")),
    }
}

/// Whether the browser prefetches a page that its user may never open.
pub fn is_ahead(headers: &HeaderMap) -> bool {
    PURPOSES.iter().any(|name| headers.contains_key(name))
}

fn has_only(headers: &HeaderMap, name: HeaderName, value: &str) -> bool {
    only(headers, name).is_some_and(|only| only == value)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const OWN: &str = "https://s-a.support.example.net";

    fn allowed(method: &Method, fields: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        admits(method, &headers, OWN)
    }

    const NAVIGATE: (&str, &str) = ("sec-fetch-mode", "navigate");
    const DOCUMENT: (&str, &str) = ("sec-fetch-dest", "document");

    #[test]
    fn a_page_is_for_those_who_see_it() {
        let wants = |fields: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, HeaderValue::from_static(value));
            }
            wants_page(&headers)
        };
        let html = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        for fields in [
            &[DOCUMENT][..],
            &[("sec-fetch-dest", "iframe"), NAVIGATE],
            &[html],
        ] {
            assert!(wants(fields), "{fields:?}");
        }
        for fields in [
            &[][..],
            &[("accept", "*/*")],
            &[("accept", "application/json, text/html")],
            &[("sec-fetch-dest", "empty"), html],
            &[("sec-fetch-dest", "script")],
        ] {
            assert!(!wants(fields), "{fields:?}");
        }
    }

    #[test]
    fn a_page_of_the_same_origin_may_do_everything() {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
            assert!(allowed(&method, &[("sec-fetch-site", "same-origin")]));
            assert!(allowed(&method, &[("origin", OWN)]));
        }
    }

    #[test]
    fn everyone_else_may_lead_a_tab_there_and_nothing_more() {
        for site in ["same-site", "cross-site", "none", "", "Same-Origin"] {
            let site = ("sec-fetch-site", site);
            assert!(allowed(&Method::GET, &[site, NAVIGATE, DOCUMENT]));
            assert!(allowed(&Method::HEAD, &[site, NAVIGATE, DOCUMENT]));
            for method in [Method::POST, Method::OPTIONS, Method::DELETE] {
                assert!(!allowed(&method, &[site, NAVIGATE, DOCUMENT]), "{method}");
            }
            for others in [
                &[site][..],
                &[site, ("origin", OWN)],
                &[site, NAVIGATE],
                &[site, DOCUMENT],
                &[site, NAVIGATE, ("sec-fetch-dest", "iframe")],
                &[site, NAVIGATE, ("sec-fetch-dest", "object")],
                &[site, ("sec-fetch-mode", "no-cors"), DOCUMENT],
                &[site, NAVIGATE, DOCUMENT, NAVIGATE],
            ] {
                assert!(!allowed(&Method::GET, others), "{others:?}");
            }
        }
    }

    #[test]
    fn a_request_that_says_nothing_is_refused() {
        for fields in [
            &[][..],
            &[NAVIGATE, DOCUMENT],
            &[("origin", "null")],
            &[("origin", "https://s-b.support.example.net")],
            &[("origin", "https://s-a.support.example.net:8443")],
            &[("origin", OWN), ("origin", OWN)],
            &[
                ("sec-fetch-site", "same-origin"),
                ("sec-fetch-site", "same-origin"),
            ],
        ] {
            assert!(!allowed(&Method::GET, fields), "{fields:?}");
            assert!(!allowed(&Method::POST, fields), "{fields:?}");
        }
    }
}
