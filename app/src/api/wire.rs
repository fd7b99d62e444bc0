//! How arguments and errors travel.

use bytes::Bytes;
use leptos::server_fn::{ContentType, Decodes, Encodes, Format, FormatType};
use serde::{Serialize, de::DeserializeOwned};

use crate::domain::{at_fault::field_and_message, saved_text::without_mark};

/// JSON that rejects unknown fields and names the field with a wrong type.
pub struct StrictJson;

impl ContentType for StrictJson {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for StrictJson {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for StrictJson {
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned + Serialize> Decodes<T> for StrictJson {
    type Error = String;

    fn decode(bytes: Bytes) -> Result<T, String> {
        read_strictly(&bytes)
    }
}

/// A result as JSON. The browser reads it as text, like the results that come with a page, so that
/// each type is read by one and the same code.
pub struct Answer;

impl ContentType for Answer {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for Answer {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for Answer {
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for Answer {
    type Error = String;

    fn decode(bytes: Bytes) -> Result<T, String> {
        let text = std::str::from_utf8(&bytes).map_err(|e| e.to_string())?;
        serde_json::from_str(text).map_err(|e| e.to_string())
    }
}

/// Parses JSON. The error is `field: message`.
fn read_strictly<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, String> {
    let given: serde_json::Value = serde_json::from_slice(without_mark(bytes))
        .map_err(|_| "The body is not JSON.".to_owned())?;
    let value: T = serde_path_to_error::deserialize(&given).map_err(|error| {
        let (field, message) =
            field_and_message(&error.path().to_string(), &error.inner().to_string());
        format!("{field}: {message}")
    })?;
    // The value that was read, written again, has every known field. Any other field is unknown. No
    // argument of ours leaves fields out when it is written.
    let known = serde_json::to_value(&value).map_err(|e| e.to_string())?;
    check_fields("", &given, &known)?;
    Ok(value)
}

/// Checks that every field in `given` is in `known`, and that no array was read as an object.
fn check_fields(
    path: &str,
    given: &serde_json::Value,
    known: &serde_json::Value,
) -> Result<(), String> {
    let Some(known) = known.as_object() else {
        return Ok(());
    };
    let Some(given) = given.as_object() else {
        let what = if path.is_empty() { "The body" } else { path };
        return Err(format!("{what}: must be an object"));
    };
    for (name, value) in given {
        let path = match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        match known.get(name) {
            None => return Err(format!("{path}: is not known here")),
            Some(known) => check_fields(&path, value, known)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::domain::{TenantId, page::PageRequest};

    #[derive(Debug, Serialize, Deserialize)]
    struct Arguments {
        id: TenantId,
        page: PageRequest,
    }

    fn refused(body: &str) -> String {
        read_strictly::<Arguments>(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn arguments_are_read() {
        let body = r#"{"id":"acme","page":{"limit":5}}"#;
        let arguments: Arguments = read_strictly(body.as_bytes()).unwrap();
        assert_eq!(arguments.id.as_str(), "acme");
        assert_eq!(arguments.page.limit, Some(5));
        let marked = format!("\u{FEFF}{body}");
        assert!(read_strictly::<Arguments>(marked.as_bytes()).is_ok());
    }

    #[test]
    fn an_array_is_no_object_although_it_could_be_read_as_one() {
        assert_eq!(refused(r#"["acme",{}]"#), "The body: must be an object");
        assert_eq!(
            refused(r#"{"id":"acme","page":[5,null]}"#),
            "page: must be an object"
        );
    }

    #[test]
    fn an_unknown_field_is_named_at_any_depth() {
        assert_eq!(
            refused(r#"{"id":"acme","page":{},"x":1}"#),
            "x: is not known here"
        );
        assert_eq!(
            refused(r#"{"id":"acme","page":{"offset":1}}"#),
            "page.offset: is not known here"
        );
    }

    #[test]
    fn a_wrong_type_or_value_is_named() {
        assert!(refused(r#"{"id":"acme","page":{"limit":"5"}}"#).starts_with("page.limit: "));
        assert!(refused(r#"{"id":"acme","page":{"limit":-5}}"#).starts_with("page.limit: "));
        assert!(refused(r#"{"id":"a/b","page":{}}"#).starts_with("id: "));
        assert!(refused(r#"{"page":{}}"#).contains("missing field `id`"));
    }

    #[test]
    fn what_is_not_json_or_not_utf8_is_refused() {
        assert_eq!(refused("id=acme"), "The body is not JSON.");
        assert!(read_strictly::<Arguments>(b"{\"id\":\"\xff\"}").is_err());
    }
}
