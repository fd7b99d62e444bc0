//! Our own tokens where they do not belong: in a URL, which logs, histories and records keep.

use std::borrow::Cow;

use super::HIDDEN;
use crate::token::TokenKind;

/// How many characters of base64url follow a token's prefix: 256 bits.
const SECRET_LENGTH: usize = 43;
/// How often escapes of escapes are undone.
const NESTED: usize = 3;

/// Whether a text holds a token, however often it is escaped.
pub(crate) fn holds_token(text: &str) -> bool {
    let mut reading = Cow::Borrowed(text);
    for _ in 0..NESTED {
        if find(&reading).is_some() {
            return true;
        }
        if !reading.contains('%') {
            return false;
        }
        let undone = percent_encoding::percent_decode_str(&reading).decode_utf8_lossy();
        reading = Cow::Owned(undone.into_owned());
    }
    find(&reading).is_some()
}

/// A text as it may be recorded: only the prefix of each token. Empty if a token is written in
/// escapes.
pub(crate) fn without_tokens(text: &str) -> Cow<'_, str> {
    if !holds_token(text) {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(secret) = find(rest) {
        shown.push_str(&rest[..secret]);
        shown.push_str(HIDDEN);
        rest = &rest[secret + SECRET_LENGTH..];
    }
    shown.push_str(rest);
    if holds_token(&shown) {
        shown = if text.starts_with('/') {
            format!("/{HIDDEN}")
        } else {
            HIDDEN.to_owned()
        };
    }
    Cow::Owned(shown)
}

/// The start of the first token's secret part.
fn find(text: &str) -> Option<usize> {
    let is_secret = |at: &usize| {
        let secret = text.as_bytes().get(*at..*at + SECRET_LENGTH);
        let allowed = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        secret.is_some_and(|secret| secret.iter().all(allowed))
    };
    let of_kind = |kind: TokenKind| {
        let prefix = kind.prefix();
        let mut places = text.match_indices(prefix);
        places.find_map(|(at, _)| Some(at + prefix.len()).filter(is_secret))
    };
    TokenKind::ALL.into_iter().filter_map(of_kind).min()
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
            format!("{first}{last}"),
        ] {
            assert!(holds_token(&text), "{text}");
            assert_eq!(without_tokens(&format!("t={text}")), HIDDEN);
            assert_eq!(without_tokens(&format!("/t/{text}")), format!("/{HIDDEN}"));
        }
    }

    #[test]
    fn what_only_begins_like_one_is_left_alone() {
        for text in ["", "scst_", "a=scst_short", "/v1/scss_styles/100%25", "é%"] {
            assert_eq!(without_tokens(text), text);
        }
    }
}
