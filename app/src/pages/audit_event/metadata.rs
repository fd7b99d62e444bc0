//! The metadata of an action in readable form.

use serde_json::Value;

use crate::domain::shown::shown_json;

/// The longest summary, in characters.
const SUMMARY_MAX: usize = 120;

/// JSON to read, and to copy: characters that act are JSON's own escapes.
pub fn pretty(metadata: &Value) -> String {
    let json = serde_json::to_string_pretty(metadata).unwrap_or_else(|_| metadata.to_string());
    shown_json(&json).into_owned()
}

/// Metadata in a line: the request that was made, else the reason that was given.
pub fn summary(metadata: &Value) -> Option<String> {
    let text = |name: &str| metadata.get(name).and_then(Value::as_str);
    let mut parts = Vec::new();
    if let (Some(method), Some(path)) = (text("method"), text("path")) {
        parts.push(format!("{method} {path}"));
    }
    if let Some(status) = metadata.get("status").filter(|status| !status.is_null()) {
        parts.push(
            status
                .as_str()
                .map_or_else(|| status.to_string(), ToOwned::to_owned),
        );
    }
    if parts.is_empty() {
        parts.extend(text("reason").map(ToOwned::to_owned));
    }
    (!parts.is_empty()).then(|| shortened(&parts.join(" · ")))
}

fn shortened(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= SUMMARY_MAX {
        return text;
    }
    text.chars().take(SUMMARY_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_told_with_its_status() {
        let request = json!({ "method": "GET", "path": "/v1/issuers", "status": 200 });
        assert_eq!(summary(&request).unwrap(), "GET /v1/issuers · 200");
        let open = json!({ "method": "GET", "path": "/", "status": null });
        assert_eq!(summary(&open).unwrap(), "GET /");
    }

    #[test]
    fn a_reason_is_told_in_one_short_line() {
        let long = json!({ "reason": format!("line\none {}", "ñ".repeat(300)) });
        let told = summary(&long).unwrap();
        assert!(
            told.starts_with("line one ñ") && told.ends_with('…'),
            "{told}"
        );
        assert_eq!(told.chars().count(), SUMMARY_MAX);
    }

    #[test]
    fn there_may_be_nothing_to_tell() {
        for metadata in [json!({}), json!(null), json!([1]), json!({ "reason": 7 })] {
            assert_eq!(summary(&metadata), None, "{metadata}");
        }
    }
}
