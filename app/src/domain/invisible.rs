//! Characters that act instead of being seen, and where a script needs one of them.
//!
//! One rule for what is stored ([`super::text::clean`]), shown ([`super::shown`]) and compared (`store::fold`).

/// Whether a character does something to the text around it, or is nothing for the eye: control characters (C0, DEL, C1), line
/// and paragraph separators, direction marks, embeddings, overrides and isolates, characters without width, fillers, selectors
/// of variations, annotations and tags.
pub fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a character that acts belongs where it stands: joiners between letters that join, selectors after what they vary,
/// a mark of direction in a text with letters from right to left.
///
/// Sources: Unicode 16, chapters 9 and 12 (joiners), 23.2 (layout controls), 23.4 (variation selectors).
pub(super) fn is_needed(before: Option<char>, c: char, next: Option<char>, is_rtl: bool) -> bool {
    let (stands_after, stands_before) = (before.unwrap_or(' '), next.unwrap_or(' '));
    match c {
        '\u{200B}' => has_no_spaces(stands_after) && has_no_spaces(stands_before),
        '\u{200C}' => joins(stands_after) && joins(stands_before),
        '\u{200D}' => {
            (is_picture(stands_after) && is_picture(stands_before)) || joins(stands_after)
        }
        '\u{61C}' | '\u{200E}' | '\u{200F}' => is_rtl,
        '\u{FE0E}' | '\u{FE0F}' => is_picture(stands_after) || is_keycap(stands_after),
        '\u{FE00}'..='\u{FE02}' | '\u{E0100}'..='\u{E01EF}' => is_ideograph(stands_after),
        '\u{180B}'..='\u{180D}' | '\u{180F}' => {
            matches!(stands_after, '\u{1820}'..='\u{18AA}')
        }
        _ => false,
    }
}

/// Whether a character only says how the one before it looks.
pub(super) fn is_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Whether a text has letters that are written from right to left.
pub(super) fn is_rtl(text: &str) -> bool {
    text.chars().any(|c| {
        !acts(c)
            && matches!(c,
                '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}'
                | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
    })
}

/// Letters and vowel signs of scripts in which a joiner changes what is seen: Arabic and its kin, those of India and their kin,
/// Tibetan, Myanmar, Khmer, Mongolian.
fn joins(c: char) -> bool {
    !acts(c)
        && matches!(c,
            '\u{620}'..='\u{8FF}' | '\u{900}'..='\u{DFF}' | '\u{F00}'..='\u{109F}'
            | '\u{1700}'..='\u{18AF}' | '\u{1900}'..='\u{1C4F}' | '\u{A800}'..='\u{AAFF}'
            | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}' | '\u{10A00}'..='\u{10FFF}'
            | '\u{11000}'..='\u{11FFF}' | '\u{1E900}'..='\u{1E95F}')
}

/// Letters of scripts that put no space between words. A space without width says where a line may break.
fn has_no_spaces(c: char) -> bool {
    !acts(c)
        && matches!(c,
            '\u{E01}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
            | '\u{1950}'..='\u{19FF}' | '\u{1A20}'..='\u{1AAF}' | '\u{A9E0}'..='\u{A9FF}'
            | '\u{AA60}'..='\u{AADF}')
}

/// Signs and pictures: what joiners and variations are for outside of letters.
fn is_picture(c: char) -> bool {
    matches!(c, '\u{A9}' | '\u{AE}' | '\u{203C}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}'
        | '\u{1F000}'..='\u{1FAFF}')
}

fn is_keycap(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '#' | '*')
}

/// Chinese characters, whose forms differ in names.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}
