//! Rules for text that people or other programs write.

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
    /// NUL or another control character, or a character that reorders the text around it.
    #[error("must not contain control characters")]
    Control,
}

fn too_short(min: usize, missing: usize) -> String {
    match (min, missing) {
        (1, _) => "must not be empty".to_owned(),
        (_, 1) => "add 1 more character".to_owned(),
        _ => format!("add {missing} more characters"),
    }
}

/// Trims `text` and checks its length in characters (Unicode scalar values), and that it holds no
/// control characters. Line breaks and tabs are allowed where `multiline`.
///
/// Bidirectional overrides and isolates count as control characters: they let a text look like
/// another one. Right-to-left text itself is fine.
pub fn clean(text: &str, min: usize, max: usize, multiline: bool) -> Result<String, InvalidText> {
    let text = text.trim();
    if text.chars().any(|c| is_forbidden(c, multiline)) {
        return Err(InvalidText::Control);
    }
    let visible = text.chars().filter(|c| is_visible(*c)).count();
    if visible < min {
        return Err(InvalidText::TooShort {
            min,
            missing: min - visible,
        });
    }
    let length = text.chars().count();
    if length > max {
        return Err(InvalidText::TooLong {
            max,
            over: length - max,
        });
    }
    // Browsers send CRLF for a line break in a text area. One form is stored.
    Ok(text.replace("\r\n", "\n"))
}

/// Whether a character is visible, so that a reason can't consist of invisible ones. Joiners,
/// combining marks and variation selectors are allowed but don't count.
fn is_visible(c: char) -> bool {
    !matches!(c,
        '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{00AD}'
        | '\u{200C}' | '\u{200D}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}'
        | '\u{0300}'..='\u{036F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}'
        | '\u{E0000}'..='\u{E0FFF}')
}

fn is_forbidden(c: char, multiline: bool) -> bool {
    let line_break = matches!(c, '\n' | '\r' | '\t');
    (c.is_control() && !(multiline && line_break))
        || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
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
    fn control_and_reordering_characters_are_refused() {
        for bad in ["a\0b", "a\u{7}b", "a\nb", "a\u{202E}b"] {
            assert_eq!(
                clean(bad, 0, 10, false),
                Err(InvalidText::Control),
                "{bad:?}"
            );
        }
        assert_eq!(clean("a\r\nb", 0, 10, true).unwrap(), "a\nb");
        assert_eq!(clean("שלום", 0, 10, false).unwrap(), "שלום");
    }

    #[test]
    fn what_nobody_sees_is_no_text() {
        let missing = |text: &str| clean(text, 10, 500, true);
        let short = Err(InvalidText::TooShort {
            min: 10,
            missing: 10,
        });
        assert_eq!(missing(&"\u{301}".repeat(12)), short);
        assert_eq!(missing(&"\u{3164}".repeat(12)), short);
        assert_eq!(missing(&"\u{200B}".repeat(12)), Err(InvalidText::Control));
        assert!(missing("नमस्ते दुनिया यहाँ").is_ok());
        assert!(missing("می\u{200C}خواهم ببینم").is_ok());
    }
}
