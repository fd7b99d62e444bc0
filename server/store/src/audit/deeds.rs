//! What many events have in common: who did what kind of thing from where, and whether it succeeded. It is stored once.

use std::collections::{BTreeMap, btree_map::Entry};

use app::domain::{Timestamp, audit::AuditEvent};
use chrono::TimeDelta;
use const_format::concatcp;
use sha2::{Digest as _, Sha256};

use super::{metadata::OF_REQUESTS, new_event::NewAuditEvent};
use crate::{
    Db, Record, StoreError,
    record::{placeholders, record},
    rows::Rows,
    searchable,
    sql::queries,
    value::ToValue,
};

/// How long after its use a deed is kept for others.
const KEPT: TimeDelta = TimeDelta::days(60);

/// The least time for which it must still be kept before that is extended. The clocks of nodes may
/// differ by as much.
const KEPT_AT_LEAST: TimeDelta = TimeDelta::days(1);

/// The next number on SQLite, from both ends of the key, without a scan.
pub(crate) const NEXT_DEED: &str = "(MAX(COALESCE((SELECT MAX(id) FROM audit_deeds), 0), \
    -COALESCE((SELECT MIN(id) FROM audit_deeds), 0)) + 1)";

const COLUMNS: &str = <Stored as Record>::COLUMNS;

static FIND: Rows = Rows::new(
    concatcp!(
        "SELECT ",
        COLUMNS,
        " FROM audit_deeds WHERE digest IN (VALUES "
    ),
    1,
    ")",
);

queries! {
    Db {
        /// Up to 1,000 deeds after a number that have a digest, in order.
        pub(super) fn list_deeds_after(id: i64) -> all Stored
            = concatcp!("SELECT ", COLUMNS, " FROM audit_deeds \
                WHERE id > :id AND digest IS NOT NULL ORDER BY id LIMIT 1000");

        /// Gives a deed another digest, so that no new event finds it. Its content stays, for
        /// verification.
        fn displace_deed(id: i64, digest: &[u8], other: &[u8])
            = "UPDATE audit_deeds SET digest = :other WHERE id = :id AND digest = :digest";

        /// Another node's clock may be ahead.
        fn keep_deed(id: i64, until: Timestamp) -> changed
            = "UPDATE audit_deeds SET used_until = CASE WHEN used_until < :until THEN :until ELSE used_until END \
                WHERE id = :id";
    }
}

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

/// The content of a deed.
#[derive(Debug, PartialEq, Eq)]
struct Content {
    v: i64,
    category: String,
    action: String,
    resource_type: String,
    outcome: String,
    actor_type: String,
    actor_id: String,
    actor_name: String,
    actor_search: String,
    ip: Option<String>,
    user_agent: Option<String>,
}

record! { Content {
    v; category; action; resource_type; outcome; actor_type; actor_id; actor_name; actor_search; ip; user_agent;
} }

impl Content {
    fn of(event: &NewAuditEvent) -> Self {
        let kind = event.action.kind();
        Self {
            v: audit::chain::VERSION.into(),
            category: kind.category.as_str().to_owned(),
            action: kind.name.to_owned(),
            resource_type: kind.resource_type.to_owned(),
            outcome: event.outcome.as_str().to_owned(),
            actor_type: event.actor.kind.as_str().to_owned(),
            actor_id: event.actor.id.clone(),
            actor_name: event.actor.name.clone(),
            actor_search: searchable(&event.actor.name),
            ip: event.origin.ip.clone(),
            user_agent: event.origin.user_agent.clone(),
        }
    }

    /// The sign of its number.
    fn sign(&self) -> i64 {
        sign_of(&self.action)
    }
}

/// The sign of the number of an action's deeds, by which an index leaves out events of requests.
pub(super) fn sign_of(action: &str) -> i64 {
    if OF_REQUESTS.contains(&action) { -1 } else { 1 }
}

/// A deed as stored.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) id: i64,
    digest: Vec<u8>,
    /// No event that uses it was recorded later.
    used_until: Timestamp,
    content: Content,
}

record! { Stored { id; digest; used_until; content: Content } }

impl Stored {
    /// Whether the digest matches its content.
    pub(super) fn is_sound(&self) -> bool {
        let content = &self.content;
        let digest = digest([
            Some(&content.category),
            Some(&content.action),
            Some(&content.resource_type),
            Some(&content.outcome),
            Some(&content.actor_type),
            Some(&content.actor_id),
            Some(&content.actor_name),
            content.ip.as_deref(),
            content.user_agent.as_deref(),
        ]);
        self.digest == digest
    }
}

/// The number of a deed, and until when it is kept.
#[derive(Debug, Clone, Copy)]
struct Known {
    id: i64,
    used_until: Timestamp,
}

/// The deeds that a transaction has found or added.
#[derive(Debug, Default)]
pub(crate) struct Deeds(BTreeMap<Digest, Known>);

impl Deeds {
    /// Finds the deeds of events, adds missing ones, and notes how long they are needed. Rows are
    /// locked in the order of their digests, after everything that acts have locked and before any
    /// chain.
    pub(crate) async fn learn(
        &mut self,
        db: &mut Db<'_>,
        events: impl Iterator<Item = &Named>,
    ) -> Result<(), StoreError> {
        let mut wanted = BTreeMap::new();
        for Named { event, deed } in events {
            if let (false, Entry::Vacant(new)) = (self.0.contains_key(deed), wanted.entry(*deed)) {
                new.insert((event.recorded.now(), Content::of(event)));
            }
        }
        let others = self.find(db, &wanted).await?;
        let mut added = BTreeMap::new();
        for (digest, (now, content)) in wanted {
            match self.0.get(&digest).copied() {
                Some(known) if known.used_until >= now + KEPT_AT_LEAST => {}
                Some(known) => self.keep_one(db, digest, known, now).await?,
                None => {
                    if let Some(id) = others.get(&digest) {
                        displace(db, *id, &digest).await?;
                    }
                    add(db, &digest, &content, now + KEPT).await?;
                    added.insert(digest, (now, content));
                }
            }
        }
        self.find(db, &added).await?;
        match added.keys().all(|digest| self.0.contains_key(digest)) {
            true => Ok(()),
            false => Err(StoreError::Contended),
        }
    }

    /// Finds deeds. Returns the numbers of those whose content doesn't match their digests.
    async fn find(
        &mut self,
        db: &mut Db<'_>,
        wanted: &BTreeMap<Digest, (Timestamp, Content)>,
    ) -> Result<BTreeMap<Digest, i64>, StoreError> {
        let mut others = BTreeMap::new();
        let digests = wanted.keys().map(|digest| vec![digest.to_value()]);
        for stored in FIND.fetch_all::<Stored>(db, digests.collect()).await? {
            let Ok(digest) = Digest::try_from(stored.digest) else {
                continue;
            };
            let Stored {
                id,
                used_until,
                content,
                ..
            } = stored;
            let is_ours = wanted.get(&digest).is_some_and(|(_, wanted)| {
                // Otherwise the event would be stored with content that someone else wrote there.
                *wanted == content && id.signum() == wanted.sign()
            });
            match is_ours {
                true => drop(self.0.insert(digest, Known { id, used_until })),
                false => drop(others.insert(digest, id)),
            }
        }
        Ok(others)
    }

    /// The number of a known deed.
    pub(crate) fn number(&self, digest: &Digest) -> Result<i64, StoreError> {
        let known = self.0.get(digest).map(|known| known.id);
        known.ok_or(StoreError::Contended)
    }

    /// Makes sure that deeds are kept long enough for their events, because a chain's time can be
    /// ahead of the clock.
    pub(super) async fn keep(
        &mut self,
        db: &mut Db<'_>,
        used: impl Iterator<Item = (Digest, Timestamp)>,
    ) -> Result<(), StoreError> {
        let mut late = BTreeMap::<Digest, Timestamp>::new();
        for (digest, recorded_at) in used {
            let known = self.0.get(&digest);
            if known.is_some_and(|known| known.used_until < recorded_at) {
                let latest = late.entry(digest).or_insert(recorded_at);
                *latest = recorded_at.max(*latest);
            }
        }
        for (digest, recorded_at) in late {
            if let Some(known) = self.0.get(&digest).copied() {
                self.keep_one(db, digest, known, recorded_at).await?;
            }
        }
        Ok(())
    }

    async fn keep_one(
        &mut self,
        db: &mut Db<'_>,
        digest: Digest,
        Known { id, .. }: Known,
        used_at: Timestamp,
    ) -> Result<(), StoreError> {
        let used_until = used_at + KEPT;
        if !db.keep_deed(id, used_until).await? {
            // Retention has deleted it.
            return Err(StoreError::Contended);
        }
        self.0.insert(digest, Known { id, used_until });
        Ok(())
    }
}

/// Gives another digest to a deed whose content doesn't match its own. Someone has changed one of
/// them, so that new events would be stored with this content. The deed itself stays: events that
/// use it are not what was recorded, and `audit verify` names it.
async fn displace(db: &mut Db<'_>, id: i64, digest: &Digest) -> Result<(), StoreError> {
    tracing::error!(
        audit.deed = id,
        "audit_deeds was tampered with: a row says something else than its digest. Run `support-console audit verify`"
    );
    let other = [digest.as_slice(), &id.to_be_bytes()].concat();
    db.displace_deed(id, digest, &other).await
}

async fn add(
    db: &mut Db<'_>,
    digest: &Digest,
    content: &Content,
    used_until: Timestamp,
) -> Result<(), StoreError> {
    let number = match db.is_postgres() {
        true => "nextval('audit_deeds_number')",
        false => NEXT_DEED,
    };
    let places = const { placeholders(COLUMNS) };
    let sql = format!(
        "INSERT INTO audit_deeds ({COLUMNS}) VALUES ({number} * {places}) ON CONFLICT (digest) DO NOTHING"
    );
    db.assembled(sql)
        .bind(content.sign())
        .bind(digest)
        .bind(used_until)
        .with(|values| content.add_to(values))
        .done()
        .await
}

/// The digest of these parts, each with its length, so that parts can't be shifted.
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
