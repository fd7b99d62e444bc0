//! The canonical spelling of a target with too many, too few or lower-case escapes (RFC 3986 §6.2.2.1,
//! §6.2.2.2), as browsers follow links and as the encoders of Java and PHP write them.

use super::uri::{escape, is_unreserved};

/// The target with canonical escapes in its path. Its query stays as it is. The result may still be
/// refused.
pub(crate) fn respelt(target: &[u8]) -> Vec<u8> {
    let path = target.iter().position(|b| *b == b'?');
    let (path, query) = target.split_at(path.unwrap_or(target.len()));
    let mut respelt = Vec::with_capacity(target.len() + 8);
    let mut rest = path;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'%' {
            respelt.push(*byte);
            continue;
        }
        match escape(tail) {
            Some((value, _)) => {
                rest = &tail[2..];
                if is_unreserved(value) {
                    respelt.push(value);
                } else {
                    respelt.extend_from_slice(format!("%{value:02X}").as_bytes());
                }
            }
            // A '%' that escapes nothing is literal.
            None => respelt.extend_from_slice(b"%25"),
        }
    }
    respelt.extend_from_slice(query);
    respelt
}

/// Whether each `%` of a target's path is an escape. Only then its spellings are equivalent for all
/// readers.
pub(crate) fn has_sound_escapes(target: &[u8]) -> bool {
    let path = target.split(|b| *b == b'?').next().unwrap_or_default();
    let mut parts = path.split(|b| *b == b'%').skip(1);
    parts.all(|part| escape(part).is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::judge::{canonical::CanonicalTarget, uri::is_dots};

    fn text(target: &str) -> String {
        String::from_utf8(respelt(target.as_bytes())).unwrap()
    }

    #[test]
    fn a_path_has_one_spelling_and_its_query_stays() {
        for (target, canonical) in [
            ("/v1/caf%c3%a9", "/v1/caf%C3%A9"),
            ("/%7Euser/", "/~user/"),
            ("/%61?%61=%zz%", "/a?%61=%zz%"),
            ("/50%", "/50%25"),
            ("/50%25", "/50%25"),
            ("/a%zzb%2", "/a%25zzb%252"),
            ("/a%2fb", "/a%2Fb"),
            ("/%2e%2e/a", "/../a"),
            ("/%2561", "/%2561"),
        ] {
            assert_eq!(text(target), canonical);
        }
    }

    #[test]
    fn an_escape_has_two_digits() {
        for (target, sound) in [
            ("/%7Euser/%c3%a9", true),
            ("/a", true),
            ("/a?50%", true),
            ("/%2525", true),
            ("/50%", false),
            ("/%zz", false),
            ("/%2", false),
            ("/%%41", false),
        ] {
            assert_eq!(has_sound_escapes(target.as_bytes()), sound, "{target}");
        }
    }

    /// What Node's `URL` makes of links: see `tests/links.mjs`. A browser sends the same.
    const LINKS: &str = include_str!("../../tests/links.txt");

    /// What is refused although a browser would ask for it: it has no one place.
    fn is_refused(path: &str) -> bool {
        let decoded: Vec<u8> = percent_encoding::percent_decode_str(path).collect();
        let mut nested = path.to_owned();
        let mut dots = false;
        for _ in 0..4 {
            for cut in [false, true] {
                let segments = nested.split(['/', '\\']).skip(1);
                let segments: Vec<_> = segments
                    .map(|s| {
                        if cut {
                            s.split(';').next().unwrap_or_default()
                        } else {
                            s
                        }
                    })
                    .collect();
                dots |= segments.iter().any(|s| is_dots(s));
                dots |= segments.len() > 1 && segments[0].is_empty();
            }
            dots |= nested.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER);
            let undone = percent_encoding::percent_decode_str(&nested).decode_utf8_lossy();
            nested = undone.into_owned();
        }
        path.to_ascii_lowercase().contains("%25u00")
            || path.starts_with("//")
            || dots
            || std::str::from_utf8(&decoded).is_err()
    }

    #[test]
    fn what_a_browser_asks_for_has_a_spelling_that_passes_and_that_it_keeps() {
        let (mut links, mut refused) = (0, 0);
        for line in LINKS.lines() {
            let mut columns = line.split('\t');
            let (sent, resent) = (columns.next().unwrap(), columns.next().unwrap());
            let respelt = text(sent);
            links += 1;
            let Ok(target) = CanonicalTarget::parse_odd(respelt.as_bytes()) else {
                let path = respelt.split('?').next().unwrap_or_default();
                assert!(is_refused(path), "{sent}");
                refused += 1;
                continue;
            };
            assert_eq!(target.as_str(), respelt, "{sent}");
            assert_eq!(text(&respelt), respelt, "it is the one");
            assert_eq!(resent, respelt, "the browser asks for what it is led to");
        }
        assert!(links > 1000 && refused * 4 < links, "{refused} of {links}");
    }

    proptest! {
        #[test]
        fn a_spelling_is_its_own_spelling(target in "/([a-z%/;~.]|%[0-9a-fA-F]{2}|%C3%a9){0,12}(\\?[a-z%]{0,4})?") {
            let once = text(&target);
            prop_assert_eq!(text(&once), once.clone());
            // And it is read as before.
            let path = |text: &str| {
                let path = text.split('?').next().unwrap_or_default().to_owned();
                percent_encoding::percent_decode_str(&path).collect::<Vec<u8>>()
            };
            prop_assert_eq!(path(&once), path(&target));
        }
    }
}
