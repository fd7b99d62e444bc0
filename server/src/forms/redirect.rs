//! The redirects of forms.

use app::paths;
use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, LOCATION},
};
use url::form_urlencoded::byte_serialize;

pub(crate) const START: &str = paths::OVERVIEW;
/// The longest path to which a form may redirect, in bytes.
const NEXT_MAX: usize = 4096;

/// The path to which a form asks to be redirected, if it is a page of ours.
///
/// It is ASCII without blanks, so it can be used in a header.
pub(crate) fn local_path(next: &str) -> Option<&str> {
    let is_plain = next.len() <= NEXT_MAX && next.bytes().all(|b| b.is_ascii_graphic());
    paths::local_path(next).filter(|_| is_plain)
}

/// 303: the browser fetches `location`, which is one of our paths.
pub(crate) fn see_other(location: &str) -> Response {
    let location =
        HeaderValue::from_str(location).unwrap_or_else(|_| HeaderValue::from_static(START));
    let no_store = HeaderValue::from_static("no-store");
    let headers = [(LOCATION, location), (CACHE_CONTROL, no_store)];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Redirects to the sign-in, which continues at `page`.
pub(crate) fn sign_in_first(page: &str) -> Response {
    see_other(&sign_in_page(page))
}

/// The sign-in page that continues at `next`.
pub(crate) fn sign_in_page(next: &str) -> String {
    let next: String = byte_serialize(next.as_bytes()).collect();
    format!("{}?next={next}", paths::SIGN_IN)
}

/// `page` with a flash, replacing any other.
pub(crate) fn with_flash(page: &str, id: &str) -> String {
    let page = page.split('#').next().unwrap_or_default();
    let (path, query) = page.split_once('?').unwrap_or((page, ""));
    let query: String = query
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("flash"))
        .flat_map(|pair| [pair, "&"])
        .collect();
    format!("{path}?{query}flash={id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_gone_on_to() {
        for (next, expected) in [
            ("/support", true),
            ("/support?q=a%20b&sort=name", true),
            ("/", true),
            ("", false),
            ("support", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("\\/evil.example", false),
            ("/\t/evil.example", false),
            ("/\n/evil.example", false),
            ("/a\r\nSet-Cookie: a=b", false),
            ("https://evil.example", false),
            ("javascript:alert(1)", false),
            (" /support", false),
            ("/sup port", false),
            ("/ñ", false),
            ("/export/audit?format=jsonl", false),
            ("/support/../export/audit?format=jsonl", false),
            ("/forms/sign-out", false),
        ] {
            assert_eq!(local_path(next).is_some(), expected, "{next:?}");
        }
        assert!(local_path(&format!("/{}", "a".repeat(NEXT_MAX))).is_none());
    }

    #[test]
    fn a_flash_takes_the_place_of_an_older_one() {
        assert_eq!(with_flash("/support", "x"), "/support?flash=x");
        assert_eq!(with_flash("/support?q=a", "x"), "/support?q=a&flash=x");
        assert_eq!(with_flash("/a?flash=y&q=a#top", "x"), "/a?q=a&flash=x");
    }

    #[test]
    fn the_sign_in_leads_back_with_the_whole_query() {
        assert_eq!(
            sign_in_page("/support?q=a&sort=name"),
            "/sign-in?next=%2Fsupport%3Fq%3Da%26sort%3Dname"
        );
    }
}
