//! Which records of a batch can be counted.

use app::domain::{
    Timestamp,
    telemetry::{RejectedRecord, RequestRecord},
    text::clean,
};
use chrono::TimeDelta;
use sha2::{Digest, Sha256};

/// How old a record may be.
pub const MAX_AGE: TimeDelta = TimeDelta::days(8);
/// How far ahead of our clock a record may be. It then counts as of now.
pub const MAX_AHEAD: TimeDelta = TimeDelta::minutes(5);
/// The most calls of one record.
const MAX_COUNT: u32 = 1_000_000;
/// The longest method, in characters.
pub(super) const METHOD_MAX: usize = 32;
/// The longest path, in characters.
pub(super) const PATH_MAX: usize = 2048;
/// The longest request id, in characters.
const REQUEST_ID_MAX: usize = 200;
/// The longest duration: 30 days in milliseconds.
pub(super) const DURATION_MAX_MS: u64 = 2_592_000_000;

/// A batch as it was sent: its records in order, or the reason why one could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub records: Vec<Result<RequestRecord, RejectedRecord>>,
}

impl From<Vec<RequestRecord>> for Batch {
    fn from(records: Vec<RequestRecord>) -> Self {
        Self {
            records: records.into_iter().map(Ok).collect(),
        }
    }
}

impl Batch {
    /// SHA-256 of the records, in hexadecimal. White space makes no difference.
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for record in &self.records {
            let line = match record {
                Ok(record) => serde_json::to_vec(record),
                Err(rejected) => serde_json::to_vec(rejected),
            };
            // Plain data always serialises.
            hasher.update(line.unwrap_or_default());
            hasher.update(b"\n");
        }
        hex::encode(hasher.finalize())
    }
}

/// Why a record can't be counted, if it can't: the first invalid field.
pub fn validate(
    index: usize,
    record: &RequestRecord,
    now: Timestamp,
) -> Result<(), RejectedRecord> {
    let reject = |field: &str, message: String| {
        Err(RejectedRecord {
            index,
            field: Some(field.into()),
            message,
        })
    };
    if record.at < now - MAX_AGE {
        return reject("at", "must not be more than 8 days ago".into());
    }
    if record.at > now + MAX_AHEAD {
        return reject("at", "must not be more than 5 minutes ahead".into());
    }
    if !(100..=599).contains(&record.status) {
        return reject("status", "must be an HTTP status from 100 to 599".into());
    }
    if !(1..=MAX_COUNT).contains(&record.count) {
        return reject("count", "must be from 1 to 1,000,000".into());
    }
    if record.duration_ms.is_some_and(|ms| ms > DURATION_MAX_MS) {
        return reject("duration_ms", "must be at most 30 days".into());
    }
    let texts = [
        ("method", &record.method, METHOD_MAX),
        ("path", &record.path, PATH_MAX),
        ("request_id", &record.request_id, REQUEST_ID_MAX),
    ];
    for (field, text, max) in texts {
        let Some(text) = text else { continue };
        match clean(text, 1, max, false) {
            Err(error) => return reject(field, error.to_string()),
            // It is compared as it was sent.
            Ok(clean) if clean != text.trim() => {
                return reject(field, "must not contain hidden characters".into());
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

/// Whether [`validate`] would take a text, without saying why not.
pub(super) fn is_fit(text: &str, max: usize) -> bool {
    clean(text, 1, max, false).is_ok_and(|clean| clean == text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_no_part_of_a_record() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let record = |field: &str, text: String| {
            let mut record = serde_json::json!({
                "tenant_id": "acme", "at": "2026-11-22T12:00:00Z", "status": 200
            });
            record[field] = text.into();
            serde_json::from_value::<RequestRecord>(record).unwrap()
        };
        for field in ["method", "path", "request_id"] {
            let hidden = format!("a{}", "\u{200B}".repeat(5_000));
            for text in [hidden.as_str(), "GET\u{200B}", "a\u{202E}b", "a\nb"] {
                let refused = validate(0, &record(field, text.to_owned()), now).unwrap_err();
                assert_eq!(refused.field.as_deref(), Some(field), "{text:?}");
            }
            assert_eq!(validate(0, &record(field, " /é ".to_owned()), now), Ok(()));
        }
    }
}
