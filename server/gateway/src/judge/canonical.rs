//! One canonical form of the request target: the same bytes are checked, recorded and forwarded.
//!
//! A target in another form is refused, except that the gateway corrects needless and lower-case
//! escapes of targets that it forwards itself (`spelling`). Canonical is:
//!
//! - origin-form (RFC 9112 §3.2.1); asterisk-form is refused like the others
//! - segments of `pchar` (RFC 3986 §3.3) without `;`, none of them empty except the last, none of
//!   them `.` or `..`
//! - a percent escape has upper-case digits, encodes a character that needs encoding (unreserved
//!   characters are never escaped), and is not `/`, `\`, `;`, `%`, a control character
//! - the escaped bytes of each segment are UTF-8
//! - the query, where there is one, has only characters of RFC 3986 §3.4 and those that browsers
//!   leave unescaped, among them `%` without digits, no raw control characters and no escaped NUL; it
//!   never takes part in path matching
//!
//! An odd path ([`CanonicalTarget::parse_odd`]) is canonical too, but can be read in several ways. It
//! passes only if every reading is permitted. Its sound escapes have upper-case digits, and none is
//! needless unless some `%` escapes nothing.

use std::fmt;

use super::{
    readings::{self, EMPTY_SEGMENT},
    uri::{escape, is_dots, is_path_char, is_unreserved},
};

pub use super::uri::NotCanonical;

/// The longest request target, in bytes.
pub const MAX_TARGET_LENGTH: usize = 8192;

/// A request target in canonical form.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalTarget {
    text: String,
    /// Length of the path; the rest, if any, is `?` and the query.
    path: usize,
    /// The readings of an odd path.
    readings: Vec<String>,
}

impl CanonicalTarget {
    /// Accepts the bytes of a request target if they are canonical.
    ///
    /// # Errors
    ///
    /// If the target can be read in two ways.
    pub fn parse(target: &[u8]) -> Result<Self, NotCanonical> {
        Self::with(target, |path| check_path(path).map(|()| Vec::new()))
    }

    /// Accepts the bytes of a request target if they are canonical, or odd only in their path: with
    /// parameters, empty segments, `[`, `]`, `|`, `^`, a `%` that escapes nothing, or escapes of `/`, `\`,
    /// `;`, `%`, control characters and bytes that are not UTF-8.
    ///
    /// # Errors
    ///
    /// If the target can be read in two ways, whatever the rules say.
    pub fn parse_odd(target: &[u8]) -> Result<Self, NotCanonical> {
        Self::with(target, |path| match check_path(path) {
            Ok(()) if !readings::may_have_wide(path) => Ok(Vec::new()),
            _ => readings::of(path),
        })
    }

    fn with(
        target: &[u8],
        read: impl Fn(&[u8]) -> Result<Vec<String>, NotCanonical>,
    ) -> Result<Self, NotCanonical> {
        if target.len() > MAX_TARGET_LENGTH {
            return Err(NotCanonical::TooLong);
        }
        if target.contains(&b'#') {
            return Err(NotCanonical::Fragment);
        }
        let path = target
            .iter()
            .position(|b| *b == b'?')
            .unwrap_or(target.len());
        let readings = read(&target[..path])?;
        check_query(target.get(path + 1..).unwrap_or_default())?;
        let text = String::from_utf8(target.to_vec()).map_err(|_| NotCanonical::Character)?;
        Ok(Self {
            text,
            path,
            readings,
        })
    }

    /// The ways in which an odd path can be read; none if there is only one.
    pub(crate) fn readings(&self) -> &[String] {
        &self.readings
    }

    /// Whether a reader may take a part of an odd path for a host: behind two slashes at its beginning, in
    /// some reading.
    pub(super) fn may_name_host(&self) -> bool {
        let mut readings = self.readings.iter();
        readings.any(|reading| reading.starts_with(EMPTY_SEGMENT))
    }

    /// The whole target, as it is forwarded.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        &self.text[..self.path]
    }

    /// The query without its question mark.
    pub fn query(&self) -> Option<&str> {
        self.text.get(self.path + 1..)
    }

    /// The segments of the path; a trailing slash makes none.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        segments(self.path())
    }
}

impl fmt::Debug for CanonicalTarget {
    /// Without the query, which may hold secrets of the platform.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CanonicalTarget({})", self.path())
    }
}

/// The segments of a canonical path; a trailing slash makes none.
pub fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn check_path(path: &[u8]) -> Result<(), NotCanonical> {
    let [b'/', rest @ ..] = path else {
        return Err(NotCanonical::NotOriginForm);
    };
    let mut segments = rest.split(|b| *b == b'/').peekable();
    while let Some(segment) = segments.next() {
        if segment.is_empty() {
            // Only the last may be empty: `/` and `/a/`.
            if segments.peek().is_some() {
                return Err(NotCanonical::EmptySegment);
            }
        } else {
            check_segment(segment)?;
        }
    }
    Ok(())
}

fn check_segment(segment: &[u8]) -> Result<(), NotCanonical> {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut fault = None;
    let mut rest = segment;
    while let [byte, tail @ ..] = rest {
        if *byte == b'%' {
            let (value, canonical) = escape(tail).ok_or(NotCanonical::Escape)?;
            fault = fault.or_else(|| escape_fault(value, canonical));
            decoded.push(value);
            rest = &tail[2..];
        } else {
            if !is_path_char(*byte) {
                return Err(NotCanonical::Character);
            }
            decoded.push(*byte);
            rest = tail;
        }
    }
    // Checked first, because `%2e%2e` is a dot segment more than a needless escape.
    if is_dots(&String::from_utf8_lossy(&decoded)) {
        return Err(NotCanonical::DotSegment);
    }
    match fault {
        // What only looks like a matter of spelling is not text in any.
        None | Some(NotCanonical::Escape) if std::str::from_utf8(&decoded).is_err() => {
            Err(NotCanonical::NotUtf8)
        }
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

fn escape_fault(value: u8, canonical: bool) -> Option<NotCanonical> {
    if value.is_ascii_control() || b"/\\;%".contains(&value) {
        Some(NotCanonical::ForbiddenEscape)
    } else if is_unreserved(value) {
        Some(NotCanonical::NeedlessEscape)
    } else if canonical {
        None
    } else {
        Some(NotCanonical::Escape)
    }
}

fn check_query(query: &[u8]) -> Result<(), NotCanonical> {
    let mut rest = query;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte == b'%' {
            if tail.starts_with(b"00") {
                return Err(NotCanonical::Query);
            }
        } else if !byte.is_ascii_graphic() || b"\"<>".contains(byte) {
            return Err(NotCanonical::Query);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{NotCanonical::*, *};

    #[test]
    #[expect(clippy::too_many_lines, reason = "a list of cases")]
    fn whatever_can_be_read_in_two_ways_is_refused() {
        let long = format!("/{}", "a".repeat(MAX_TARGET_LENGTH));
        let table: &[(&[u8], NotCanonical)] = &[
            (b"", NotOriginForm),
            (b"*", NotOriginForm),
            (b"a", NotOriginForm),
            (b"?a", NotOriginForm),
            (b"http://b/v1", NotOriginForm),
            (b"b:443", NotOriginForm),
            (b"/a#b", Fragment),
            (b"/a?b#c", Fragment),
            (b"/.", DotSegment),
            (b"/..", DotSegment),
            (b"/a/../b", DotSegment),
            (b"/a/./b", DotSegment),
            (b"/a/%2e%2e/b", DotSegment),
            (b"/a/.%2E/b", DotSegment),
            (b"/a/%2e", DotSegment),
            (b"/a/..%20/b", DotSegment),
            (b"/a/..%3Fx", DotSegment),
            (b"/a/..%23x", DotSegment),
            (b"/a/..+/b", DotSegment),
            (b"//a", EmptySegment),
            (b"/a//b", EmptySegment),
            (b"/a//", EmptySegment),
            (b"/a%2fb", ForbiddenEscape),
            (b"/a%2Fb", ForbiddenEscape),
            (b"/a%5cb", ForbiddenEscape),
            (b"/a%5Cb", ForbiddenEscape),
            (b"/a\\b", Character),
            (b"/a;b=c", Character),
            (b"/a%3Bb", ForbiddenEscape),
            (b"/a%00", ForbiddenEscape),
            (b"/a%0d%0aX:1", ForbiddenEscape),
            (b"/a%7F", ForbiddenEscape),
            (b"/a%252e", ForbiddenEscape),
            (b"/a%252f", ForbiddenEscape),
            (b"/a%25", ForbiddenEscape),
            (b"/a%", Escape),
            (b"/a%4", Escape),
            (b"/a%zz", Escape),
            (b"/a%u002f", Escape),
            (b"/a%c3%b1", Escape),
            (b"/a%41", NeedlessEscape),
            (b"/ten%61nts", NeedlessEscape),
            (b"/a%7E", NeedlessEscape),
            (b"/a%C0%AF", NotUtf8),
            (b"/a%C0%AE%C0%AE", NotUtf8),
            (b"/a%E0%80%AF", NotUtf8),
            (b"/a%FF", NotUtf8),
            (b"/a%ED%A0%80", NotUtf8),
            (b"/a%C3/%B1", NotUtf8),
            (b"/a b", Character),
            (b"/a\tb", Character),
            (b"/a\0b", Character),
            (b"/\xc3\xb1", Character),
            (b"/a\"b", Character),
            (b"/a<b", Character),
            (b"/a|b", Character),
            (b"/a[b", Character),
            (b"/a^b", Character),
            (b"/a{b}", Character),
            (b"/a?b\x01", Query),
            (b"/a?b<c", Query),
            (b"/a?b>c", Query),
            (b"/a?\"b\"", Query),
            (b"/a?b%00", Query),
            (b"/a?\xc3\xb1", Query),
            (long.as_bytes(), TooLong),
        ];
        for (target, expected) in table {
            let text = String::from_utf8_lossy(target);
            assert_eq!(CanonicalTarget::parse(target), Err(*expected), "{text}");
        }
    }

    #[test]
    fn ordinary_targets_pass_byte_for_byte() {
        for target in [
            "/",
            "/v1/tenants/acme/invoices",
            "/v1/a/",
            "/a.b/c..d/...",
            "/a?",
            "/a?q=../..//;%2f%252e&x[]={}|^",
            "/a?note=a%0D%0Ab&q=50%",
            "/a?%g0%u0041%",
            "/caf%C3%A9/%F0%9F%98%80",
            "/a%20b%3F%23",
            "/@me/a:b,c=d+e!$&'()*",
        ] {
            let canonical = CanonicalTarget::parse(target.as_bytes()).unwrap();
            assert_eq!(canonical.as_str(), target);
        }
        let canonical = CanonicalTarget::parse(b"/a/b?c?d").unwrap();
        assert_eq!((canonical.path(), canonical.query()), ("/a/b", Some("c?d")));
        assert_eq!(CanonicalTarget::parse(b"/a").unwrap().query(), None);
        assert_eq!(CanonicalTarget::parse(b"/a?").unwrap().query(), Some(""));
    }

    fn targets() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just("/".to_owned()),
            Just(".".to_owned()),
            Just("..".to_owned()),
            Just("?".to_owned()),
            "%[0-9a-fA-F]{2}",
            "[a-zA-Z0-9._~:@;\\\\ #%-]{0,3}",
            "%C3%[89AB][0-9A-F]",
        ];
        proptest::collection::vec(piece, 0..12)
            .prop_map(|p| format!("/{}", p.concat()).into_bytes())
    }

    proptest! {
        #[test]
        fn what_passes_is_unchanged_and_reads_one_way(
            target in prop_oneof![targets(), proptest::collection::vec(any::<u8>(), 0..40)]
        ) {
            crate::properties::target(&target);
        }

        #[test]
        fn two_spellings_of_one_path_never_both_pass(segment in "[a-z.~_-]{1,6}", at in 0usize..6) {
            let at = at % segment.len();
            let escaped = format!(
                "/{}%{:02X}{}", &segment[..at], segment.as_bytes()[at], &segment[at + 1..]
            );
            prop_assert!(CanonicalTarget::parse(escaped.as_bytes()).is_err());
        }
    }
}
