//! The form in which text is compared, searched and sorted. We make it here, so that both engines
//! find the same. The typed text is stored too.
//!
//! Decision 0022 says what is folded, and what happens to stored forms when that changes.

use app::domain::invisible::acts;
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;

/// The version of [`fold`].
pub(crate) const VERSION: i64 = 2;

/// The folded form of a text: NFKC, Unicode's full case folding, one kind of i, and no invisible
/// characters. Accents are kept.
pub fn fold(text: &str) -> String {
    match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => fold_any(text),
    }
}

fn fold_any(text: &str) -> String {
    let seen: String = text.nfkd().filter(|c| !is_hidden(*c)).collect();
    let folded = UniCase::unicode(seen).to_folded_case();
    let mut before = ' ';
    let with_one_i = folded.nfkd().filter_map(move |c| {
        // İ and ı: the Turkish letters are an i with a dot that stays, and one without.
        let c = if c == 'ı' { 'i' } else { c };
        let is_dot = before == 'i' && c == '\u{307}';
        before = c;
        (!is_dot).then_some(c)
    });
    with_one_i.nfc().collect()
}

/// The text that is searched: the folded form and, if it differs, the same without accents on a
/// separate line. So `nandu` finds Ñandú, and `ñandú` does not find Nandu.
pub fn searchable(text: &str) -> String {
    let mut folded = fold(text);
    if folded.is_ascii() {
        return folded;
    }
    let bare = bare(&folded);
    if bare != folded {
        folded.push('\n');
        folded.push_str(&bare);
    }
    folded
}

/// The sort key of a text: the beginning of its folded form without accents. Folding can turn one
/// letter into 18, and PostgreSQL refuses long texts in an index.
pub fn sort_key(text: &str) -> String {
    bare(&fold(text)).chars().take(200).collect()
}

/// A folded text without the marks that people on another keyboard leave out.
fn bare(folded: &str) -> String {
    let plain = folded.nfkd().filter(|c| !is_accent(*c));
    plain.flat_map(plain_letter).nfc().collect()
}

/// Line breaks are not hidden: they separate texts that are searched together.
fn is_hidden(c: char) -> bool {
    acts(c) && !c.is_control()
}

/// Replaces letters that other keyboards don't have and that have no decomposition.
fn plain_letter(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ø' => ('o', None),
        'đ' => ('d', None),
        'ł' => ('l', None),
        'ħ' => ('h', None),
        'ŧ' => ('t', None),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        c => (c, None),
    };
    std::iter::once(first).chain(second)
}

/// Accents of Latin, Greek and Cyrillic letters, points of Hebrew and Arabic, and the stroke that stretches Arabic words. Vowel
/// signs of other scripts are letters there.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}' | '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}'..='\u{5C2}' | '\u{5C4}'..='\u{5C5}'
        | '\u{5C7}' | '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}'
        | '\u{6D6}'..='\u{6DC}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_however_it_was_typed() {
        for (name, typed) in [
            ("İstanbul Lojistik", "istanbul"),
            ("İstanbul Lojistik", "İSTANBUL"),
            ("istanbul", "İstanbul"),
            ("ISPARTA", "ıspar"),
            ("Straße AG", "strasse"),
            ("STRASSE", "straße"),
            ("GROẞE", "große"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("Σίσυφος", "σισυφοσ"),
            ("Ñandú", "N\u{303}ANDU\u{301}"),
            ("Ñandú", "nandu"),
            ("ﬁrst", "FIRST"),
            ("Øresund Łódź", "oresund lodz"),
            ("Ångström", "A\u{30A}ngstro\u{308}m"),
            ("ＡＣＭＥ", "acme"),
            ("Ёлка", "елка"),
            ("שָׁלוֹם", "שלום"),
            ("مُحَمَّد", "محمد"),
            ("می\u{200c}خواهم", "میخواهم"),
            ("ｶﾞｽ", "ガス"),
            ("한국", "\u{1112}\u{1161}\u{11ab}국"),
            ("ad\u{200b}min", "admin"),
        ] {
            assert!(searchable(name).contains(&fold(typed)), "{name} {typed}");
        }
        for (name, typed) in [
            ("nandu", "ñandú"),
            ("ガス", "カス"),
            ("कि", "का"),
            ("a\nb", "ab"),
            ("й", "ы"),
        ] {
            assert!(!searchable(name).contains(&fold(typed)), "{name} {typed}");
        }
    }

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
