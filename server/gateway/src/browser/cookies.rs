//! Our two cookies at a session's host.

use http::HeaderMap;

use crate::{
    host_cookie::HostCookie,
    token::{Token, TokenKind},
};

/// Holds what a request is let through by. Without `Max-Age`: the support session is what ends.
pub(crate) const SESSION: HostCookie = HostCookie::new("__Host-support-session");
/// Holds what binds an entry to the browser that began it, for as long as signing in to the console on
/// the way may take.
pub(super) const STATE: HostCookie = HostCookie::new("__Host-support-entry").for_seconds(600);

/// The token in the first cookie of a session. A request with two is never let through, but it is
/// recorded in the session of the first.
pub(crate) fn session(headers: &HeaderMap) -> Option<Token> {
    token(&SESSION.all(headers).next()?, TokenKind::BrowserSession)
}

/// The state of an entry, if there is exactly one.
pub(super) fn state(headers: &HeaderMap) -> Option<Token> {
    token(&STATE.only(headers)?, TokenKind::EntryState)
}

fn token(text: &str, kind: TokenKind) -> Option<Token> {
    let token = Token::parse(text).ok()?;
    (token.kind() == kind).then_some(token)
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header::COOKIE};

    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn a_state_is_taken_only_if_it_is_the_one() {
        let mut headers = HeaderMap::new();
        let kept = [1, 2].map(|seed| {
            let token = Token::generate(TokenKind::EntryState, &SeededEntropy::new(seed));
            format!("__Host-support-entry={}", token.expose())
        });
        headers.insert(COOKIE, HeaderValue::from_str(&kept[0]).unwrap());
        assert!(kept[0].ends_with(state(&headers).unwrap().expose()));
        headers.append(COOKIE, HeaderValue::from_str(&kept[1]).unwrap());
        assert!(state(&headers).is_none());
    }
}
