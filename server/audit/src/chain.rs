//! The hash of an event. Version 1 is fixed for ever and described in `docs/audit-format.md`:
//! rehashing an old event in another way would look like tampering.

mod event;

use app::domain::{TenantId, audit::AuditEvent};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The version of the format.
pub const VERSION: u32 = 1;
/// The hash before the first event.
pub const GENESIS: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
/// The chain of events without a tenant.
pub const SYSTEM: &str = "system";

/// The largest whole number that every JSON reader keeps exactly (RFC 8785 §3.2.2.3).
const LARGEST: u64 = 1 << 53;
/// How deep lists and objects may be nested: far less than where JSON readers give up.
const DEEPEST: u32 = 32;

/// An event that can't be hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// A number is not an integer within ±2^53, so its spelling would depend on the writer.
    #[error("numbers must be whole and within ±2^53")]
    Number,
    /// A name is not plain ASCII, so the order of names would depend on the writer.
    #[error("names must be plain ASCII")]
    Name,
    /// Lists and objects are nested too deep.
    #[error("nested more than {DEEPEST} deep")]
    Depth,
    /// The event is not JSON that RFC 8785 can write.
    #[error("the event can't be written in canonical form")]
    Canonical(#[source] serde_json::Error),
}

/// The name of the chain with a tenant's events, or with those without a tenant.
pub fn name(tenant: Option<&TenantId>) -> String {
    tenant.map_or_else(|| SYSTEM.to_owned(), |id| format!("tenant:{id}"))
}

/// The hash of an event: SHA-256 over its RFC 8785 form without the field `hash`.
pub fn hash(event: &AuditEvent) -> Result<String, HashError> {
    Ok(digest(&event::canonical(event)?))
}

/// The hash of an event from an export. Unknown fields are hashed like any other.
pub fn hash_json(mut event: Value) -> Result<String, HashError> {
    if let Some(object) = event.as_object_mut() {
        object.remove("hash");
    }
    Ok(digest(&canonical(&event)?))
}

fn digest(canonical: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(canonical)))
}

/// The RFC 8785 form of the values that the format allows.
pub fn canonical(value: &Value) -> Result<Vec<u8>, HashError> {
    check(value, 0)?;
    serde_json_canonicalizer::to_vec(value).map_err(HashError::Canonical)
}

fn check(value: &Value, depth: u32) -> Result<(), HashError> {
    if depth > DEEPEST {
        return Err(HashError::Depth);
    }
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(n) if n.unsigned_abs() <= LARGEST => Ok(()),
            _ => Err(HashError::Number),
        },
        Value::Array(items) => items.iter().try_for_each(|item| check(item, depth + 1)),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            if !name.is_ascii() {
                return Err(HashError::Name);
            }
            check(member, depth + 1)
        }),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{golden_first, golden_second};

    /// Made with another program: see "Golden vector" in `docs/audit-format.md`.
    const FIRST_CANONICAL: &str = r#"{"action":"support_session.created","actor":{"id":"01937e2c-7b6a-7cc0-8000-0000000000aa","name":"Zoë \"Z\" Ñandú 🦜","type":"staff"},"category":"support_session","chain":"tenant:acme","id":"01937e2c-7b6a-7cc0-8000-000000000001","ip":"192.0.2.7","metadata":{"nested":{"B":"","a":true,"b":-9007199254740992},"reason":"API down?\nLine 2\t\u0001</b> \\","scopes":["read_only"],"ticket":null,"ttl_minutes":15},"occurred_at":"2026-11-22T12:00:00.000001Z","outcome":"success","prev":"sha256:0000000000000000000000000000000000000000000000000000000000000000","recorded_at":"2026-11-22T12:00:00.500000Z","request_id":"01937e2c-7b6a-7cc0-8000-0000000000cc","resource_id":"01937e2c-7b6a-7cc0-8000-0000000000bb","resource_type":"support_session","seq":1,"tenant_id":"acme","user_agent":null,"v":1}"#;
    const FIRST_HASH: &str =
        "sha256:41c8d72b4d46a07cd768f987d57bc9ca3c8d97799efa2d1e2ecf6741c6eb7e23";
    const SECOND_HASH: &str =
        "sha256:9bb1c6fcedf984e134fa0c7d09bfa1273c231300d2301337e89bbb6ad1edc738";

    #[test]
    fn the_golden_events_have_the_bytes_and_hashes_of_the_documentation() {
        let first = golden_first();
        let mut value = serde_json::to_value(&first).unwrap();
        value.as_object_mut().unwrap().remove("hash");
        assert_eq!(
            String::from_utf8(canonical(&value).unwrap()).unwrap(),
            FIRST_CANONICAL
        );
        assert_eq!(hash(&first).unwrap(), FIRST_HASH);
        assert_eq!(hash(&golden_second(FIRST_HASH)).unwrap(), SECOND_HASH);
        let text = include_str!("../../../docs/audit-format.md");
        for told in [FIRST_CANONICAL, FIRST_HASH, SECOND_HASH] {
            assert!(text.contains(told), "the documentation tells {told}");
        }
    }

    #[test]
    fn an_event_read_back_from_its_json_has_the_same_hash() {
        let event = golden_second(FIRST_HASH);
        let text = serde_json::to_string(&event).unwrap();
        let read: AuditEvent = serde_json::from_str(&text).unwrap();
        assert_eq!(read, event);
        assert_eq!(hash(&read).unwrap(), hash(&event).unwrap());
        let value = serde_json::from_str(&text).unwrap();
        assert_eq!(hash_json(value).unwrap(), hash(&event).unwrap());
    }

    #[test]
    fn numbers_that_readers_would_spell_differently_are_refused() {
        let mut event = golden_first();
        for bad in [
            json!({"a": 1.5}),
            json!([9_007_199_254_740_993_u64]),
            json!(u64::MAX),
            json!({"a": [{"b": 1e3}]}),
        ] {
            event.metadata = bad.clone();
            assert!(matches!(hash(&event), Err(HashError::Number)), "{bad}");
        }
        event.metadata = json!([9_007_199_254_740_992_u64, -9_007_199_254_740_992_i64]);
        assert!(hash(&event).is_ok());
    }

    #[test]
    fn names_that_readers_would_sort_differently_and_deep_nests_are_refused() {
        let mut event = golden_first();
        event.metadata = json!({"ñ": 1});
        assert!(matches!(hash(&event), Err(HashError::Name)));
        event.metadata = (0..40).fold(json!(1), |inner, _| json!([inner]));
        assert!(matches!(hash(&event), Err(HashError::Depth)));
    }
}
