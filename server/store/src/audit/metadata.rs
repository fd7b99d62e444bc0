//! The stored form of metadata. Nearly all events are about requests, so the names of their members
//! are here and not in each row.

use serde_json::{Map, Value};

const REQUEST: &str = "support_session.request";
const REFUSED: &str = "support_session.request_refused";
const RESPONSE: &str = "support_session.response";
/// The actions of nearly all events.
pub(super) const OF_REQUESTS: [&str; 3] = [REQUEST, REFUSED, RESPONSE];

/// The members of an action's metadata, in the order of their stored values.
fn names(action: &str) -> Option<&'static [&'static str]> {
    Some(match action {
        REQUEST => &["method", "path", "query", "scope", "seq"],
        REFUSED => &["method", "path", "query", "refusal", "seq", "status"],
        RESPONSE => &[
            "duration_ms",
            "outcome",
            "refusal",
            "request_bytes",
            "response_bytes",
            "status",
            "upgrade",
        ],
        _ => return None,
    })
}

/// The stored form. Metadata with unexpected members keeps their names.
pub(super) fn pack(action: &str, metadata: &Value) -> String {
    let values = names(action).and_then(|names| {
        let members = metadata.as_object()?;
        let values = names.iter().map(|name| members.get(*name));
        let values: Vec<_> = values.collect::<Option<_>>()?;
        (values.len() == members.len()).then_some(values)
    });
    match values {
        // A list of JSON values can always be written.
        Some(values) => serde_json::to_string(&values).unwrap_or_default(),
        None => metadata.to_string(),
    }
}

/// Reads the stored form.
pub(super) fn unpack(action: &str, stored: &str) -> Result<Value, String> {
    let stored: Value = serde_json::from_str(stored).map_err(|error| error.to_string())?;
    let Some(names) = names(action) else {
        return Ok(stored);
    };
    match stored {
        Value::Array(values) if values.len() == names.len() => {
            let names = names.iter().map(|name| (*name).to_owned());
            let members: Map<_, _> = names.zip(values).collect();
            Ok(Value::Object(members))
        }
        Value::Array(_) => Err("has another number of values".to_owned()),
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_comes_back_as_it_was() {
        let request = json!({"method": "GET", "path": "/a\"\\ñ", "query": null, "scope": "read_only", "seq": 1});
        for (action, metadata, stored) in [
            (
                REQUEST,
                request.clone(),
                r#"["GET","/a\"\\ñ",null,"read_only",1]"#,
            ),
            // As an earlier version wrote it, and as a later one may.
            (REQUEST, json!({"method": "GET"}), r#"{"method":"GET"}"#),
            (
                RESPONSE,
                json!({"outcome": "unknown"}),
                r#"{"outcome":"unknown"}"#,
            ),
            ("staff.added", json!({"email": "a"}), r#"{"email":"a"}"#),
            ("staff.added", json!([1]), "[1]"),
        ] {
            assert_eq!(pack(action, &metadata), stored);
            assert_eq!(unpack(action, stored).unwrap(), metadata);
        }
        assert_eq!(unpack(REQUEST, &request.to_string()).unwrap(), request);
        assert!(unpack(REQUEST, r#"["GET"]"#).is_err());
    }
}
