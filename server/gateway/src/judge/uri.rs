//! Characters and escapes of request targets (RFC 3986), and what can be wrong with a target.

/// Why a target is not canonical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// The target is longer than [`MAX_TARGET_LENGTH`](super::canonical::MAX_TARGET_LENGTH).
    #[error("the request target is longer than 8192 bytes: send long parameters in a body")]
    TooLong,
    /// Absolute-form, authority-form, asterisk-form or nothing.
    #[error(
        "the request target must begin with '/', or be an http or https address of exactly the host in Host"
    )]
    NotOriginForm,
    /// A `#` in the target.
    #[error("a fragment does not belong in a request target")]
    Fragment,
    /// `//` in the path.
    #[error("the path has an empty segment: write one '/' for several")]
    EmptySegment,
    /// `.` or `..`, in whichever spelling.
    #[error("the path has a dot segment: send the path that is meant, without '.' and '..'")]
    DotSegment,
    /// A raw character that a path may not have.
    #[error("the path has a character that must be percent-encoded or is not allowed")]
    Character,
    /// An escape that is not `%` and two upper-case hexadecimal digits.
    #[error(
        "a percent escape must be '%' and two upper-case hexadecimal digits: write a '%' itself as '%25'"
    )]
    Escape,
    /// An escape of an unreserved character.
    #[error("a character that needs no percent-encoding is percent-encoded: write it as it is")]
    NeedlessEscape,
    /// An escape of `/`, `\`, `;`, `%` or a control character.
    #[error("the path has an escaped '/', '\\', ';', '%' or control character")]
    ForbiddenEscape,
    /// The escaped bytes of a segment are not UTF-8.
    #[error("the path is not UTF-8: percent-encode its text as UTF-8")]
    NotUtf8,
    /// An escaped NUL, CR or LF in some reading of an odd path.
    #[error("the path has an escaped line break or NUL: remove it")]
    LineBreak,
    /// An odd path with more readings than are tried.
    #[error("the path can be read in too many ways: write it with fewer escapes")]
    TooManyReadings,
    /// The query has a character that must be escaped, or an escaped NUL.
    #[error("the query has a character that must be percent-encoded or is not allowed")]
    Query,
}

/// The byte of two hexadecimal digits, and whether they are upper case.
pub(super) fn escape(digits: &[u8]) -> Option<(u8, bool)> {
    let [high, low, ..] = digits else { return None };
    let value = |digit: &u8| char::from(*digit).to_digit(16);
    let byte = u8::try_from(value(high)? * 16 + value(low)?).ok()?;
    let canonical = !high.is_ascii_lowercase() && !low.is_ascii_lowercase();
    Some((byte, canonical))
}

/// Whether each `%` of a path is an escape. Only then its spellings are equivalent for all readers.
pub(super) fn has_sound_escapes(path: &[u8]) -> bool {
    let mut parts = path.split(|b| *b == b'%').skip(1);
    parts.all(|part| escape(part).is_some())
}

/// A text with its escapes of the form `%u0041` decoded, as some servers do.
pub(super) fn wide_escapes_undone(text: &str) -> String {
    rare_escapes_undone(text, |digits, is_wide| {
        is_wide && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// A text with these escapes decoded, and those of ASCII that only Jetty 9 knows: it calculates with other
/// characters as if they were digits, so `%6=` is `%6D`.
pub(super) fn loose_escapes_undone(text: &str) -> String {
    rare_escapes_undone(text, |_, _| true)
}

/// A text without the escapes whose digits are accepted and are no usual escape.
fn rare_escapes_undone(text: &str, accepts: impl Fn(&str, bool) -> bool) -> String {
    let mut undone = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        undone.push_str(before);
        let is_wide = after.starts_with(['u', 'U']);
        let (begin, end) = if is_wide { (1, 5) } else { (0, 2) };
        let digits = after.get(begin..end);
        let digits =
            digits.filter(|digits| escape(after.as_bytes()).is_none() && accepts(digits, is_wide));
        let code = digits.and_then(loose_number);
        rest = match code.filter(|code| is_wide || *code < 0x80) {
            Some(code) => {
                undone.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                &after[end..]
            }
            None => {
                undone.push('%');
                after
            }
        };
    }
    undone.push_str(rest);
    undone
}

/// The number of hexadecimal digits, for Jetty 9: `:` to `?`, `@` and the grave accent are digits too.
fn loose_number(digits: &str) -> Option<u32> {
    digits.chars().try_fold(0, |number, c| {
        let digit = match c {
            '0'..='?' => u32::from(c) - 0x30,
            '@'..='F' => u32::from(c) - 0x40 + 9,
            '`'..='f' => u32::from(c) - 0x60 + 9,
            _ => return None,
        };
        Some((number << 4) | digit)
    })
}

/// Whether some reader sees a decoded segment as `.` or `..`: one that splits off a query after
/// decoding, or that trims.
pub(super) fn is_dots(segment: &str) -> bool {
    let place = segment.split(['?', '#']).next().unwrap_or_default();
    let place = place.trim_matches(|c: char| c.is_whitespace() || c == '+');
    matches!(place, "." | "..")
}

/// RFC 3986 §2.3.
pub(super) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// `pchar` of RFC 3986 §3.3 without `;` and escapes.
pub(super) const fn is_path_char(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(
            byte,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':' | b'@'
        )
}
