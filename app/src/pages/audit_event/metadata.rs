//! The metadata of an action in readable form.

use serde_json::Value;

use crate::domain::shown::shown_json;

/// The longest line, in characters.
const LINE_MAX: usize = 120;

/// JSON to read, and to copy: characters that act are JSON's own escapes.
pub fn pretty(metadata: &Value) -> String {
    let json = serde_json::to_string_pretty(metadata).unwrap_or_else(|_| metadata.to_string());
    shown_json(&json).into_owned()
}

/// A line of at most 120 characters.
pub fn shortened(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= LINE_MAX {
        return text;
    }
    text.chars().take(LINE_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_told_in_one_short_line() {
        let told = shortened(&format!("line\none {}", "ñ".repeat(300)));
        assert!(
            told.starts_with("line one ñ") && told.ends_with('…'),
            "{told}"
        );
        assert_eq!(told.chars().count(), LINE_MAX);
        assert_eq!(shortened(" GET  /v1 "), "GET /v1");
    }
}
