//! How text from outside is shown: clients, platforms and people write it, and it may hold characters that act instead of
//! being seen. They move a terminal's cursor, turn the order of a line around, or make two names look the same. What is
//! recorded stays as it is. Pages, files for reading, the command line and the log show such characters as escapes, except
//! where the script of the text needs them: joiners in Persian, marks of direction in Hebrew.
//!
//! Pages also isolate such text (`components::Outside`), because letters that are written from right to left reorder what
//! stands beside them.

use std::{borrow::Cow, fmt::Write as _};

use super::invisible::{acts, is_needed, is_rtl, is_selector};

/// The form of the text around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Line,
    Lines,
    Json,
}

/// A text in one line: `\u{202E}` stands for the character U+202E.
pub fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, Form::Line)
}

/// The same within a sentence that holds no elements, such as a title, a label or a choice: what is written from right to
/// left is isolated by characters.
pub fn in_sentence(text: &str) -> String {
    let shown = shown(text);
    match is_rtl(&shown) {
        true => format!("\u{2068}{shown}\u{2069}"),
        false => shown.into_owned(),
    }
}

/// A text that may have several lines, which stay apart.
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    escaped(text, Form::Lines)
}

/// JSON text. It still means the same: `\u202e` is JSON's own escape.
pub fn shown_json(json: &str) -> Cow<'_, str> {
    escaped(json, Form::Json)
}

fn escaped(text: &str, form: Form) -> Cow<'_, str> {
    if !text.chars().any(|c| acts(c) || c == '\\') {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let is_rtl = is_rtl(text);
    let mut before = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let next = rest.clone().next();
        let is_kept = match c {
            '\n' | '\t' => form != Form::Line,
            // A line ending of Windows.
            '\r' => form != Form::Line && next == Some('\n'),
            // Nobody can write what looks like one of our escapes.
            '\\' => form == Form::Json || !rest.as_str().starts_with("u{"),
            c => !acts(c) || is_needed(before, c, next, is_rtl),
        };
        if is_kept {
            shown.push(c);
        } else {
            escape(&mut shown, c, form);
        }
        // A variation selector belongs to what stands before it.
        if !is_selector(c) {
            before = Some(c);
        }
    }
    Cow::Owned(shown)
}

fn escape(shown: &mut String, c: char, form: Form) {
    if form == Form::Json {
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String can't fail.
            let _ = write!(shown, "\\u{unit:04x}");
        }
    } else {
        let _ = write!(shown, "\\u{{{:X}}}", u32::from(c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_shown_as_an_escape() {
        for (text, expected) in [
            ("curl/8\u{1b}[2J", "curl/8\\u{1B}[2J"),
            ("a\nb\r\nc\td", "a\\u{A}b\\u{D}\\u{A}c\\u{9}d"),
            ("\0\u{7f}\u{85}\u{9b}1m", "\\u{0}\\u{7F}\\u{85}\\u{9B}1m"),
            (
                "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}",
                "\\u{202A}\\u{202B}\\u{202C}\\u{202D}\\u{202E}",
            ),
            (
                "\u{2066}\u{2067}\u{2068}\u{2069}",
                "\\u{2066}\\u{2067}\\u{2068}\\u{2069}",
            ),
            ("\u{200e}\u{200f}\u{61c}", "\\u{200E}\\u{200F}\\u{61C}"),
            (
                "ad\u{200b}m\u{200c}i\u{200d}n\u{2060}\u{feff}",
                "ad\\u{200B}m\\u{200C}i\\u{200D}n\\u{2060}\\u{FEFF}",
            ),
            ("\u{2028}\u{2029}\u{ad}", "\\u{2028}\\u{2029}\\u{AD}"),
            (
                "x\u{e0041}\u{e007f}\u{e0100}",
                "x\\u{E0041}\\u{E007F}\\u{E0100}",
            ),
            ("a\u{fe0f}\u{3164}", "a\\u{FE0F}\\u{3164}"),
            ("می\u{200c}\u{200c}خ", "می\\u{200C}\\u{200C}خ"),
            ("ana\u{200f} שלום\u{202e}", "ana\u{200f} שלום\\u{202E}"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn what_is_seen_stays() {
        for text in [
            "",
            "curl/8.5 (x; y) \"z\" \\d",
            "Zoë Ñandú 🦜",
            "שלום",
            "مرحبا",
            "नमस्ते",
            "中文",
            "❤\u{fe0f}",
            "👩\u{200d}👩\u{200d}👧",
            "👩\u{200d}❤\u{fe0f}\u{200d}👩",
            "1\u{fe0f}\u{20e3}",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "משה (מנהל)\u{200f}!",
            "葛\u{e0100}城市",
            "ភាសា\u{200b}ខ្មែរ",
            "C:\\users",
        ] {
            assert_eq!(shown(text), text);
            assert_eq!(shown_lines(text), text);
        }
        assert_eq!(shown_lines("a\r\n\tb\nc"), "a\r\n\tb\nc");
        assert_eq!(shown_lines("over\rwritten"), "over\\u{D}written");
    }

    #[test]
    fn a_name_in_a_sentence_reorders_nothing_beside_it() {
        assert_eq!(in_sentence("Zoë & Söhne"), "Zoë & Söhne");
        assert_eq!(in_sentence("a\u{202e}b\u{2069}"), "a\\u{202E}b\\u{2069}");
        assert_eq!(in_sentence("שלום\u{2069}"), "\u{2068}שלום\\u{2069}\u{2069}");
    }

    #[test]
    fn an_escape_that_was_typed_is_told_from_one_that_is_shown() {
        assert_eq!(shown(r"\u{202E}"), r"\u{5C}u{202E}");
        assert_ne!(shown(r"\u{202E}"), shown("\u{202E}"));
    }

    #[test]
    fn json_means_the_same_after_it() {
        let value =
            serde_json::json!({"a\u{202e}": ["\u{e0041}\u{7f}\\u{1}", "\n", {"b": "\u{200b}"}]});
        for text in [
            value.to_string(),
            serde_json::to_string_pretty(&value).unwrap(),
        ] {
            let shown = shown_json(&text);
            assert!(!shown.chars().any(|c| acts(c) && c != '\n'), "{shown}");
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
                value
            );
        }
    }
}
