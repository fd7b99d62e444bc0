//! Packs events for the store, and unpacks them. Their content and hashes are as in
//! `docs/audit-format.md`. Only the stored form is shorter.

use app::domain::{
    AuditEventId, TenantId, Timestamp,
    audit::{Actor, AuditEvent},
};
use audit::{chain, verify::Verifier};
use chrono::TimeDelta;

use super::{
    deeds, metadata,
    packed::{id_of_place, pack_hash, pack_id, unpack_hash, unpack_id},
};
use crate::{
    FromRow, Record, Row, StoreError, Value, searchable,
    value::{FromValue, ToValue as _},
};

/// How many positions a chain can have.
pub(super) const POSITIONS: i64 = 1 << 40;

/// The place of an event in the table.
///
/// # Errors
///
/// If there is no room for it.
pub(super) fn place(number: i64, seq: u64) -> Result<i64, StoreError> {
    let seq = i64::try_from(seq).ok().filter(|seq| *seq < POSITIONS);
    let place = seq.zip(number.checked_mul(POSITIONS));
    let place = place.and_then(|(seq, base)| base.checked_add(seq));
    place.ok_or_else(|| unreadable("place", "no room for so many chains or positions"))
}

/// The columns that are written.
pub(super) const COLUMNS: &str =
    "place, recorded_at, took, deed, hash, id, resource, request, metadata";

/// The columns of an event's row, besides place and deed.
#[derive(Debug, PartialEq, Eq)]
struct Packed {
    took: i64,
    hash: Vec<u8>,
    id: Vec<u8>,
    resource: Vec<u8>,
    request: Vec<u8>,
    metadata: String,
}

impl Packed {
    fn of(event: &AuditEvent) -> Self {
        let by_place = id_of_place(&event.chain, event.seq, event.recorded_at);
        let id = match event.id == by_place {
            true => Vec::new(),
            false => pack_id(&event.id.to_string()),
        };
        let request = event.request_id.as_deref();
        Self {
            took: (event.recorded_at - event.occurred_at)
                .num_microseconds()
                .unwrap_or(i64::MAX),
            hash: pack_hash(&event.hash),
            id,
            resource: pack_id(&event.resource_id),
            request: request.map(pack_id).unwrap_or_default(),
            metadata: metadata::pack(&event.action, &event.metadata),
        }
    }

    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            took: row.get("took")?,
            hash: row.get("hash")?,
            id: row.get("id")?,
            resource: row.get("resource")?,
            request: row.get("request")?,
            metadata: row.get("metadata")?,
        })
    }
}

/// The values of [`COLUMNS`].
pub(super) fn row(place: i64, deed: i64, event: &AuditEvent) -> Vec<Value> {
    let packed = Packed::of(event);
    vec![
        Value::Int(place),
        event.recorded_at.to_value(),
        Value::Int(packed.took),
        Value::Int(deed),
        Value::Bytes(packed.hash),
        Value::Bytes(packed.id),
        Value::Bytes(packed.resource),
        Value::Bytes(packed.request),
        Value::Text(packed.metadata),
    ]
}

impl Record for AuditEvent {
    const COLUMNS: &'static str = "place, chain, recorded_at, took, hash, id, resource, request, metadata, v, category, \
        action, resource_type, outcome, actor_type, actor_id, actor_name, ip, user_agent, before";
}

impl FromRow for AuditEvent {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let packed = Packed::from_row(row)?;
        let chain: String = row.get("chain")?;
        let (seq, recorded_at) = (seq_of(row)?, row.get::<Timestamp>("recorded_at")?);
        let action: String = row.get("action")?;
        let text = |column, read: Result<String, String>| read.map_err(|p| unreadable(column, p));
        let before: Option<Vec<u8>> = row.get("before")?;
        let prev = match before {
            Some(hash) => text("before", unpack_hash(hash))?,
            None if seq == 1 => chain::GENESIS.to_owned(),
            // It is no longer known, so the event can't be verified.
            None => String::new(),
        };
        let id = match packed.id.is_empty() {
            true => id_of_place(&chain, seq, recorded_at),
            false => id_in(&text("id", unpack_id(packed.id))?)?,
        };
        let request = Some(packed.request).filter(|request| !request.is_empty());
        let occurred_at = recorded_at.checked_sub_signed(TimeDelta::microseconds(packed.took));
        Ok(Self {
            v: row.get("v")?,
            tenant_id: tenant_of(&chain)?,
            seq,
            prev,
            id,
            category: row.get("category")?,
            actor: Actor {
                kind: row.get("actor_type")?,
                id: row.get("actor_id")?,
                name: row.get("actor_name")?,
            },
            resource_type: row.get("resource_type")?,
            resource_id: text("resource", unpack_id(packed.resource))?,
            outcome: row.get("outcome")?,
            occurred_at: occurred_at.ok_or_else(|| unreadable("took", "no instant"))?,
            recorded_at,
            request_id: request
                .map(|request| text("request", unpack_id(request)))
                .transpose()?,
            ip: row.get("ip")?,
            user_agent: row.get("user_agent")?,
            metadata: metadata::unpack(&action, &packed.metadata)
                .map_err(|problem| unreadable("metadata", problem))?,
            hash: text("hash", unpack_hash(packed.hash))?,
            action,
            chain,
        })
    }
}

fn seq_of(row: &Row) -> Result<u64, StoreError> {
    let place: i64 = row.get("place")?;
    u64::try_from(place.rem_euclid(POSITIONS)).map_err(|error| unreadable("place", error))
}

/// An identifier in another spelling is the same, but can't be found, so it is a fault.
fn id_in(text: &str) -> Result<AuditEventId, StoreError> {
    let id = AuditEventId::from_value(Value::Text(text.to_owned()));
    let id = id.map_err(|problem| unreadable("id", problem))?;
    match id.to_string() == text {
        true => Ok(id),
        false => Err(unreadable("id", format!("{text} is misspelt"))),
    }
}

fn tenant_of(chain: &str) -> Result<Option<TenantId>, StoreError> {
    if chain == chain::SYSTEM {
        return Ok(None);
    }
    let tenant = tenant_of_chain(chain);
    tenant
        .map(Some)
        .ok_or_else(|| unreadable("chain", format!("{chain} is no chain's name")))
}

/// The tenant whose chain this is.
pub fn tenant_of_chain(chain: &str) -> Option<TenantId> {
    chain.strip_prefix("tenant:")?.parse().ok()
}

fn unreadable(column: &'static str, problem: impl ToString) -> StoreError {
    StoreError::Unreadable {
        column,
        problem: problem.to_string(),
    }
}

/// An event as stored, readable or not, for verification.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    pub chain: String,
    /// The position in it.
    pub seq: u64,
    /// The event, or why it is unreadable.
    pub event: Result<AuditEvent, String>,
    /// Whether the hash of the event before it is known.
    follows: bool,
}

impl StoredEvent {
    pub(super) const COLUMNS: &'static str = const_format::concatcp!(
        <AuditEvent as Record>::COLUMNS,
        ", deed, digest, actor_search"
    );

    /// Passes it to a verifier.
    pub fn show(&self, verifier: &mut Verifier) {
        match &self.event {
            Ok(event) if self.follows => verifier.event(event.clone()),
            Ok(event) => verifier.event_without_predecessor(event.clone()),
            Err(problem) => {
                let (chain, problem) = (self.chain.clone(), problem.clone());
                verifier.unreadable_event(chain, self.seq, String::new(), problem);
            }
        }
    }
}

impl FromRow for StoredEvent {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let chain: Option<String> = row.get("chain")?;
        let before: Option<Vec<u8>> = row.get("before")?;
        let seq = seq_of(row)?;
        let event = AuditEvent::from_row(row).map_err(|e| e.to_string());
        let event = event.and_then(|event| {
            check(row, &event)?;
            Ok(event)
        });
        Ok(Self {
            chain: chain.unwrap_or_default(),
            seq,
            event,
            follows: before.is_some() || seq == 1,
        })
    }
}

/// Checks that the row is exactly the stored form of the event, so that a changed byte is found
/// even if it does not change the event.
fn check(row: &Row, event: &AuditEvent) -> Result<(), String> {
    let text = |error: StoreError| error.to_string();
    if event.seq == 1
        && row
            .get::<Option<Vec<u8>>>("before")
            .map_err(text)?
            .is_some()
    {
        return Err("is the first one, but something stands before it".to_owned());
    }
    // Filters leave out events of requests by the sign.
    let deed: i64 = row.get("deed").map_err(text)?;
    if deed.signum() != deeds::sign_of(&event.action) {
        return Err("its deed has the wrong sign".to_owned());
    }
    let mut stored = Packed::from_row(row).map_err(text)?;
    let expected = Packed::of(event);
    // Earlier versions wrote the names of the members.
    let named = event.metadata.to_string();
    if stored.metadata == named {
        stored.metadata.clone_from(&expected.metadata);
    }
    if stored != expected {
        return Err("is not stored as this program stores it".to_owned());
    }
    // The search text is not hashed, so it must match the text from which it was made.
    if row.get::<String>("actor_search").map_err(text)? != searchable(&event.actor.name) {
        return Err("actor_search does not fit the actor's name".to_owned());
    }
    let digest: Option<Vec<u8>> = row.get("digest").map_err(text)?;
    if digest.is_some_and(|digest| digest != deeds::digest_of(event)) {
        return Err("digest does not fit the deed".to_owned());
    }
    Ok(())
}
