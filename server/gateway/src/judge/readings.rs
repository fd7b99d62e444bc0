//! Odd paths can be read in several ways. Escaped slashes, parameters behind `;`, empty segments
//! and escapes of escapes are ordinary in some platforms' addresses.
//!
//! Such a path passes only if each of its readings is permitted. Then it makes no difference which
//! one the upstream uses. A path with a dot segment, a control character or bytes that are not
//! UTF-8 in any reading is refused.

use super::uri::{NotCanonical, escape, is_dots, is_path_char, is_unreserved};

/// How many levels of escapes are decoded. Deeper ones are refused.
const NESTED: usize = 4;
/// Stands for an empty segment in a reading that keeps them. No path has it otherwise.
pub(super) const EMPTY_SEGMENT: &str = "/\u{1}";

/// Every reading of an odd path, including the path itself.
///
/// # Errors
///
/// If no reader should get it.
pub(super) fn of(path: &[u8]) -> Result<Vec<String>, NotCanonical> {
    let path = std::str::from_utf8(path).map_err(|_| NotCanonical::Character)?;
    check(path)?;
    let mut readings: Vec<String> = Vec::new();
    let mut texts = vec![path.to_owned()];
    for depth in 0..=NESTED {
        let mut next: Vec<String> = Vec::new();
        for text in &texts {
            if has_wide_escape(text) {
                return Err(NotCanonical::ForbiddenEscape);
            }
            read(text, &mut readings)?;
            let undone = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
            for other in [narrowed(text), narrowed(&undone), undone.into_owned()] {
                if other != *text && !next.contains(&other) {
                    next.push(other);
                }
            }
        }
        if next.is_empty() {
            return Ok(readings);
        }
        if depth == NESTED && next.iter().any(|text| text.contains('%')) {
            return Err(NotCanonical::ForbiddenEscape);
        }
        texts = next;
    }
    Ok(readings)
}

/// Adds the readings of a text whose remaining escapes are literal.
fn read(text: &str, readings: &mut Vec<String>) -> Result<(), NotCanonical> {
    // Some readers cut the whole path at its first parameter.
    let cut = text.split(';').next().unwrap_or_default();
    for reading in [split(text, false), split(text, true), split(cut, false)] {
        for whole in [joined(&reading, false)?, joined(&reading, true)?] {
            if !readings.contains(&whole) {
                readings.push(whole);
            }
        }
    }
    Ok(())
}

/// Whether a canonical path may have a full-width form. Some readers take these for ASCII, after they
/// decode (Unicode, NFKC; the "best fit" of Windows).
pub(super) fn may_have_wide(path: &[u8]) -> bool {
    path.windows(9).any(|escapes| {
        escapes.starts_with(b"%EF%BC%") && WIDE.iter().any(|(last, ..)| escapes.ends_with(last))
    })
}

/// The full-width forms of the characters that structure a path, by the last byte of their UTF-8.
const WIDE: [(&[u8], char, char); 5] = [
    (b"8F", '\u{FF0F}', '/'),
    (b"8E", '\u{FF0E}', '.'),
    (b"85", '\u{FF05}', '%'),
    (b"9B", '\u{FF1B}', ';'),
    (b"BC", '\u{FF3C}', '\\'),
];

/// A text with ASCII for full-width forms.
fn narrowed(text: &str) -> String {
    let narrow = |c| WIDE.iter().find(|(_, wide, _)| *wide == c);
    text.chars()
        .map(|c| narrow(c).map_or(c, |(.., plain)| *plain))
        .collect()
}

/// Checks the path as it is written.
fn check(path: &str) -> Result<(), NotCanonical> {
    let rest = path.strip_prefix('/').ok_or(NotCanonical::NotOriginForm)?;
    if rest.starts_with('/') {
        // A reader may take what follows for a host.
        return Err(NotCanonical::EmptySegment);
    }
    let mut rest = rest.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte == b'%' {
            let (value, is_canonical) = escape(tail).ok_or(NotCanonical::Escape)?;
            if value.is_ascii_control() {
                return Err(NotCanonical::ForbiddenEscape);
            }
            if is_unreserved(value) {
                return Err(NotCanonical::NeedlessEscape);
            }
            if !is_canonical {
                return Err(NotCanonical::Escape);
            }
            rest = &tail[2..];
        } else if !is_path_char(*byte) && !b"/;[]|^".contains(byte) {
            return Err(NotCanonical::Character);
        }
    }
    Ok(())
}

/// Whether a text has an escape of the form `%u0041`, which some servers decode. No file has such a
/// name.
fn has_wide_escape(text: &str) -> bool {
    text.match_indices('%').any(|(at, _)| {
        let digits = text[at + 1..].strip_prefix(['u', 'U']);
        let digits = digits.and_then(|digits| digits.as_bytes().get(..4));
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// The segments of a text, with or without their parameters (after `;`).
fn split(text: &str, without_parameters: bool) -> Vec<&str> {
    let segments = text.split(['/', '\\']).skip(1);
    let segments = segments.map(|segment| match without_parameters {
        true => segment.split(';').next().unwrap_or_default(),
        false => segment,
    });
    segments.collect()
}

/// A reading as one path, with or without its empty segments. A final slash stays.
fn joined(segments: &[&str], without_empty: bool) -> Result<String, NotCanonical> {
    let mut path = String::new();
    let last = segments.len().saturating_sub(1);
    for (at, segment) in segments.iter().enumerate() {
        if at == 0 && segment.is_empty() && last > 0 {
            // A reader may take what follows for a host.
            return Err(NotCanonical::EmptySegment);
        }
        if is_dots(segment) {
            return Err(NotCanonical::DotSegment);
        }
        if segment.contains(char::is_control) {
            return Err(NotCanonical::ForbiddenEscape);
        }
        if segment.contains(char::REPLACEMENT_CHARACTER) {
            return Err(NotCanonical::NotUtf8);
        }
        match (segment.is_empty(), at == last) {
            (true, true) if !path.ends_with('/') => path.push('/'),
            (true, true) => {}
            (true, false) if without_empty => {}
            (true, false) => path.push_str(EMPTY_SEGMENT),
            (false, _) => {
                path.push('/');
                path.push_str(segment);
            }
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(path: &str) -> Vec<String> {
        of(path.as_bytes()).unwrap()
    }

    #[test]
    fn each_way_to_read_a_path_is_known() {
        for (path, others) in [
            ("/a%2Fb", &["/a/b"][..]),
            ("/a%5Cb", &["/a/b"]),
            ("/a%252Fb", &["/a%2Fb", "/a/b"]),
            ("/a;x=1/b", &["/a/b", "/a"]),
            ("/a%3Bx/b", &["/a;x/b", "/a/b"]),
            ("/a;x%2Fb/c", &["/a/c", "/a;x/b/c", "/a/b/c"]),
            ("/a//b", &["/a/\u{1}/b"]),
            ("/a/;x/b", &["/a/\u{1}/b", "/a/b"]),
            ("/a%2F/b", &["/a/\u{1}/b", "/a/b"]),
            ("/100%25.pdf", &["/100%.pdf"]),
            ("/[slug]", &[]),
            ("/a%2F", &["/a/"]),
            ("/a%EF%BC%8Fb", &["/a/b", "/a／b"]),
            ("/a%EF%BC%BCb", &["/a/b"]),
            ("/a%EF%BC%9Bx/b", &["/a;x/b", "/a/b"]),
            ("/a%EF%BC%852Fb", &["/a%2Fb", "/a/b"]),
            ("/a%EF%BC%8Ejson", &["/a.json"]),
        ] {
            let readings = readings(path);
            for other in others {
                assert!(readings.iter().any(|r| r == other), "{path} {readings:?}");
            }
        }
    }

    #[test]
    fn what_no_reader_should_get_is_refused_in_each_reading() {
        use NotCanonical::*;
        for (path, fault) in [
            ("//a", EmptySegment),
            ("/v1/%25u0065xports", ForbiddenEscape),
            ("/%2Fh/a", EmptySegment),
            ("/%5Ch/a", EmptySegment),
            ("/;/h/a", EmptySegment),
            ("/%252Fh/a", EmptySegment),
            ("/a;/..%3Fx", DotSegment),
            ("/a/..%253Fx", DotSegment),
            ("/a%2F..%2Fb", DotSegment),
            ("/..;/b", DotSegment),
            ("/a/..;x=1/b", DotSegment),
            ("/a%5C..%5Cb", DotSegment),
            ("/a/%252E%252E/b", DotSegment),
            ("/a/%25252E%25252E/b", DotSegment),
            ("/a/%2525252525252E%25252525252E/b", ForbiddenEscape),
            ("/a/.%252e/b", DotSegment),
            ("/a/%EF%BC%8E%EF%BC%8E/b", DotSegment),
            ("/a%EF%BC%8F%EF%BC%8E.%EF%BC%8Fb", DotSegment),
            ("/a/%EF%BC%852e%EF%BC%852e/b", DotSegment),
            ("/%EF%BC%8Fh/a", EmptySegment),
            ("/a/..%3B/b", DotSegment),
            ("/a/..%20/b", DotSegment),
            ("/a%252F..%252Fb", DotSegment),
            ("/a%00", ForbiddenEscape),
            ("/a%2500", ForbiddenEscape),
            ("/a%250d%250aX:1", ForbiddenEscape),
            ("/a%0A", ForbiddenEscape),
            ("/a%25C0%25AE", NotUtf8),
            ("/a%FF", NotUtf8),
            ("/a%2fb", Escape),
            ("/a%61;", NeedlessEscape),
            ("/a\\b", Character),
            ("/a b;", Character),
            ("/a;%", Escape),
        ] {
            assert_eq!(of(path.as_bytes()), Err(fault), "{path}");
        }
    }
}
