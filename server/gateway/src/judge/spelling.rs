//! The canonical spelling of a target with needless or lower-case escapes (RFC 3986 §6.2.2.1,
//! §6.2.2.2), as browsers follow links and as the encoders of Java and PHP write them.

use super::uri::{escape, has_sound_escapes, is_unreserved};

/// The target with canonical escapes in its path. Its query stays as it is, and so does a `%` that
/// escapes nothing, because readers differ about it. The result may still be refused.
pub(crate) fn respelt(target: &[u8]) -> Vec<u8> {
    let path = target.iter().position(|b| *b == b'?');
    let (path, query) = target.split_at(path.unwrap_or(target.len()));
    // Behind a '%' that escapes nothing, an undone escape could become a part of another.
    let undoes = has_sound_escapes(path);
    let mut respelt = Vec::with_capacity(target.len());
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
                if undoes && is_unreserved(value) {
                    respelt.push(value);
                } else {
                    respelt.extend_from_slice(format!("%{value:02X}").as_bytes());
                }
            }
            None => respelt.push(b'%'),
        }
    }
    respelt.extend_from_slice(query);
    respelt
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(target: &str) -> String {
        String::from_utf8(respelt(target.as_bytes())).unwrap()
    }

    #[test]
    fn a_path_has_one_spelling_and_its_query_stays() {
        for (target, canonical) in [
            ("/v1/caf%c3%a9", "/v1/caf%C3%A9"),
            ("/%7Euser/", "/~user/"),
            ("/%61?%61=%zz%", "/a?%61=%zz%"),
            ("/50%", "/50%"),
            ("/50%25", "/50%25"),
            ("/a%zzb%2", "/a%zzb%2"),
            ("/%E0%A4%A", "/%E0%A4%A"),
            ("/%%361", "/%%361"),
            ("/%%7e/%c3%a9", "/%%7E/%C3%A9"),
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
            ("/%2525", true),
            ("/50%", false),
            ("/%zz", false),
            ("/%2", false),
            ("/%%41", false),
        ] {
            assert_eq!(has_sound_escapes(target.as_bytes()), sound, "{target}");
        }
    }

    proptest! {
        #[test]
        fn a_spelling_is_its_own_spelling(target in "/([a-z1-9%/;~.]|%[0-9a-fA-F]{2}|%C3%a9){0,12}(\\?[a-z%]{0,4})?") {
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
