//! Text as people's programs save and send it: editors and shells of Windows begin it with a byte order mark, or write UTF-16.

use std::borrow::Cow;

/// Why bytes are not a text. The message completes a sentence that names the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    /// The byte, counted from 1, at which no character begins.
    #[error("is neither UTF-8 nor UTF-16 (byte {0} can't be read): save it as UTF-8")]
    Unknown(usize),
    /// A byte or a surrogate is alone.
    #[error("is UTF-16, but ends within a character or has half of one: save it as UTF-8")]
    BrokenUtf16,
    /// Nothing says in which order its bytes are.
    #[error("is UTF-16 without a byte order mark: save it as UTF-8")]
    Utf16,
    /// By its byte order mark.
    #[error("is UTF-32: save it as UTF-8")]
    Utf32,
}

/// The text of a file: UTF-8, with a byte order mark or without, or UTF-16 with one.
///
/// # Errors
///
/// If it is anything else, or a text that has zeros where UTF-16 has them.
pub fn saved_text(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Err(NotText::Utf32),
        [0xFF, 0xFE, units @ ..] => wide(units, u16::from_le_bytes),
        [0xFE, 0xFF, units @ ..] => wide(units, u16::from_be_bytes),
        [0, 1..=0xFF, ..] | [1..=0xFF, 0, ..] => Err(NotText::Utf16),
        _ => match std::str::from_utf8(without_mark(bytes)) {
            Ok(text) => Ok(text.into()),
            Err(error) => {
                let mark = bytes.len() - without_mark(bytes).len();
                Err(NotText::Unknown(mark + error.valid_up_to() + 1))
            }
        },
    }
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, NotText> {
    let (pairs, []) = bytes.as_chunks() else {
        return Err(NotText::BrokenUtf16);
    };
    let units = pairs.iter().map(|pair| unit(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    text.map(Cow::from).map_err(|_| NotText::BrokenUtf16)
}

/// A body without the byte order mark that programs of Windows begin it with (RFC 8259 §8.1).
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_however_it_was_saved() {
        let text = "a = \"ü😀\"\r\n";
        let wide = |mark: &[u8], unit: fn(u16) -> [u8; 2]| {
            let units = text.encode_utf16().flat_map(unit);
            mark.iter().copied().chain(units).collect::<Vec<_>>()
        };
        for saved in [
            text.as_bytes().to_vec(),
            [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
            wide(&[0xFF, 0xFE], u16::to_le_bytes),
            wide(&[0xFE, 0xFF], u16::to_be_bytes),
        ] {
            assert_eq!(saved_text(&saved).as_deref(), Ok(text), "{saved:?}");
        }
        assert_eq!(saved_text(b"").as_deref(), Ok(""));
        assert_eq!(saved_text(b"\xFF\xFE").as_deref(), Ok(""));
    }

    #[test]
    fn what_is_no_text_is_named() {
        for (bytes, why) in [
            (&b"a = \"Z\xFCrich\""[..], NotText::Unknown(7)),
            (b"\xEF\xBB\xBF\xFC", NotText::Unknown(4)),
            (b"a\0b\0", NotText::Utf16),
            (b"\0a\0b", NotText::Utf16),
            (b"\xFF\xFEa", NotText::BrokenUtf16),
            (b"\xFF\xFE\x00\xD8", NotText::BrokenUtf16),
            (b"\xFF\xFE\0\0a\0\0\0", NotText::Utf32),
        ] {
            assert_eq!(saved_text(bytes), Err(why));
        }
    }
}
