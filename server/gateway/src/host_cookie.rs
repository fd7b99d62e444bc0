//! Cookies that only one host sets and reads.

use cookie::Cookie;
use http::{HeaderMap, HeaderValue, header::COOKIE};
use uuid::Uuid;

use crate::token::Token;

const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// A cookie that holds a token and whose name begins with `__Host-`.
///
/// Only this host can set it, over a secure channel, for all paths (RFC 6265bis §4.1.3.2), so that
/// a sibling can neither read nor plant it. `HttpOnly`: no script reads it. `SameSite=Lax`: it
/// comes with navigations, such as a link in a ticket.
#[derive(Debug, Clone, Copy)]
pub struct HostCookie {
    name: &'static str,
    max_age: Option<u32>,
}

impl HostCookie {
    /// A cookie that the browser forgets when it is closed.
    pub const fn new(name: &'static str) -> Self {
        let max_age = None;
        Self { name, max_age }
    }

    /// The same, kept for this many seconds.
    #[must_use]
    pub const fn for_seconds(self, seconds: u32) -> Self {
        Self {
            max_age: Some(seconds),
            ..self
        }
    }

    /// The values that a request brings, in one field or, on HTTP/2, in several (RFC 9113 §8.2.3).
    /// A malformed cookie hides no other.
    pub fn all(self, headers: &HeaderMap) -> impl Iterator<Item = String> {
        let fields = headers.get_all(COOKIE).iter();
        let texts = fields.map(|field| String::from_utf8_lossy(field.as_bytes()));
        let cookies = texts.flat_map(Cookie::split_parse).filter_map(Result::ok);
        let named = cookies.filter(move |cookie| cookie.name() == self.name);
        named.map(|cookie| cookie.value().to_owned())
    }

    /// The one value that a request brings; `None` without one, or with more than one.
    pub fn only(self, headers: &HeaderMap) -> Option<String> {
        let mut values = self.all(headers);
        values.next().filter(|_| values.next().is_none())
    }

    /// The `Set-Cookie` that keeps a token.
    pub fn keep(self, token: &Token) -> Option<HeaderValue> {
        self.set(token.expose(), self.max_age)
    }

    /// The `Set-Cookie` that keeps an identifier, which is no secret.
    pub fn keep_id(self, id: Uuid) -> Option<HeaderValue> {
        self.set(&id.to_string(), self.max_age)
    }

    /// The `Set-Cookie` that makes the browser forget the token.
    pub fn forget(self) -> Option<HeaderValue> {
        self.set("", Some(0))
    }

    fn set(self, value: &str, max_age: Option<u32>) -> Option<HeaderValue> {
        let max_age = max_age.map(|seconds| format!("; Max-Age={seconds}"));
        let max_age = max_age.unwrap_or_default();
        let text = format!("{}={value}; {ATTRIBUTES}{max_age}", self.name);
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{entropy::SeededEntropy, token::TokenKind};

    const OURS: HostCookie = HostCookie::new("__Host-ours");

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
            (&["a=b; __Host-other=s"], 0),
            (&["a=b;__Host-ours=t"], 1),
            (&["__host-ours=t; x__Host-ours=u"], 0),
            (&["__Host-ours=t; __Host-ours=t"], 2),
            (&["__Host-ours=t", "__Host-ours="], 2),
        ] {
            assert_eq!(OURS.all(&headers(fields)).count(), expected, "{fields:?}");
        }
    }

    #[test]
    fn a_cookie_of_the_platform_that_is_no_text_hides_none_of_ours() {
        let mut headers = HeaderMap::new();
        let field = HeaderValue::from_bytes(b"a=\xe9; __Host-ours=t").unwrap();
        headers.insert(COOKIE, field);
        assert_eq!(OURS.only(&headers).as_deref(), Some("t"));
    }

    #[test]
    fn one_is_taken_only_if_it_is_the_one() {
        let one = headers(&["__Host-ours=s; a=b"]);
        assert_eq!(OURS.only(&one).as_deref(), Some("s"));
        let two = headers(&["__Host-ours=s", "__Host-ours=u"]);
        assert_eq!(OURS.only(&two), None);
    }

    #[test]
    fn it_is_bound_to_its_host_and_hidden_from_scripts_and_logs() {
        let token = Token::generate(TokenKind::BrowserSession, &SeededEntropy::new(1));
        for cookie in [OURS, OURS.for_seconds(600)] {
            let (kept, forgotten) = (cookie.keep(&token).unwrap(), cookie.forget().unwrap());
            assert_eq!(format!("{kept:?}"), "Sensitive");
            assert!(forgotten.to_str().unwrap().ends_with("; Max-Age=0"));
            for value in [kept, forgotten] {
                let text = value.to_str().unwrap();
                assert!(text.starts_with("__Host-ours="), "{text}");
                assert!(text.contains(ATTRIBUTES), "{text}");
                assert!(!text.contains("Domain"), "{text}");
            }
        }
    }
}
