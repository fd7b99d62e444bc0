//! Odd paths can be read in several ways. Escaped slashes, parameters behind `;`, empty segments,
//! escapes of escapes, a `%` that escapes nothing, escaped control characters and bytes that are not
//! UTF-8 are ordinary in some platforms' addresses.
//!
//! Such a path passes only if each of its readings is permitted. Then it makes no difference which
//! one the upstream uses. A path with a dot segment, a NUL or a line break in any reading is refused.

use std::collections::HashSet;

use super::uri::{
    NotCanonical, escape, has_sound_escapes, is_dots, is_path_char, is_unreserved,
    loose_escapes_undone, wide_escapes_undone,
};

/// How often a reading is read again, because it has escapes of its own, for example. A path with
/// still more readings is refused.
const NESTED: usize = 8;
/// The most readings of a path. Links of browsers have fewer than 200.
const MOST: usize = 1 << 10;
/// The longest text that all readings of a path may have, in bytes.
const MOST_TEXT: usize = 1 << 19;
/// Stands for an empty segment in a reading that keeps them. No path that passes has it otherwise.
pub(super) const EMPTY_SEGMENT: &str = "/\0";
/// Stands for what is lost in a reading.
const LOST: char = char::REPLACEMENT_CHARACTER;
/// What separates segments.
const SLASHES: [char; 2] = ['/', '\\'];

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
    if !has_sound_escapes(path.as_bytes()) {
        texts.extend([0, 2].map(|more| without_unsound(path, more)));
    }
    let mut seen: HashSet<String> = texts.iter().cloned().collect();
    for _ in 0..=NESTED {
        let mut next: Vec<String> = Vec::new();
        for text in &texts {
            read(text, &mut readings)?;
            let length = readings.iter().map(String::len).sum::<usize>();
            if readings.len() > MOST || length > MOST_TEXT {
                return Err(NotCanonical::TooManyReadings);
            }
            let new = others(text).into_iter();
            next.extend(new.filter(|other| seen.insert(other.clone())));
        }
        if next.is_empty() {
            return Ok(readings);
        }
        texts = next;
    }
    Err(NotCanonical::TooManyReadings)
}

/// What some readers make of a text that others take as it is: equal to it, or simpler. Each may be read
/// again: parameters, for example, are cut off before or after escapes are decoded.
fn others(text: &str) -> [String; 10] {
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(text).collect();
    let undone = String::from_utf8_lossy(&bytes);
    let overlong = without_overlong(&bytes);
    [
        narrowed(text),
        narrowed(&undone),
        String::from_utf8_lossy(&overlong).into_owned(),
        wide_escapes_undone(text),
        loose_escapes_undone(text),
        text.chars()
            .filter(|c| !c.is_control() && *c != LOST)
            .collect(),
        without_parameters(text),
        // Some readers cut the whole path at its first parameter.
        text.split(';').next().unwrap_or_default().to_owned(),
        below_host(text).to_owned(),
        undone.into_owned(),
    ]
}

/// Adds the readings of a text whose remaining escapes are literal.
fn read(text: &str, readings: &mut Vec<String>) -> Result<(), NotCanonical> {
    let segments: Vec<_> = text.split(SLASHES).skip(1).collect();
    for whole in [joined(&segments, false)?, joined(&segments, true)?] {
        if !readings.contains(&whole) {
            readings.push(whole);
        }
    }
    Ok(())
}

/// An ASCII text without each `%` that escapes nothing, and without up to `more` characters behind it.
/// Some readers drop them, or put another character in their place. Most take them literally.
fn without_unsound(text: &str, more: usize) -> String {
    let mut parts = text.split('%');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if escape(part.as_bytes()).is_some() {
            kept.push('%');
            kept.push_str(part);
        } else {
            let lost = part.bytes().take_while(|b| *b != b'/').take(more).count();
            kept.push(LOST);
            kept.push_str(&part[lost..]);
        }
    }
    kept
}

/// Bytes with ASCII characters for their overlong UTF-8 (`%C0%AE` for `.`), which some decoders
/// accept.
fn without_overlong(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [lead, tail @ ..] = rest {
        let more = match *lead {
            0xC0..=0xDF => 1,
            0xE0..=0xEF => 2,
            0xF0..=0xF7 => 3,
            0xF8..=0xFB => 4,
            0xFC | 0xFD => 5,
            _ => 0,
        };
        let first = u32::from(*lead & (0x3F_u8 >> more));
        let code = tail.get(..more).filter(|tail| !tail.is_empty());
        let code = code.and_then(|tail| {
            tail.iter().try_fold(first, |code, byte| {
                (byte & 0xC0 == 0x80).then_some((code << 6) | u32::from(byte & 0x3F))
            })
        });
        match code.and_then(|code| u8::try_from(code).ok()) {
            Some(ascii) if ascii.is_ascii() => {
                plain.push(ascii);
                rest = &tail[more..];
            }
            _ => {
                plain.push(*lead);
                rest = tail;
            }
        }
    }
    plain
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
    let is_sound = has_sound_escapes(path.as_bytes());
    let mut rest = rest.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte == b'%' {
            let Some((value, is_canonical)) = escape(tail) else {
                continue;
            };
            if is_sound && is_unreserved(value) {
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

/// A text without the parameters of its segments (after `;`).
fn without_parameters(text: &str) -> String {
    let mut is_parameter = false;
    let keep = |c: &char| {
        is_parameter = match *c {
            '/' | '\\' => false,
            ';' => true,
            _ => is_parameter,
        };
        !is_parameter
    };
    text.chars().filter(keep).collect()
}

/// The path below a host, for a reader that takes what follows two slashes for one (Node's `URL`,
/// Python's `urlsplit`). Others skip more slashes before it.
fn below_host(text: &str) -> &str {
    let host = text.trim_start_matches(SLASHES);
    match text.len() - host.len() {
        0 | 1 => text,
        _ => host.find(SLASHES).map_or("/", |at| &host[at..]),
    }
}

/// A reading as one path, with or without its empty segments. A final slash stays.
fn joined(segments: &[&str], without_empty: bool) -> Result<String, NotCanonical> {
    let mut path = String::new();
    let last = segments.len().saturating_sub(1);
    for (at, segment) in segments.iter().enumerate() {
        if is_dots(segment) {
            return Err(NotCanonical::DotSegment);
        }
        if segment.contains(['\0', '\r', '\n']) {
            return Err(NotCanonical::LineBreak);
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

    /// Paths, each with some of what readers may take it for.
    const READ_AS: &[(&str, &[&str])] = &[
        ("/a%2Fb", &["/a/b"]),
        ("/a%5Cb", &["/a/b"]),
        ("/a%252Fb", &["/a%2Fb", "/a/b"]),
        ("/a;x=1/b", &["/a/b", "/a"]),
        ("/a%3Bx/b", &["/a;x/b", "/a/b"]),
        ("/a;x%2Fb/c", &["/a/c", "/a;x/b/c", "/a/b/c"]),
        ("/a;x%2Fy/b%2Fc", &["/a/b/c"]),
        ("//h%2Fx/a%2Fb", &["/a/b"]),
        ("/a//b", &["/a/\0/b"]),
        ("/a/;x/b", &["/a/\0/b", "/a/b"]),
        ("/a%2F/b", &["/a/\0/b", "/a/b"]),
        ("/100%25.pdf", &["/100%.pdf"]),
        ("/[slug]", &[]),
        ("/a%2F", &["/a/"]),
        ("/a%EF%BC%8Fb", &["/a/b", "/a／b"]),
        ("/a%EF%BC%BCb", &["/a/b"]),
        ("/a%EF%BC%9Bx/b", &["/a;x/b", "/a/b"]),
        ("/a%EF%BC%852Fb", &["/a%2Fb", "/a/b"]),
        ("/a%EF%BC%8Ejson", &["/a.json"]),
        ("//h/a", &["/\0/h/a", "/h/a", "/a"]),
        ("///h/a", &["/h/a", "/a"]),
        ("//h", &["/h", "/"]),
        ("//", &["/"]),
        ("/%2Fh/a", &["/a"]),
        ("/%5Ch/a", &["/a"]),
        ("/;/h/a", &["/a"]),
        ("/%252Fh/a", &["/a"]),
        ("/%EF%BC%8Fh/a", &["/a"]),
        ("/%/h/a", &["/\0/h/a", "/a"]),
        ("/50%", &["/50%", "/50\u{FFFD}", "/50"]),
        ("/ex%ports", &["/exports"]),
        ("/ex%zzports", &["/exports"]),
        ("/%65x%ports", &["/exports"]),
        ("/a%%32fb", &["/a%2fb", "/a/b"]),
        ("/a%%2Fb", &["/a/b"]),
        ("/a%2%46b", &["/a%2Fb", "/a/b"]),
        ("/%u0065xports", &["/exports"]),
        ("/ad%6=in", &["/ad%6=in", "/admin"]),
        ("/ad%u006=in", &["/admin"]),
        ("/ad%256=in", &["/admin"]),
        ("/a%3;x/b", &["/a;x/b", "/a/b"]),
        ("/ex%uD83Dports", &["/exports"]),
        ("/%25u0065xports", &["/exports"]),
        ("/a%u002fb", &["/a/b"]),
        ("/a%uFF0Fb", &["/a/b"]),
        ("/caf%E9", &["/caf\u{FFFD}", "/caf"]),
        ("/%E0%A4%A", &["/%A", "/"]),
        ("/ex%FFports", &["/exports"]),
        ("/a%C0%AFb", &["/a/b"]),
        ("/a%E0%80%AFb", &["/a/b"]),
        ("/a%F0%80%80%AFb", &["/a/b"]),
        ("/%C1%A5xports", &["/exports"]),
        ("/a%25C0%25AFb", &["/a/b"]),
        ("/ex%7Fports", &["/exports"]),
        ("/%09exports", &["/exports"]),
        ("/%01/a", &["/\u{1}/a", "/\0/a", "/a"]),
    ];

    #[test]
    fn each_way_to_read_a_path_is_known() {
        for (path, others) in READ_AS {
            let readings = readings(path);
            for other in *others {
                assert!(readings.iter().any(|r| r == other), "{path} {readings:?}");
            }
        }
    }

    #[test]
    fn what_no_reader_should_get_is_refused_in_each_reading() {
        use NotCanonical::*;
        for (path, fault) in [
            ("/a;/..%3Fx", DotSegment),
            ("/a/..%253Fx", DotSegment),
            ("/a%2F..%2Fb", DotSegment),
            ("/..;/b", DotSegment),
            ("/a/..;x=1/b", DotSegment),
            ("/a%5C..%5Cb", DotSegment),
            ("/a/%252E%252E/b", DotSegment),
            ("/a/%25252E%25252E/b", DotSegment),
            ("/a/.%252e/b", DotSegment),
            ("/a/%EF%BC%8E%EF%BC%8E/b", DotSegment),
            ("/a%EF%BC%8F%EF%BC%8E.%EF%BC%8Fb", DotSegment),
            ("/a/%EF%BC%852e%EF%BC%852e/b", DotSegment),
            ("/a/..%3B/b", DotSegment),
            ("/a/..%20/b", DotSegment),
            ("/a%252F..%252Fb", DotSegment),
            ("/a/.%./b", DotSegment),
            ("/a/.%zz./b", DotSegment),
            ("/a/%..%/b", DotSegment),
            ("/a/%%32e%%32e/b", DotSegment),
            ("/a/%2E%2E/50%", DotSegment),
            ("/a/%u002e%u002e/b", DotSegment),
            ("/a/%252%3E%252%3E/b", DotSegment),
            ("/a/%C0%AE%C0%AE/b", DotSegment),
            ("/a/%C0%AE./b", DotSegment),
            ("/a/%25C0%25AE%25C0%25AE/b", DotSegment),
            ("/a/.%FF./b", DotSegment),
            ("/a/.%7F./b", DotSegment),
            ("/a/..%09/b", DotSegment),
            ("//h/../a", DotSegment),
            ("/a%00", LineBreak),
            ("/a%2500", LineBreak),
            ("/a%u0000", LineBreak),
            ("/a%C0%80", LineBreak),
            ("/a%250d%250aX:1", LineBreak),
            ("/a%0A", LineBreak),
            ("/a%C0%8D", LineBreak),
            ("/a%0:", LineBreak),
            ("/a%0=", LineBreak),
            ("/a%2fb", Escape),
            ("/a%61;", NeedlessEscape),
            ("/a\\b", Character),
            ("/a b;", Character),
            ("/a b%", Character),
        ] {
            assert_eq!(of(path.as_bytes()), Err(fault), "{path}");
        }
    }

    #[test]
    fn a_path_has_only_so_many_readings() {
        let deep = format!("/a%{}41", "25".repeat(NESTED + 2));
        let long = "/;%25;//%FF%7F%u0041%zz%EF%BC%8F%C0%AF%".repeat(200);
        let many = "/;%2%01%5C//%zz%7F%zz%25C0%25AF%FF%25u0041%7F//%C0%AF%EF%BC%8F%uFF05;%01%uFF05";
        for path in [deep, long, many.to_owned()] {
            let read = of(path.as_bytes());
            assert_eq!(read, Err(NotCanonical::TooManyReadings), "{path}");
        }
    }
}
