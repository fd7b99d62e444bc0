//! What many events have in common: who did what kind of thing from where, and whether it succeeded. It is stored once.

use std::collections::BTreeMap;

use app::domain::{
    Timestamp,
    audit::{Actor, AuditEvent},
};
use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};

use super::{metadata::OF_REQUESTS, new_event::NewAuditEvent};
use crate::{
    Db, StoreError, Value,
    record::record,
    rows::{Rows, columns},
    searchable,
    value::ToValue,
};

/// For how long after its use a deed is kept for others.
const KEPT: TimeDelta = TimeDelta::days(60);

const COLUMNS: &str = "v, category, action, resource_type, outcome, actor_type, actor_id, actor_name, actor_search, ip, \
    user_agent, digest, used_until";

/// The next number on SQLite: by the ends of the key, without a walk through all.
pub(crate) const NEXT_DEED: &str = "(MAX(COALESCE((SELECT MAX(id) FROM audit_deeds), 0), \
    -COALESCE((SELECT MIN(id) FROM audit_deeds), 0)) + 1)";

static FIND: Rows = Rows::new(
    "SELECT digest, id, used_until FROM audit_deeds WHERE digest IN (VALUES ",
    1,
    ")",
);

static KEEP: Rows = Rows::new(
    // Another node's clock may be ahead.
    "UPDATE audit_deeds SET used_until = CASE WHEN used_until < v.column2 THEN v.column2 ELSE used_until END FROM (VALUES ",
    2,
    ") AS v WHERE audit_deeds.id = v.column1",
);

/// SHA-256 of a deed.
pub(crate) type Digest = [u8; 32];

/// An event with the digest of its deed.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) event: NewAuditEvent,
    pub(crate) deed: Digest,
}

impl From<NewAuditEvent> for Named {
    fn from(event: NewAuditEvent) -> Self {
        let deed = event.deed();
        Self { event, deed }
    }
}

/// A deed as stored.
#[derive(Debug, Clone, Copy)]
struct Known {
    id: i64,
    /// No event with it was recorded later.
    used_until: Timestamp,
}

record! { Known { id; used_until } }

struct Found {
    digest: Vec<u8>,
    known: Known,
}

record! { Found { digest; known: Known } }

/// The deeds that a transaction has found or added.
#[derive(Debug, Default)]
pub(crate) struct Deeds(BTreeMap<Digest, Known>);

impl Deeds {
    /// Finds the deeds of events as far as they are there, so that the ones that are needed are asked for at once.
    pub(crate) async fn look_up(
        &mut self,
        db: &mut Db<'_>,
        events: impl Iterator<Item = &Named>,
    ) -> Result<(), StoreError> {
        let mut unknown = self.unknown(events);
        self.find(db, &mut unknown).await
    }

    fn unknown<'e>(
        &self,
        events: impl Iterator<Item = &'e Named>,
    ) -> BTreeMap<Digest, &'e NewAuditEvent> {
        events
            .filter(|named| !self.0.contains_key(&named.deed))
            .map(|named| (named.deed, &named.event))
            .collect()
    }

    /// Finds the deeds of events, and adds those that are missing. They are locked in the order of their digests, before any
    /// chain.
    pub(crate) async fn learn(
        &mut self,
        db: &mut Db<'_>,
        events: impl Iterator<Item = &Named>,
    ) -> Result<(), StoreError> {
        let mut unknown = self.unknown(events);
        self.find(db, &mut unknown).await?;
        if unknown.is_empty() {
            return Ok(());
        }
        for (digest, event) in &unknown {
            add(db, digest, event).await?;
        }
        self.find(db, &mut unknown).await?;
        match unknown.is_empty() {
            true => Ok(()),
            false => Err(StoreError::Contended),
        }
    }

    async fn find(
        &mut self,
        db: &mut Db<'_>,
        unknown: &mut BTreeMap<Digest, &NewAuditEvent>,
    ) -> Result<(), StoreError> {
        let digests = unknown.keys().map(|digest| vec![digest.to_value()]);
        for found in FIND.fetch_all::<Found>(db, digests.collect()).await? {
            if let Ok(digest) = Digest::try_from(found.digest) {
                unknown.remove(&digest);
                self.0.insert(digest, found.known);
            }
        }
        Ok(())
    }

    /// The number of a deed that has been learnt.
    pub(crate) fn number(&self, digest: &Digest) -> Result<i64, StoreError> {
        let known = self.0.get(digest).map(|known| known.id);
        known.ok_or(StoreError::Contended)
    }

    /// Notes until when deeds have been used, by events and the instants at which they are recorded.
    pub(super) async fn keep(
        &mut self,
        db: &mut Db<'_>,
        used: impl Iterator<Item = (Digest, Timestamp)>,
    ) -> Result<(), StoreError> {
        let mut late = BTreeMap::<i64, Timestamp>::new();
        for (digest, recorded_at) in used {
            if let Some(known) = self.0.get_mut(&digest)
                && known.used_until < recorded_at
            {
                known.used_until = recorded_at + KEPT;
                late.insert(known.id, known.used_until);
            }
        }
        let count = late.len() as u64;
        let rows = late.into_iter();
        let rows = rows.map(|(id, until)| vec![id.to_value(), until.to_value()]);
        match KEEP.execute(db, rows.collect()).await? == count {
            true => Ok(()),
            // Retention has deleted one of them.
            false => Err(StoreError::Contended),
        }
    }
}

async fn add(db: &mut Db<'_>, digest: &Digest, event: &NewAuditEvent) -> Result<(), StoreError> {
    let number = match db.is_postgres() {
        true => "nextval('audit_deeds_number')",
        false => NEXT_DEED,
    };
    let count = const { columns(COLUMNS) };
    let places: Vec<_> = (2..=count + 1).map(|place| format!("${place}")).collect();
    let sql = format!(
        "INSERT INTO audit_deeds (id, {COLUMNS}) VALUES ({number} * $1, {}) ON CONFLICT (digest) DO NOTHING",
        places.join(", ")
    );
    let kind = event.action.kind();
    let Actor {
        kind: actor,
        id,
        name,
    } = &event.actor;
    let sign = if OF_REQUESTS.contains(&kind.name) {
        -1
    } else {
        1
    };
    let values: Vec<Value> = vec![
        Value::Int(sign),
        audit::chain::VERSION.to_value(),
        kind.category.to_value(),
        kind.name.to_value(),
        kind.resource_type.to_value(),
        event.outcome.to_value(),
        actor.to_value(),
        id.to_value(),
        name.to_value(),
        searchable(name).to_value(),
        event.origin.ip.to_value(),
        event.origin.user_agent.to_value(),
        digest.to_value(),
        (event.recorded.now() + KEPT).to_value(),
    ];
    db.assembled(sql)
        .with(|bound| bound.extend(values))
        .done()
        .await
}

/// The digest of these parts, each with its length, so that none reaches into the next.
fn digest(parts: [Option<&str>; 9]) -> Digest {
    let mut digest = Sha256::new();
    for part in parts {
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        digest.update(length.to_be_bytes());
        digest.update(part.unwrap_or_default());
    }
    digest.finalize().into()
}

/// The digest of an event's deed.
pub(super) fn digest_of(event: &AuditEvent) -> Digest {
    digest([
        Some(event.category.as_str()),
        Some(&event.action),
        Some(&event.resource_type),
        Some(event.outcome.as_str()),
        Some(event.actor.kind.as_str()),
        Some(&event.actor.id),
        Some(&event.actor.name),
        event.ip.as_deref(),
        event.user_agent.as_deref(),
    ])
}

impl NewAuditEvent {
    /// The digest of its deed.
    fn deed(&self) -> Digest {
        let kind = self.action.kind();
        digest([
            Some(kind.category.as_str()),
            Some(kind.name),
            Some(kind.resource_type),
            Some(self.outcome.as_str()),
            Some(self.actor.kind.as_str()),
            Some(&self.actor.id),
            Some(&self.actor.name),
            self.origin.ip.as_deref(),
            self.origin.user_agent.as_deref(),
        ])
    }
}
