//! One form of text for comparing it in the browser, close to the one that the store searches.

/// Without case, accents and compatible forms: `İ` is an i, `ß` is ss, `ς` is a σ.
pub(super) fn fold(text: &str) -> String {
    let letters = taken_apart(text);
    let letters = letters.chars().filter(|c| !is_accent(*c));
    // There and back, because several small letters have the same capital.
    let capitals = letters.flat_map(char::to_uppercase);
    capitals.flat_map(char::to_lowercase).collect()
}

/// NFKD. The browser has the tables.
#[cfg(target_arch = "wasm32")]
fn taken_apart(text: &str) -> String {
    js_sys::JsString::from(text).normalize("NFKD").into()
}

#[cfg(not(target_arch = "wasm32"))]
fn taken_apart(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;

    text.nfkd().collect()
}

/// Combining Diacritical Marks, which accents of Latin, Greek and Cyrillic letters become.
const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}
