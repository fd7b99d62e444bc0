//! Our two cookies at a session's host, and the platform's cookies that its scripts may write.

use http::{HeaderMap, header::COOKIE};

use crate::{
    host_cookie::HostCookie,
    token::{Token, TokenKind, holds_token},
};

/// How long a value that a script has written may be (RFC 6265bis §5.6).
const MAX_WRITTEN: usize = 4096;

/// The credential of a browser's requests. It has no `Max-Age`, because the support session itself
/// ends.
pub(crate) const SESSION: HostCookie = HostCookie::new("__Host-support-session");
/// Binds an entry to the browser that began it. It lasts as long as signing in to the console on
/// the way may take.
pub(super) const STATE: HostCookie = HostCookie::new("__Host-support-entry").for_seconds(600);

/// The token in the first cookie of a session. A request with two is refused, but recorded in the
/// session of the first.
pub(crate) fn session(headers: &HeaderMap) -> Option<Token> {
    token(&SESSION.all(headers).next()?, TokenKind::BrowserSession)
}

/// The state of an entry, if there is exactly one.
pub(super) fn state(headers: &HeaderMap) -> Option<Token> {
    token(&STATE.only(headers)?, TokenKind::EntryState)
}

/// The cookies with these names that a browser sends once. Of two with the same name, a sibling
/// host may have set one, and the browser doesn't say which.
pub(super) fn written(headers: &HeaderMap, names: &[String]) -> Vec<(String, String)> {
    let mut written: Vec<(String, String)> = Vec::new();
    if names.is_empty() {
        return written;
    }
    let fields = headers.get_all(COOKIE).iter();
    let fields = fields.filter_map(|field| std::str::from_utf8(field.as_bytes()).ok());
    let pairs: Vec<_> = fields
        .flat_map(|field| field.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .collect();
    for name in names {
        let mut found = pairs.iter().filter(|(found, _)| found == name);
        if let (Some((_, value)), None) = (found.next(), found.next())
            && value.len() <= MAX_WRITTEN
            && is_plain(value)
            && !holds_token(value.as_bytes())
        {
            written.push((name.clone(), (*value).to_owned()));
        }
    }
    written
}

/// Whether every reader sees the same value (RFC 6265 §4.1.1). An open quote would swallow the
/// cookies that follow.
fn is_plain(value: &str) -> bool {
    let quoted = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    let mut bytes = quoted.unwrap_or(value).bytes();
    bytes.all(|b| b.is_ascii_graphic() && !b"\",;\\".contains(&b))
}

fn token(text: &str, kind: TokenKind) -> Option<Token> {
    let token = Token::parse(text).ok()?;
    (token.kind() == kind).then_some(token)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn what_scripts_have_written_is_taken_if_it_is_there_once() {
        let token = Token::generate(TokenKind::SupportSession, &SeededEntropy::new(1));
        let mut headers = HeaderMap::new();
        let cookies = format!(
            "csrf=a; two=1; other=x; own={}; two=2; open=\"a; wide=\"b\"",
            token.expose()
        );
        headers.insert(COOKIE, HeaderValue::from_str(&cookies).unwrap());
        headers.append(COOKIE, HeaderValue::from_static("later=b"));
        let names = ["csrf", "two", "own", "later", "none", "open", "wide"].map(str::to_owned);
        let written = written(&headers, &names);
        let taken = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            written,
            [
                taken("csrf", "a"),
                taken("later", "b"),
                taken("wide", "\"b\"")
            ]
        );
    }

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
