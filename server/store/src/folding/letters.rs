//! What people take for the same when they look for something.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// The one character for all that keyboards and word processors write in its place: apostrophes and primes, quotation marks,
/// dashes, blanks, slashes, digits, and the forms that Arabic letters have in Persian, Urdu and careless Arabic.
pub(super) fn alike(c: char) -> char {
    match c {
        '\n' => c,
        '\u{2044}' | '\u{2215}' | '\u{29F8}' => '/',
        'ı' => 'i',
        // Alef maksura and the yeh of Persian; keheh; teh marbuta and the hehs of Urdu and Kurdish.
        '\u{649}' | '\u{6CC}' => '\u{64A}',
        '\u{6A9}' | '\u{6AA}' => '\u{643}',
        '\u{629}' | '\u{6BE}' | '\u{6C1}' | '\u{6C3}' | '\u{6D5}' => '\u{647}',
        c if is_apostrophe(c) => '\'',
        c if is_quotation_mark(c) => '"',
        c if is_dash(c) => '-',
        c if c.is_whitespace() => ' ',
        c => digit(c),
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c,
        '`' | '\u{B4}' | '\u{2B9}' | '\u{2BB}'..='\u{2BF}' | '\u{2C8}' | '\u{2CA}' | '\u{2CB}' | '\u{374}' | '\u{384}'
        | '\u{55A}' | '\u{5F3}' | '\u{7F4}' | '\u{7F5}' | '\u{1FBD}' | '\u{1FBF}' | '\u{1FEF}' | '\u{1FFD}' | '\u{1FFE}'
        | '\u{2018}'..='\u{201B}' | '\u{2032}' | '\u{2035}' | '\u{2039}' | '\u{203A}' | '\u{A78B}' | '\u{A78C}'
        | '\u{FF40}')
}

fn is_quotation_mark(c: char) -> bool {
    matches!(c, '\u{AB}' | '\u{BB}' | '\u{2BA}' | '\u{2DD}' | '\u{2EE}' | '\u{5F4}' | '\u{201C}'..='\u{201F}' | '\u{2033}'
        | '\u{2036}' | '\u{301D}'..='\u{301F}')
}

fn is_dash(c: char) -> bool {
    matches!(
        c,
        '\u{58A}' | '\u{5BE}' | '\u{1806}' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2027}'
                | '\u{2043}'
                | '\u{2212}'
                | '\u{2E17}'
                | '\u{2E1A}'
                | '\u{2E3A}'
                | '\u{2E3B}'
                | '\u{2E40}'
                | '\u{301C}'
                | '\u{3030}'
                | '\u{30A0}'
    )
}

/// A digit of any script as that of ASCII. All scripts have their ten in a row, beginning with zero.
fn digit(c: char) -> char {
    let is_digit = |c: char| c.general_category() == GeneralCategory::DecimalNumber;
    if c.is_ascii() || !is_digit(c) {
        return c;
    }
    let below = |by: &u32| char::from_u32(u32::from(c).saturating_sub(*by)).is_some_and(is_digit);
    let value = (1..=9).take_while(below).count();
    u32::try_from(value)
        .ok()
        .and_then(|value| char::from_digit(value, 10))
        .unwrap_or(c)
}

/// What most people leave out when they write: points of Hebrew and Arabic, hamza and madda, and the stroke that stretches
/// Arabic words.
pub(super) fn is_point(c: char) -> bool {
    matches!(c,
        '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}'..='\u{5C2}' | '\u{5C4}'..='\u{5C5}' | '\u{5C7}'
        | '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}' | '\u{6D6}'..='\u{6DC}'
        | '\u{6DF}'..='\u{6E4}' | '\u{6E7}' | '\u{6E8}' | '\u{6EA}'..='\u{6ED}' | '\u{8CA}'..='\u{8E1}'
        | '\u{8E3}'..='\u{8FF}')
}

/// Accents of Latin, Greek and Cyrillic letters. Vowel signs of other scripts are letters there.
pub(crate) fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

/// A folded letter that other keyboards don't have, and that Unicode doesn't take apart, as letters and an accent.
pub(crate) fn taken_apart(c: char) -> impl Iterator<Item = char> {
    let (first, accent, second) = match c {
        'ø' => ('o', Some('\u{338}'), None),
        'đ' | 'ð' | 'ɗ' => ('d', Some('\u{335}'), None),
        'ł' => ('l', Some('\u{335}'), None),
        'ħ' => ('h', Some('\u{335}'), None),
        'ŧ' => ('t', Some('\u{335}'), None),
        'ɓ' | 'ƀ' => ('b', Some('\u{335}'), None),
        'ƙ' => ('k', Some('\u{335}'), None),
        'ƴ' => ('y', Some('\u{335}'), None),
        'ɨ' => ('i', Some('\u{335}'), None),
        'ŋ' => ('n', Some('\u{328}'), None),
        'ə' => ('e', Some('\u{338}'), None),
        'æ' => ('a', Some('\u{361}'), Some('e')),
        'œ' => ('o', Some('\u{361}'), Some('e')),
        'þ' => ('t', Some('\u{361}'), Some('h')),
        c => (c, None, None),
    };
    std::iter::once(first).chain(accent).chain(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_each_script_are_those_of_ascii() {
        for digits in [
            "٠١٢٣٤٥٦٧٨٩",
            "۰۱۲۳۴۵۶۷۸۹",
            "०१२३४५६७८९",
            "๐๑๒๓๔๕๖๗๘๙",
            "᠐᠑᠒᠓᠔᠕᠖᠗᠘᠙",
            "𞥐𞥑𞥒𞥓𞥔𞥕𞥖𞥗𞥘𞥙",
        ] {
            assert_eq!(digits.chars().map(alike).collect::<String>(), "0123456789");
        }
        for c in '\0'..=char::MAX {
            let is_digit = c.general_category() == GeneralCategory::DecimalNumber;
            assert_eq!(is_digit, alike(c).is_ascii_digit(), "{c:?}");
        }
    }
}
