//! Our own tokens where they do not belong: what passes on or is recorded ends in logs and histories.

use std::borrow::Cow;

use super::HIDDEN;
use crate::token::TokenKind;

/// How many characters of base64url follow a token's prefix: 256 bits.
const SECRET_LENGTH: usize = 43;
/// How many characters every kind's prefix has.
const PREFIX_LENGTH: usize = 5;
/// How often escapes of escapes are undone. Nothing that nests deeper is believed to hold no token.
const NESTED: usize = 8;

/// Whether a text holds a token, however often it is escaped.
pub(crate) fn holds_token(text: &[u8]) -> bool {
    let mut reading = Cow::Borrowed(text);
    for _ in 0..NESTED {
        if find(&reading).is_some() {
            return true;
        }
        match Cow::from(percent_encoding::percent_decode(&reading)) {
            Cow::Borrowed(_) => return false,
            Cow::Owned(undone) => reading = Cow::Owned(undone),
        }
    }
    true
}

/// A text as it may be recorded or logged: only the prefix of each token, and nothing at all where a
/// token is written in escapes.
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    if !holds_token(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(secret) = find(rest.as_bytes()) {
        shown.push_str(&rest[..secret]);
        shown.push_str(HIDDEN);
        rest = &rest[secret + SECRET_LENGTH..];
    }
    shown.push_str(rest);
    if holds_token(shown.as_bytes()) {
        shown = if text.starts_with('/') {
            format!("/{HIDDEN}")
        } else {
            HIDDEN.to_owned()
        };
    }
    Cow::Owned(shown)
}

/// The start of the first token's secret part.
fn find(text: &[u8]) -> Option<usize> {
    let is_secret = |at: usize| {
        let secret = text.get(at..at + SECRET_LENGTH);
        let allowed = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        secret.is_some_and(|secret| secret.iter().all(allowed))
    };
    let is_prefix = |prefix: &[u8]| {
        let mut kinds = TokenKind::ALL.into_iter();
        // A field's name is in lower case, and a client may write anything in upper case.
        kinds.any(|kind| kind.prefix().as_bytes().eq_ignore_ascii_case(prefix))
    };
    let mut ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'_');
    ends.find_map(|(at, _)| {
        let begin = (at + 1).checked_sub(PREFIX_LENGTH)?;
        (is_prefix(&text[begin..=at]) && is_secret(at + 1)).then_some(at + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{entropy::SeededEntropy, token::Token};

    fn token(kind: TokenKind) -> String {
        let token = Token::generate(kind, &SeededEntropy::new(3));
        token.expose().to_owned()
    }

    #[test]
    fn every_kind_of_token_is_found_and_hidden() {
        for kind in TokenKind::ALL {
            let token = token(kind);
            let text = format!("a={token}&b={token}{token}&c");
            let shown = without_tokens(&text);
            let hidden = format!("{}{HIDDEN}", kind.prefix());
            assert_eq!(shown, format!("a={hidden}&b={hidden}{hidden}&c"));
        }
    }

    #[test]
    fn one_that_is_escaped_is_found_and_nothing_of_it_is_shown() {
        let token = token(TokenKind::SupportSession);
        let (first, last) = token.split_at(token.len() - 1);
        let last = format!("%{:02X}", last.as_bytes()[0]);
        for text in [
            token.replacen('s', "%73", 1),
            token.replacen('s', "%2573", 1),
            token.replacen('s', &format!("%{}73", "25".repeat(30)), 1),
            format!("{first}{last}"),
        ] {
            assert!(holds_token(text.as_bytes()), "{text}");
            assert_eq!(without_tokens(&format!("t={text}")), HIDDEN);
            assert_eq!(without_tokens(&format!("/t/{text}")), format!("/{HIDDEN}"));
        }
    }

    #[test]
    fn every_prefix_is_as_long_as_is_looked_for() {
        for kind in TokenKind::ALL {
            assert_eq!(kind.prefix().len(), PREFIX_LENGTH);
        }
    }

    #[test]
    fn what_only_begins_like_one_is_left_alone() {
        for text in ["", "scst_", "a=scst_short", "/v1/scss_styles/100%25", "é%"] {
            assert_eq!(without_tokens(text), text);
        }
    }
}
