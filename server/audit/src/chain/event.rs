//! The RFC 8785 form of an event, written member by member.
//!
//! Each request of a support session has two events, so they are not converted into a tree of
//! values first. A test checks that the result is the same.

use app::domain::audit::{Actor, AuditEvent};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{HashError, LARGEST, check};

/// Few events are longer than this, in bytes.
const USUAL_LENGTH: usize = 1024;

/// The bytes that are hashed.
pub(super) fn canonical(event: &AuditEvent) -> Result<Vec<u8>, HashError> {
    // All members by name, so that a new member of events must be added here.
    let AuditEvent {
        v,
        chain,
        seq,
        prev,
        id,
        tenant_id,
        category,
        action,
        actor,
        resource_type,
        resource_id,
        outcome,
        occurred_at,
        recorded_at,
        request_id,
        ip,
        user_agent,
        metadata,
        hash: _,
    } = event;
    if *seq > LARGEST {
        return Err(HashError::Number);
    }
    check(metadata, 1)?;
    // In the order of their names (RFC 8785 §3.2.3).
    let mut object = Object(Vec::with_capacity(USUAL_LENGTH));
    object.add("action", action)?;
    object.add_written("actor", &of_actor(actor)?);
    object.add("category", category)?;
    object.add("chain", chain)?;
    object.add("id", id)?;
    object.add("ip", ip)?;
    object.name("metadata");
    write(&mut object.0, metadata)?;
    object.add("occurred_at", &spelled(occurred_at))?;
    object.add("outcome", outcome)?;
    object.add("prev", prev)?;
    object.add("recorded_at", &spelled(recorded_at))?;
    object.add("request_id", request_id)?;
    object.add("resource_id", resource_id)?;
    object.add("resource_type", resource_type)?;
    object.add("seq", seq)?;
    object.add("tenant_id", tenant_id)?;
    object.add("user_agent", user_agent)?;
    object.add("v", v)?;
    Ok(object.end())
}

fn of_actor(actor: &Actor) -> Result<Vec<u8>, HashError> {
    let Actor { kind, id, name } = actor;
    let mut object = Object::default();
    object.add("id", id)?;
    object.add("name", name)?;
    object.add("type", kind)?;
    Ok(object.end())
}

/// Writes a value that has passed [`check`]: names are ASCII, so they are sorted by bytes as RFC
/// 8785 §3.2.3 demands, and numbers are integers.
fn write(bytes: &mut Vec<u8>, value: &Value) -> Result<(), HashError> {
    match value {
        Value::Array(items) => {
            bytes.push(b'[');
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    bytes.push(b',');
                }
                write(bytes, item)?;
            }
            bytes.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            bytes.push(b'{');
            for (number, (name, member)) in members.into_iter().enumerate() {
                if number > 0 {
                    bytes.push(b',');
                }
                write_leaf(bytes, name)?;
                bytes.push(b':');
                write(bytes, member)?;
            }
            bytes.push(b'}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            write_leaf(bytes, value)?;
        }
    }
    Ok(())
}

/// Strings are escaped according to RFC 8785 §3.2.2.2.
fn write_leaf(bytes: &mut Vec<u8>, value: &impl Serialize) -> Result<(), HashError> {
    serde_json::to_writer(bytes, value).map_err(HashError::Canonical)
}

fn spelled(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// An object that is being written. Names are our own, so nothing in them needs escaping.
#[derive(Default)]
struct Object(Vec<u8>);

impl Object {
    fn add(&mut self, name: &str, value: &impl Serialize) -> Result<(), HashError> {
        self.name(name);
        write_leaf(&mut self.0, value)
    }

    fn add_written(&mut self, name: &str, value: &[u8]) {
        self.name(name);
        self.0.extend_from_slice(value);
    }

    fn name(&mut self, name: &str) {
        let before: &[u8] = if self.0.is_empty() { b"{\"" } else { b",\"" };
        for part in [before, name.as_bytes(), b"\":"] {
            self.0.extend_from_slice(part);
        }
    }

    fn end(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::testing::golden_first;

    /// What metadata may hold.
    fn metadata() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-(1_i64 << 53)..=1_i64 << 53).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[ -~]{0,8}", inner, 0..6)
                    .prop_map(|members| json!(members)),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_event_is_written_as_the_general_way_writes_it(
            metadata in metadata(),
            texts in prop::collection::vec(any::<String>(), 7),
            seq in 0..=1_u64 << 53,
            micros in 0..4_000_000_000_000_000_i64,
            absent in any::<[bool; 3]>(),
        ) {
            let mut event = golden_first();
            let mut texts = texts.into_iter();
            let mut text = || texts.next().unwrap_or_default();
            (event.seq, event.metadata) = (seq, metadata);
            (event.actor.id, event.actor.name) = (text(), text());
            (event.resource_id, event.action) = (text(), text());
            event.request_id = (!absent[0]).then(&mut text);
            event.ip = (!absent[1]).then(&mut text);
            event.user_agent = (!absent[2]).then(&mut text);
            event.occurred_at = DateTime::from_timestamp_micros(micros).unwrap();
            let mut value = serde_json::to_value(&event).unwrap();
            value.as_object_mut().unwrap().remove("hash");
            let expected = super::super::canonical(&value).unwrap();
            prop_assert_eq!(canonical(&event).unwrap(), expected);
        }
    }
}
