//! Rules for text that people or other programs write.

use super::invisible::{acts, is_needed, is_rtl, is_selector};

/// The shortest reason for an act, in characters after trimming.
pub const REASON_MIN: usize = 10;
/// The longest.
pub const REASON_MAX: usize = 500;

/// Why a text is refused. The message completes a sentence that names the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Fewer characters than needed, after trimming.
    #[error("{}", too_short(*min, *missing))]
    TooShort {
        /// How many characters are needed.
        min: usize,
        /// How many are missing.
        missing: usize,
    },
    /// More characters than allowed, after trimming.
    #[error("remove {over} {} (at most {max} allowed)", if *over == 1 { "character" } else { "characters" })]
    TooLong {
        /// How many characters are allowed.
        max: usize,
        /// How many are too many.
        over: usize,
    },
    /// A control character, or one that reorders the text around it.
    #[error("remove {} (character {at})", name_of(*found))]
    Forbidden {
        /// The first such character.
        found: char,
        /// Its place, counted from 1 as the length is.
        at: usize,
    },
}

fn too_short(min: usize, missing: usize) -> String {
    match (min, missing) {
        (1, _) => "must not be empty".to_owned(),
        (_, 1) => "add 1 more character".to_owned(),
        _ => format!("add {missing} more characters"),
    }
}

/// What people call a character that has to go.
fn name_of(c: char) -> String {
    let name = match c {
        '\n' => return "the line break".to_owned(),
        '\t' => return "the tab".to_owned(),
        '\u{202A}' => "left-to-right embedding",
        '\u{202B}' => "right-to-left embedding",
        '\u{202C}' => "pop directional formatting",
        '\u{202D}' => "left-to-right override",
        '\u{202E}' => "right-to-left override",
        '\u{2066}' => "left-to-right isolate",
        '\u{2067}' => "right-to-left isolate",
        '\u{2068}' => "first strong isolate",
        '\u{2069}' => "pop directional isolate",
        _ => "control character",
    };
    format!("U+{:04X}, {name}", u32::from(c))
}

/// Trims `text`, brings it into the form in which it is kept, and checks its length in characters (Unicode scalar values).
///
/// A line break is one `\n`, however it was typed. Characters that nobody sees are left out, except where the script needs
/// them, so that a text pasted from elsewhere is taken as it looks. Control characters are refused, and so are bidirectional
/// embeddings, overrides and isolates: they let a text look like another one. Line breaks and tabs are allowed where
/// `multiline`. What is left is what was typed: letters keep their form.
pub fn clean(text: &str, min: usize, max: usize, multiline: bool) -> Result<String, InvalidText> {
    let text = visible(text);
    let mut counted = (1..).zip(text.chars());
    if let Some((at, found)) = counted.find(|(_, c)| is_forbidden(*c, multiline)) {
        return Err(InvalidText::Forbidden { found, at });
    }
    let seen = text.chars().filter(|c| is_visible(*c)).count();
    if seen < min {
        return Err(InvalidText::TooShort {
            min,
            missing: min - seen,
        });
    }
    let length = text.chars().count();
    if length > max {
        return Err(InvalidText::TooLong {
            max,
            over: length - max,
        });
    }
    Ok(text)
}

/// How many characters of a text count.
pub fn length(text: &str) -> usize {
    visible(text).chars().count()
}

/// A text as it looks: trimmed, with one form of line break, and without what nobody sees.
fn visible(text: &str) -> String {
    let lines = with_one_line_break(text);
    let text = lines.trim();
    let is_rtl = is_rtl(text);
    let mut kept = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let next = rest.clone().next();
        if is_hidden(c) && !is_needed(before, c, next, is_rtl) {
            continue;
        }
        kept.push(c);
        if !is_selector(c) {
            before = Some(c);
        }
    }
    kept.trim().to_owned()
}

/// Every line break of Unicode (UAX #14) as `\n`. Browsers send CRLF.
fn with_one_line_break(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let breaks = ['\r', '\u{B}', '\u{C}', '\u{85}', '\u{2028}', '\u{2029}'];
    text.replace(breaks, "\n")
}

/// Whether a character is visible, so that a reason can't consist of invisible ones. Combining marks
/// are allowed but don't count.
fn is_visible(c: char) -> bool {
    !acts(c)
        && !matches!(c,
            '\u{0300}'..='\u{036F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
            | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

/// Whether a character can be left out without a word: it does nothing but stand in the way.
fn is_hidden(c: char) -> bool {
    acts(c) && !is_forbidden(c, true) && !matches!(c, '\n' | '\t')
}

fn is_forbidden(c: char, multiline: bool) -> bool {
    (c.is_control() && !(multiline && matches!(c, '\n' | '\t')))
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FFF9}'..='\u{FFFB}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters_after_trimming() {
        assert_eq!(clean("  ñandúñandú ", 10, 20, false).unwrap(), "ñandúñandú");
        assert_eq!(
            clean(" API down ", 10, 20, false),
            Err(InvalidText::TooShort {
                min: 10,
                missing: 2
            })
        );
        assert_eq!(
            clean("abc", 0, 2, false),
            Err(InvalidText::TooLong { max: 2, over: 1 })
        );
    }

    #[test]
    fn control_and_reordering_characters_are_refused_by_name_and_place() {
        for (bad, found, at) in [
            ("a\0b", '\0', 2),
            ("ab\u{7}", '\u{7}', 3),
            (" a\r\nb", '\n', 2),
            ("a\tb", '\t', 2),
            ("a\u{200B}b\u{202E}c", '\u{202E}', 3),
            ("a\u{2068}b\u{2069}", '\u{2068}', 2),
        ] {
            let refused = Err(InvalidText::Forbidden { found, at });
            assert_eq!(clean(bad, 0, 10, false), refused, "{bad:?}");
        }
        let message = |text| clean(text, 0, 10, false).unwrap_err().to_string();
        assert_eq!(
            message("ab\u{202E}"),
            "remove U+202E, right-to-left override (character 3)"
        );
        assert_eq!(message("a\nb"), "remove the line break (character 2)");
        assert_eq!(
            message("\u{7}"),
            "remove U+0007, control character (character 1)"
        );
        assert_eq!(clean("a\tb", 0, 10, true).unwrap(), "a\tb");
        assert_eq!(clean("שלום", 0, 10, false).unwrap(), "שלום");
    }

    #[test]
    fn a_line_break_is_one_character_however_it_was_typed() {
        for typed in ["\r\n", "\n", "\r", "\u{2028}", "\u{2029}", "\u{85}"] {
            let reason = vec!["x".repeat(9); 50].join(typed);
            let kept = clean(&reason, 10, 499, true).unwrap();
            assert_eq!(kept, reason.replace(typed, "\n"));
            assert_eq!(length(&reason), 499);
        }
    }

    #[test]
    fn what_nobody_sees_is_left_out() {
        for (typed, kept) in [
            ("Customer\u{200B} reports", "Customer reports"),
            ("\u{FEFF}Customer\u{AD}s\u{2060}", "Customers"),
            ("\u{200B} a \u{200B}", "a"),
            ("ad\u{200D}min\u{E0041}\u{3164}", "admin"),
            ("\u{200E}LRM in Latin\u{200F}", "LRM in Latin"),
        ] {
            assert_eq!(clean(typed, 0, 100, false).unwrap(), kept, "{typed:?}");
        }
    }

    #[test]
    fn what_a_script_needs_is_kept() {
        for text in [
            "می\u{200C}خواهم",
            "क्\u{200D}ष",
            "משה\u{200F} (a)",
            "葛\u{E0100}城",
            "ភាសា\u{200B}ខ្មែរ",
            "👩\u{200D}👧",
            "❤\u{FE0F}",
            "Zoe\u{308}",
        ] {
            let kept = clean(text, 0, 100, false).unwrap();
            assert_eq!(kept, text);
            assert_eq!(super::super::shown::shown(&kept), text);
        }
    }

    #[test]
    fn what_nobody_sees_is_no_text() {
        let missing = |text: &str| clean(text, 10, 500, true);
        let short = Err(InvalidText::TooShort {
            min: 10,
            missing: 10,
        });
        for hidden in ['\u{301}', '\u{3164}', '\u{200B}', '\u{2800}', '\u{E0041}'] {
            assert_eq!(missing(&hidden.to_string().repeat(12)), short, "{hidden:?}");
        }
        // Direction marks stay beside one letter that needs them, and count for nothing.
        let marks = format!("ש{}", "\u{200F}".repeat(12));
        assert!(missing(&marks).is_err());
        assert!(missing("नमस्ते दुनिया यहाँ").is_ok());
        assert!(missing("می\u{200C}خواهم ببینم").is_ok());
    }
}
