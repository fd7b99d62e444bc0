//! The forms of names that earlier versions of the program stored.

use app::domain::invisible::acts;
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization as _;

/// Whether an earlier version has made this form of a name.
pub(super) fn was_form_of(stored: &str, name: &str) -> bool {
    stored == second(name) || stored == first(name)
}

fn first(text: &str) -> String {
    let lower = text.nfkc().collect::<String>().to_lowercase();
    lower.nfkc().collect()
}

fn second(text: &str) -> String {
    let is_hidden = |c: &char| acts(*c) && !c.is_control();
    let seen: String = text.nfkd().filter(|c| !is_hidden(c)).collect();
    let mut before = ' ';
    let letters = UniCase::unicode(seen).to_folded_case();
    let with_one_i = letters.nfkd().filter_map(|c| {
        let c = if c == 'ı' { 'i' } else { c };
        let is_dot = before == 'i' && c == '\u{307}';
        before = c;
        (!is_dot).then_some(c)
    });
    let mut folded: String = with_one_i.nfc().collect();
    let plain = folded.nfkd().filter(|c| !was_accent(*c));
    let bare: String = plain.flat_map(was_plain_letter).nfc().collect();
    if bare != folded {
        folded.push('\n');
        folded.push_str(&bare);
    }
    folded
}

fn was_plain_letter(c: char) -> impl Iterator<Item = char> {
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

fn was_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}' | '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}'..='\u{5C2}' | '\u{5C4}'..='\u{5C5}'
        | '\u{5C7}' | '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}'
        | '\u{6D6}'..='\u{6DC}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}
