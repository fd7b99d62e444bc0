//! The cookie that holds a staff session's token.
//!
//! `__Host-`: only this host can set it, over a secure channel, for all paths. `HttpOnly`: no
//! script reads it. `SameSite=Lax` and not `Strict`: a link in a ticket leads a signed-in person to
//! the page, not to the sign-in; what changes state is guarded by `same_origin`, which asks for more
//! than either. No `Max-Age`: the browser forgets it when it is closed, and the limits that count are
//! the server's.

use gateway::token::Token;
use http::{HeaderMap, HeaderValue, header::COOKIE};

/// The cookie's name.
pub const NAME: &str = "__Host-support-console";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// The token that a request brings; `None` without one, or with more than one.
pub fn token_of(headers: &HeaderMap) -> Option<&str> {
    let mut tokens = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == NAME)
        .map(|(_, token)| token);
    tokens.next().filter(|_| tokens.next().is_none())
}

/// The `Set-Cookie` that keeps a token.
pub fn keep(token: &Token) -> Option<HeaderValue> {
    let mut value =
        HeaderValue::from_str(&format!("{NAME}={}; {ATTRIBUTES}", token.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The `Set-Cookie` that makes the browser forget the token.
pub fn forget() -> HeaderValue {
    HeaderValue::from_static(
        "__Host-support-console=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
    )
}

#[cfg(test)]
mod tests {
    use gateway::{entropy::SeededEntropy, token::TokenKind};

    use super::*;

    fn headers(fields: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(COOKIE, HeaderValue::from_str(field).unwrap());
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
            assert_eq!(token_of(&headers(fields)), expected, "{fields:?}");
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
        assert!(forget().to_str().unwrap().contains(ATTRIBUTES));
    }
}
