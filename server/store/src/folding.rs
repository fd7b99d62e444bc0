//! The form in which text is compared, searched and sorted. We make it here, so that both engines
//! find the same. The typed text is stored too.
//!
//! Decision 0022 says what is folded, and what happens to stored forms when that changes.

mod letters;

use app::domain::invisible::acts;
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;

use letters::{alike, is_point};

pub(crate) use letters::{is_accent, taken_apart};

/// The version of [`fold`] and of [`searchable`](crate::searchable).
pub(crate) const VERSION: i64 = 3;

/// The folded form of a text: NFKC, Unicode's full case folding, one kind of i, of apostrophe, of dash, of digit and of blank,
/// and no invisible characters. Accents are kept.
pub fn fold(text: &str) -> String {
    match is_plain(text) {
        true => text.to_ascii_lowercase(),
        false => fold_any(text),
    }
}

/// Whether only capitals change in a text.
fn is_plain(text: &str) -> bool {
    let is_plain = |b| matches!(b, b'\n' | b' '..=b'_' | b'a'..=b'~');
    text.bytes().all(is_plain) && !text.contains("  ")
}

fn fold_any(text: &str) -> String {
    let kept = |c: &char| !is_hidden(*c) && !is_point(*c);
    // What looks alike is one character before some of it falls apart, and after other characters have.
    let seen: String = text.chars().map(alike).nfkd().filter(kept).collect();
    let folded = UniCase::unicode(seen).to_folded_case();
    let mut before = '\n';
    let letters = folded.nfkd().map(alike).filter(move |c| {
        // İ is an i with a dot that stays. What stands behind a blank is another blank, or belongs to nothing.
        let is_left_out = match before {
            'i' => *c == '\u{307}',
            ' ' => *c == ' ' || is_accent(*c),
            _ => false,
        };
        if !is_left_out {
            before = *c;
        }
        !is_left_out
    });
    letters.nfc().collect()
}

/// The sort key of a text: the beginning of its folded form without accents. Folding can turn one
/// letter into 18, and PostgreSQL refuses long texts in an index.
pub fn sort_key(text: &str) -> String {
    bare(&fold(text)).chars().take(200).collect()
}

/// A folded text without the marks that people on another keyboard leave out.
pub(crate) fn bare(folded: &str) -> String {
    let plain = folded.nfd().flat_map(taken_apart);
    plain.filter(|c| !is_accent(*c)).nfc().collect()
}

/// Line breaks are not hidden: they separate texts that are searched together.
fn is_hidden(c: char) -> bool {
    acts(c) && c != '\n'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_folded_folds_to_itself() {
        for c in '\0'..=char::MAX {
            let once = fold(&c.to_string());
            assert_eq!(fold(&once), once, "{c:?}");
        }
    }

    #[test]
    fn plain_letters_are_folded_like_all_others() {
        for first in '\0'..='\u{7f}' {
            for text in [
                first.to_string(),
                format!("I{first}i"),
                format!("{first}A\n"),
                format!("{first}{first}"),
            ] {
                assert_eq!(fold(&text), fold_any(&text), "{text:?}");
                assert_eq!(bare(&fold(&text)), fold(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn texts_are_sorted_by_their_letters() {
        assert_eq!(sort_key("Århus"), "arhus");
        assert_eq!(sort_key("Ñandú"), "nandu");
    }
}
