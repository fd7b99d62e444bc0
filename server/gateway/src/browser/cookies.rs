//! Our two cookies at a session's host.
//!
//! `__Host-`: only this very host sets them, over a secure channel, for all paths (RFC 6265bis
//! §4.1.3.2), so that a sibling can neither read nor plant them. `HttpOnly`: no script of the platform
//! reads them. `SameSite=Lax`: they come with navigations, which the way in is made of. No `Max-Age`
//! on the session's: the support session is what ends.

use http::{HeaderMap, HeaderValue, header::COOKIE};

use crate::token::Token;

/// Holds what a request is let through by.
const SESSION: &str = "__Host-support-session";
/// Holds what binds an entry to the browser that began it.
const STATE: &str = "__Host-support-entry";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";
/// How long one may take to sign in to the console on the way, in seconds.
const STATE_SECONDS: u32 = 600;

/// How many cookies of a session a request brings.
pub(crate) fn count_sessions(headers: &HeaderMap) -> usize {
    values(headers, SESSION).count()
}

/// The first cookie of a session. A request with two is never let through; whose it is gets recorded.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    values(headers, SESSION).next().and_then(text)
}

/// The state of an entry, if there is exactly one.
pub(super) fn state(headers: &HeaderMap) -> Option<&str> {
    let mut states = values(headers, STATE);
    let first = states.next();
    first.filter(|_| states.next().is_none()).and_then(text)
}

fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}

/// In one field or, on HTTP/2, in several (RFC 9113 §8.2.3).
fn values<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
    headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|field| field.as_bytes().split(|b| *b == b';'))
        .filter_map(move |pair| {
            let rest = pair.trim_ascii().strip_prefix(name.as_bytes())?;
            rest.strip_prefix(b"=")
        })
}

/// The `Set-Cookie` that keeps a session's token.
pub(super) fn keep_session(token: &Token) -> Option<HeaderValue> {
    secret(&format!("{SESSION}={}; {ATTRIBUTES}", token.expose()))
}

/// The `Set-Cookie` that keeps the state of an entry for as long as one may take.
pub(super) fn keep_state(token: &Token) -> Option<HeaderValue> {
    secret(&format!(
        "{STATE}={}; {ATTRIBUTES}; Max-Age={STATE_SECONDS}",
        token.expose()
    ))
}

/// The `Set-Cookie` that makes the browser forget the session.
pub(super) fn forget_session() -> HeaderValue {
    HeaderValue::from_static(
        "__Host-support-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
    )
}

/// The `Set-Cookie` that makes the browser forget the state.
pub(super) fn forget_state() -> HeaderValue {
    HeaderValue::from_static(
        "__Host-support-entry=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
    )
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{entropy::SeededEntropy, token::TokenKind};

    fn headers(fields: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(COOKIE, HeaderValue::from_str(field).unwrap());
        }
        headers
    }

    #[test]
    fn cookies_are_counted_across_fields() {
        for (fields, expected) in [
            (&[][..], 0),
            (&["a=b; __Host-support-entry=s"], 0),
            (&["a=b;__Host-support-session=t"], 1),
            (&["__host-support-session=t; x__Host-support-session=u"], 0),
            (&["__Host-support-session=t; __Host-support-session=t"], 2),
            (&["__Host-support-session=t", "__Host-support-session="], 2),
        ] {
            assert_eq!(count_sessions(&headers(fields)), expected, "{fields:?}");
        }
    }

    #[test]
    fn a_cookie_of_the_platform_that_is_no_text_hides_none_of_ours() {
        let mut headers = HeaderMap::new();
        let field = HeaderValue::from_bytes(b"a=\xe9; __Host-support-session=t").unwrap();
        headers.insert(COOKIE, field);
        assert_eq!(session(&headers), Some("t"));
    }

    #[test]
    fn a_state_is_taken_only_if_it_is_the_one() {
        let one = headers(&["__Host-support-entry=s; a=b"]);
        assert_eq!(state(&one), Some("s"));
        let two = headers(&["__Host-support-entry=s", "__Host-support-entry=u"]);
        assert_eq!(state(&two), None);
    }

    #[test]
    fn both_are_bound_to_their_host_and_hidden_from_scripts_and_logs() {
        let entropy = SeededEntropy::new(1);
        let token = |kind| Token::generate(kind, &entropy);
        let session = keep_session(&token(TokenKind::BrowserSession)).unwrap();
        let state = keep_state(&token(TokenKind::EntryState)).unwrap();
        assert_eq!(format!("{session:?}{state:?}"), "SensitiveSensitive");
        for value in [session, state, forget_session(), forget_state()] {
            let text = value.to_str().unwrap();
            assert!(text.starts_with("__Host-support-"), "{text}");
            assert!(text.contains(ATTRIBUTES), "{text}");
            assert!(!text.contains("Domain"), "{text}");
        }
    }
}
