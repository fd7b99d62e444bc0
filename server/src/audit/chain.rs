//! How an event is hashed. Fixed for ever in version 1 and written down in `docs/audit-format.md`:
//! hashing an old event anew is what tampering looks like.

use app::domain::audit::AuditEvent;
use sha2::{Digest, Sha256};

/// The version of the format.
pub const VERSION: u32 = 1;
/// What stands for the hash before the first event.
pub const GENESIS: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// An event that can't be hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// A number in the metadata is not a whole one: its spelling would depend on who writes it.
    #[error("metadata may hold whole numbers only")]
    Fraction,
    /// The event is not JSON that RFC 8785 can write.
    #[error("the event can't be written in canonical form")]
    Canonical(#[source] serde_json::Error),
}

/// The hash of an event: SHA-256 over its RFC 8785 form without the field `hash`.
pub fn hash(event: &AuditEvent) -> Result<String, HashError> {
    if has_fraction(&event.metadata) {
        return Err(HashError::Fraction);
    }
    let mut value = serde_json::to_value(event).map_err(HashError::Canonical)?;
    if let Some(object) = value.as_object_mut() {
        object.remove("hash");
    }
    let canonical = serde_json_canonicalizer::to_vec(&value).map_err(HashError::Canonical)?;
    Ok(format!("sha256:{}", hex::encode(Sha256::digest(canonical))))
}

/// Whole numbers beyond 2^53 have no exact spelling in RFC 8785 either.
fn has_fraction(value: &serde_json::Value) -> bool {
    const EXACT: u64 = 1 << 53;
    match value {
        serde_json::Value::Number(number) => {
            !(number.as_i64().is_some_and(|n| n.unsigned_abs() <= EXACT))
        }
        serde_json::Value::Array(items) => items.iter().any(has_fraction),
        serde_json::Value::Object(members) => members.values().any(has_fraction),
        _ => false,
    }
}
