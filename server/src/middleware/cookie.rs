//! The cookie that holds a staff session's token.
//!
//! `__Host-`: only this host can set it, over a secure channel, for all paths. `HttpOnly`: no
//! script reads it. `SameSite=Lax` and not `Strict`: a link in a ticket opens the page for a
//! signed-in person, not the sign-in. Requests that change something are guarded by `same_origin`,
//! which is stricter than either. No `Max-Age`: the browser forgets it when it is closed, and the
//! server enforces the limits.

use gateway::{HostCookie, token::Token};
use http::{HeaderMap, HeaderValue};

const COOKIE: HostCookie = HostCookie::new("__Host-support-console");

/// Finds what was typed in the browser before a sign-in.
pub const TYPED: HostCookie = HostCookie::new("__Host-support-typed").for_seconds(900);

/// Means nothing itself: every visitor of the sign-in gets it, so a browser without it keeps no
/// cookies.
pub const VISITED: HostCookie = HostCookie::new("__Host-support-visited");

/// Marks a sign-in that has just begun.
pub const BEGUN: HostCookie = HostCookie::new("__Host-support-begun").for_seconds(10);

/// Names the browser's time zone. A script sets it. It is no secret, and a wrong one only moves the days of its own filters.
pub const ZONE: HostCookie = HostCookie::new("__Host-support-zone");

/// Names the support session whose tenant a person wants to enter, from a page of ours.
pub const ENTERING: HostCookie = HostCookie::new("__Host-support-entering").for_seconds(60);

/// The token in a request; `None` without one, or with more than one.
pub fn token_of(headers: &HeaderMap) -> Option<String> {
    COOKIE.only(headers)
}

/// Whether a request has a token, or something in its place.
pub fn has_token(headers: &HeaderMap) -> bool {
    COOKIE.all(headers).next().is_some()
}

/// The `Set-Cookie` that keeps a token.
pub fn keep(token: &Token) -> Option<HeaderValue> {
    COOKIE.keep(token)
}

/// The `Set-Cookie` that makes the browser forget the token.
pub fn forget() -> Option<HeaderValue> {
    COOKIE.forget()
}

#[cfg(test)]
mod tests {
    use gateway::{entropy::SeededEntropy, token::TokenKind};
    use http::header;

    use super::*;

    fn headers(fields: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(header::COOKIE, HeaderValue::from_str(field).unwrap());
        }
        headers
    }

    #[test]
    fn exactly_one_cookie_of_our_name_is_taken() {
        for (fields, expected) in [
            (&[][..], None),
            (&["a=b"], None),
            (&["__Host-support-console=t"], Some("t")),
            (&["a=b; __Host-support-console=t; c=d"], Some("t")),
            (&["a=b", "__Host-support-console=t"], Some("t")),
            (&["__host-support-console=t"], None),
            (&["x__Host-support-console=t"], None),
            (
                &["__Host-support-console=t; __Host-support-console=u"],
                None,
            ),
            (
                &["__Host-support-console=t", "__Host-support-console=t"],
                None,
            ),
        ] {
            assert_eq!(
                token_of(&headers(fields)).as_deref(),
                expected,
                "{fields:?}"
            );
        }
    }

    #[test]
    fn a_cookie_of_another_program_on_this_host_signs_nobody_out() {
        // What Latin-1, UTF-8 and broken programs leave for `localhost`.
        for other in [
            &b"city=Z\xc3\xbcrich"[..],
            b"city=Z\xfcrich",
            b"\xff\xfe=\x80",
            b"\xe9",
            b"a=\"b",
            b"a={\"b\":1,\"c\":2}",
            b"=",
            b"",
        ] {
            for (before, after) in [(true, false), (false, true), (true, true)] {
                let mut field = Vec::new();
                for (part, is_there) in [
                    (other, before),
                    (b"__Host-support-console=t", true),
                    (other, after),
                ] {
                    if is_there {
                        field.extend_from_slice(part);
                        field.extend_from_slice(b"; ");
                    }
                }
                let value = HeaderValue::from_bytes(&field).unwrap();
                let headers = HeaderMap::from_iter([(header::COOKIE, value)]);
                assert_eq!(token_of(&headers).as_deref(), Some("t"), "{field:?}");
            }
        }
    }

    #[test]
    fn the_cookie_is_bound_to_this_host_and_hidden_from_scripts_and_logs() {
        let token = Token::generate(TokenKind::StaffSession, &SeededEntropy::new(1));
        let value = keep(&token).unwrap();
        let text = value.to_str().unwrap();
        assert_eq!(
            text,
            format!(
                "__Host-support-console={}; Path=/; Secure; HttpOnly; SameSite=Lax",
                token.expose()
            )
        );
        assert!(!format!("{value:?}").contains("scss_"));
        assert!(!text.contains("Domain"));
        let forgotten = forget().unwrap();
        let attributes = "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0";
        assert!(forgotten.to_str().unwrap().ends_with(attributes));
    }
}
