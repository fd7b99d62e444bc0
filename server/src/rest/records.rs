//! Reading a batch of records: a JSON array, or one JSON object a line.

use app::domain::{
    at_fault::{field_and_message, shortened},
    problem::{Problem, ProblemCode},
    telemetry::{MAX_RECORDS, RejectedRecord},
};
use http::HeaderMap;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor},
};

use super::extract::{media_type, parse_json, unsupported};

/// A record, or the reason why it can't be read.
pub(crate) type Record<T> = Result<T, RejectedRecord>;

/// Reads the records of a body.
type Reader<T> = fn(&[u8]) -> Result<Vec<Record<T>>, Problem>;

/// The reader of a batch with this media type.
pub(crate) fn reader<T: DeserializeOwned>(headers: &HeaderMap) -> Result<Reader<T>, Problem> {
    match media_type(headers).as_deref() {
        Some("application/json") => Ok(array),
        // The same under several names. Our own exports have the second.
        Some(
            "application/x-ndjson"
            | "application/jsonl"
            | "application/x-jsonlines"
            | "application/jsonlines"
            | "application/ndjson",
        ) => Ok(lines),
        _ => Err(unsupported("application/json or application/x-ndjson")),
    }
}

/// Reads a JSON array. Records that can't be read are kept as the reason why.
fn array<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<Record<T>>, Problem> {
    let Elements { values, too_many } = parse_json(body)?;
    if too_many {
        return Err(too_many_records());
    }
    let records = values.into_iter().enumerate();
    Ok(records.map(|(index, value)| record(index, value)).collect())
}

/// Parses one object per line (NDJSON). Blank lines are ignored.
fn lines<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<Record<T>>, Problem> {
    let lines = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty());
    let mut records = Vec::new();
    for (index, line) in lines.enumerate() {
        if index == MAX_RECORDS {
            return Err(too_many_records());
        }
        records.push(record_of_line(index, line));
    }
    Ok(records)
}

fn record_of_line<T: DeserializeOwned>(index: usize, line: &[u8]) -> Record<T> {
    let whole = |message: String| RejectedRecord {
        index,
        field: None,
        message,
    };
    let text = std::str::from_utf8(line).map_err(|_| whole("must be UTF-8".into()))?;
    let value = serde_json::from_str(text).map_err(|error: serde_json::Error| {
        whole(format!("is not JSON: {}", shortened(&error.to_string())))
    })?;
    record(index, value)
}

fn record<T: DeserializeOwned>(index: usize, value: serde_json::Value) -> Record<T> {
    if !value.is_object() {
        return Err(RejectedRecord {
            index,
            field: None,
            message: "must be an object".into(),
        });
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let (field, message) =
            field_and_message(&error.path().to_string(), &error.inner().to_string());
        RejectedRecord {
            index,
            field: Some(field).filter(|field| field != "body"),
            message,
        }
    })
}

fn too_many_records() -> Problem {
    Problem::new(
        ProblemCode::TooLarge,
        format!("A batch can have at most {MAX_RECORDS} records."),
    )
}

/// The elements of an array, up to one more than a batch may hold: the rest is skipped unread, so
/// that a body of many small elements does not fill the memory.
struct Elements {
    values: Vec<serde_json::Value>,
    too_many: bool,
}

impl<'de> Deserialize<'de> for Elements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ElementsVisitor)
    }
}

struct ElementsVisitor;

impl<'de> Visitor<'de> for ElementsVisitor {
    type Value = Elements;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Elements, A::Error> {
        let mut values = Vec::new();
        while values.len() < MAX_RECORDS {
            match seq.next_element()? {
                Some(value) => values.push(value),
                None => {
                    return Ok(Elements {
                        values,
                        too_many: false,
                    });
                }
            }
        }
        let mut too_many = false;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            too_many = true;
        }
        Ok(Elements { values, too_many })
    }
}
