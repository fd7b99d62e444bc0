//! Finds our own tokens in places where they must not be, because what is forwarded or recorded
//! ends up in logs and histories.

use std::{borrow::Cow, ops::Range};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::HeaderValue;

use super::TokenKind;

/// The replacement for a hidden part in a record. It is canonical in a path.
pub(crate) const HIDDEN: &str = "(hidden)";

/// With at least this many characters of base64url after a prefix, it is a token, or enough of one.
const SECRET_MIN: usize = 32;
/// The length of 256 bits in base64url.
const SECRET_LENGTH: usize = 43;
/// The length of every kind's prefix.
const PREFIX_LENGTH: usize = 5;
/// How many levels of escapes are decoded. A text with deeper ones is treated as if it held a
/// token.
const NESTED: usize = 8;

/// Whether a text holds a token, however often it is escaped.
pub(crate) fn holds_token(text: &[u8]) -> bool {
    holds_one_of(text, &TokenKind::ALL)
}

/// Whether a text holds a credential of a support session, however often it is escaped.
pub(crate) fn holds_support_token(text: &[u8]) -> bool {
    holds_one_of(
        text,
        &[TokenKind::SupportSession, TokenKind::BrowserSession],
    )
}

/// Whether the value of an `Authorization` field holds a token, also inside `Basic` (RFC 7617 §2).
pub(crate) fn credential_holds_token(value: &HeaderValue) -> bool {
    let value = value.as_bytes();
    if holds_token(value) {
        return true;
    }
    let encoded = value.split(u8::is_ascii_whitespace).next_back();
    let decoded = encoded.and_then(|encoded| FORGIVING.decode(encoded).ok());
    decoded.is_some_and(|decoded| holds_token(&decoded))
}

/// Decodes as careless readers do, with or without padding.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn holds_one_of(text: &[u8], kinds: &[TokenKind]) -> bool {
    let mut reading = Cow::Borrowed(text);
    for _ in 0..NESTED {
        if find(&reading, kinds).is_some() {
            return true;
        }
        if !reading.contains(&b'%') {
            return false;
        }
        let (undone, loose) = undone(&reading);
        if find(&loose, kinds).is_some() {
            return true;
        }
        if undone == *reading {
            return false;
        }
        reading = Cow::Owned(undone);
    }
    true
}

/// A text with its escapes decoded once, including `%u0073`, which some servers know. And the text
/// without any `%` that escapes nothing, as some parsers read it.
fn undone(text: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut undone, mut loose) = (
        Vec::with_capacity(text.len()),
        Vec::with_capacity(text.len()),
    );
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'%' {
            undone.push(*byte);
            loose.push(*byte);
            continue;
        }
        let (digits, is_wide) = match tail {
            [b'u' | b'U', digits @ ..] => (digits.get(..4), true),
            digits => (digits.get(..2), false),
        };
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code {
            None => undone.push(b'%'),
            Some(code) => {
                let length = if is_wide { 5 } else { 2 };
                // Tokens are ASCII. Any other character just can't be part of one.
                undone.push(u8::try_from(code).unwrap_or(b'?'));
                loose.push(b'%');
                loose.extend_from_slice(&tail[..length]);
                rest = &tail[length..];
            }
        }
    }
    (undone, loose)
}

/// A text, safe for record and log: only the prefix of each token, and nothing of the text if a
/// token is escaped.
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    if !holds_token(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    let mut goes_on = false;
    while let Some(secret) = find(rest.as_bytes(), &TokenKind::ALL) {
        shown.push_str(&rest[..secret.start]);
        shown.push_str(HIDDEN);
        rest = &rest[secret.end..];
        goes_on |= rest.starts_with('%');
    }
    shown.push_str(rest);
    // If a token continues in escapes, its end is not known.
    if goes_on || holds_token(shown.as_bytes()) {
        shown = if text.starts_with('/') {
            format!("/{HIDDEN}")
        } else {
            HIDDEN.to_owned()
        };
    }
    Cow::Owned(shown)
}

/// The secret part of the first token, as far as its characters are valid.
fn find(text: &[u8], kinds: &[TokenKind]) -> Option<Range<usize>> {
    let is_secret = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let mut ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'_');
    ends.find_map(|(at, _)| {
        let (begin, secret) = ((at + 1).checked_sub(PREFIX_LENGTH)?, at + 1);
        let prefix = &text[begin..secret];
        let kind = kinds
            .iter()
            .find(|kind| kind.prefix().as_bytes() == prefix)?;
        // Within another word it is no token: names of files have `module_scss_`.
        let is_within = |b: &u8| match kind {
            TokenKind::StaffSession => is_secret(b),
            _ => b.is_ascii_alphanumeric(),
        };
        let before = begin.checked_sub(1).and_then(|before| text.get(before));
        let length = text[secret..].iter().take_while(|b| is_secret(b)).count();
        let run = &text[secret..secret + length];
        let is_token = match before.is_some_and(is_within) {
            // Other escapes than percent-encoding end in letters: `\u003d`, `=3D`, `\n`.
            true => *kind != TokenKind::StaffSession && looks_random(run),
            false => length >= SECRET_MIN,
        };
        is_token.then(|| secret..secret + length)
    })
}

/// Whether base64url characters are as many and as mixed as in a token. Words rarely are.
fn looks_random(run: &[u8]) -> bool {
    let has = |is: fn(&u8) -> bool| run.iter().any(is);
    run.len() >= SECRET_LENGTH
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
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
            assert_eq!(shown, format!("a={hidden}&b={hidden}&c"));
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
            token.replacen('s', "%u0073", 1),
            token.replacen('s', "%U0073", 1),
            token.replacen('s', "%25u0073", 1),
            token.replacen("sc", "s%c", 1),
            token.replacen("st_", "s%t_", 1),
            token.replacen("st_", "s%t%5F", 1),
            format!("%&a={}", token.replacen('s', "%u0073", 1)),
            format!("{}%{}", &token[..20], &token[20..]),
            token.replacen('s', &format!("%{}73", "25".repeat(30)), 1),
            format!("{first}{last}"),
        ] {
            assert!(holds_token(text.as_bytes()), "{text}");
            assert_eq!(without_tokens(&format!("t={text}")), HIDDEN);
            assert_eq!(without_tokens(&format!("/t/{text}")), format!("/{HIDDEN}"));
        }
    }

    #[test]
    fn most_of_a_token_is_hidden_like_the_whole_and_so_is_what_follows() {
        let token = token(TokenKind::SupportSession);
        let cut = &token[..token.len() - 1];
        assert_eq!(without_tokens(cut), "scst_(hidden)");
        let misaligned = format!("/x?a=scst_{}{token}", "A".repeat(38));
        assert_eq!(without_tokens(&misaligned), "/x?a=scst_(hidden)");
        assert!(holds_token(format!("a%3D{token}").as_bytes()));
        assert!(holds_token(token.to_lowercase().as_bytes()));
    }

    #[test]
    fn one_that_follows_an_escape_of_another_kind_is_found() {
        let token = token(TokenKind::SupportSession);
        for before in [
            r"access_token\u003d",
            "access_token=3D",
            r"\n",
            r"\t",
            "%5Cu003d",
        ] {
            let text = format!("{before}{token}");
            assert!(holds_token(text.as_bytes()), "{before}");
            assert!(
                !without_tokens(&text).contains(&token[PREFIX_LENGTH..]),
                "{before}"
            );
        }
    }

    #[test]
    fn an_ordinary_name_is_no_token() {
        let long = "src_components_Button_Button_module_and_more";
        for text in [
            format!("/static/js/src_Button_module_scss_{long}-chunk.js"),
            format!("x-scss_{long}"),
            format!("descst_{long}"),
            format!("SCST_{long}"),
        ] {
            assert!(!holds_token(text.as_bytes()), "{text}");
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
