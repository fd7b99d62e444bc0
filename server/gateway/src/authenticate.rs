//! Who makes this request: exactly one bearer token of a support session.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use app::domain::Timestamp;
use chrono::TimeDelta;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

use crate::token::{Token, TokenKind};

/// Takes the support token from a request's header.
///
/// An `Authorization` field with the scheme `Bearer` (RFC 6750 §2.1), the scheme in any case
/// (RFC 9110 §11.1). Tokens in queries and bodies are not looked for. Of several fields it is the
/// first with a support token: such a request is never let through, but whose it is gets recorded.
pub(super) fn support_token(headers: &HeaderMap) -> Option<Token> {
    headers.get_all(AUTHORIZATION).iter().find_map(token_of)
}

fn token_of(value: &HeaderValue) -> Option<Token> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = Token::parse(token).ok()?;
    (scheme.eq_ignore_ascii_case("bearer") && token.kind() == TokenKind::SupportSession)
        .then_some(token)
}

/// Lets one log line through in a while, and counts those it held back: an outsider can't fill the
/// disk with unknown tokens.
#[derive(Debug)]
pub(super) struct LogLimit {
    every: TimeDelta,
    last: Mutex<Option<Timestamp>>,
    held_back: AtomicU64,
}

impl LogLimit {
    pub(super) const fn new(every: TimeDelta) -> Self {
        Self {
            every,
            last: Mutex::new(None),
            held_back: AtomicU64::new(0),
        }
    }

    /// If a line may be written now: how many were held back since the last.
    pub(super) fn pass(&self, now: Timestamp) -> Option<u64> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock set back lets a line through rather than none for hours.
        let due = last.is_none_or(|last| now - last >= self.every || now < last);
        if due {
            *last = Some(now);
            Some(self.held_back.swap(0, Ordering::Relaxed))
        } else {
            self.held_back.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    fn token(kind: TokenKind) -> String {
        Token::generate(kind, &SeededEntropy::new(3))
            .expose()
            .into()
    }

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn one_bearer_token_in_any_case_of_the_scheme_is_taken() {
        let token = token(TokenKind::SupportSession);
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let found = support_token(&headers(&[&format!("{scheme} {token}")]));
            assert_eq!(found.unwrap().expose(), token);
        }
    }

    #[test]
    fn of_several_fields_the_first_support_token_tells_whose_request_is_refused() {
        let token = token(TokenKind::SupportSession);
        let bearer = format!("Bearer {token}");
        let bearer = bearer.as_str();
        for values in [
            [bearer, bearer],
            [bearer, "Basic YTpi"],
            ["Basic YTpi", bearer],
        ] {
            assert_eq!(support_token(&headers(&values)).unwrap().expose(), token);
        }
    }

    #[test]
    fn everything_else_is_nobody() {
        let token = token(TokenKind::SupportSession);
        let key = format!("Bearer {}", self::token(TokenKind::PlatformKey));
        for values in [
            vec![],
            vec![token.clone()],
            vec!["Bearer".into()],
            vec!["Bearer ".into()],
            vec![key],
            vec![format!("Bearer  {token}")],
            vec![format!("Bearer {token} ")],
            vec![format!("Bearer {token},Bearer {token}")],
            vec![format!("Basic {token}")],
            vec![format!("Bearer\t{token}")],
        ] {
            let refs: Vec<_> = values.iter().map(String::as_str).collect();
            assert!(support_token(&headers(&refs)).is_none(), "{values:?}");
        }
    }

    #[test]
    fn the_log_is_limited_and_says_how_many_lines_were_held_back() {
        let limit = LogLimit::new(TimeDelta::seconds(1));
        let start = chrono::DateTime::UNIX_EPOCH;
        assert_eq!(limit.pass(start), Some(0));
        assert_eq!(limit.pass(start), None);
        assert_eq!(limit.pass(start + TimeDelta::milliseconds(999)), None);
        assert_eq!(limit.pass(start + TimeDelta::seconds(1)), Some(2));
    }
}
