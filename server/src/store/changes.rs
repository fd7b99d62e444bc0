//! The numbered log of what every process on this store must notice.

use std::sync::Arc;

use app::domain::Timestamp;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use super::{
    FromRow, Reader, Row, Store, StoreError, Tx, connection::Connection, engine::Pools,
    sql::statements,
};

/// How often the log is read when nothing in this process has written.
pub(super) const POLL_INTERVAL: std::time::Duration = std::time::Duration::from_millis(200);
/// How long a change is kept.
const KEPT: chrono::TimeDelta = chrono::TimeDelta::hours(1);

statements! {
    ADD = "INSERT INTO changes (kind, subject, at) VALUES ($1, $2, $3)";
    NEWEST = "SELECT COALESCE(MAX(number), 0) FROM changes";
    LIST_AFTER = "SELECT number, kind, subject FROM changes WHERE number > $1 ORDER BY number LIMIT 1000";
    PRUNE = "DELETE FROM changes WHERE at < $1";
}

/// What kind of thing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A tenant or its organizations were registered or changed. Subject: the tenant.
    Tenant,
    /// Health was worked out anew for some tenants. Subject: empty.
    Health,
    /// A support session was created, ended or given another token. Subject: the session.
    SupportSession,
    /// A staff member's roles, password or state changed. Subject: the staff member.
    Staff,
    /// A staff session ended. Subject: the staff session.
    StaffSession,
    /// User sessions of a tenant began or ended. Subject: the tenant.
    UserSessions,
    /// A key was made or revoked. Subject: the key.
    ApiKey,
}

impl ChangeKind {
    const ALL: [Self; 7] = [
        Self::Tenant,
        Self::Health,
        Self::SupportSession,
        Self::Staff,
        Self::StaffSession,
        Self::UserSessions,
        Self::ApiKey,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Health => "health",
            Self::SupportSession => "support_session",
            Self::Staff => "staff",
            Self::StaffSession => "staff_session",
            Self::UserSessions => "user_sessions",
            Self::ApiKey => "api_key",
        }
    }
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number; later ones are greater.
    pub number: i64,
    /// What kind of thing has changed.
    pub kind: ChangeKind,
    /// Which one.
    pub subject: String,
}

struct Entry {
    number: i64,
    change: Option<Change>,
}

impl FromRow for Entry {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let number = row.int("number")?;
        let word = row.text("kind")?;
        // A newer program on the same store may write kinds that this one need not know.
        let kind = ChangeKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word);
        let subject = row.text("subject")?;
        Ok(Self {
            number,
            change: kind.map(|kind| Change {
                number,
                kind,
                subject,
            }),
        })
    }
}

impl Tx<'_> {
    /// Tells every process on this store of a change, once this transaction is committed.
    pub async fn change(
        &mut self,
        kind: ChangeKind,
        subject: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.number_changes().await?;
        self.query(ADD)
            .bind(kind.as_str())
            .bind(subject)
            .bind(now)
            .execute()
            .await?;
        self.changed = true;
        Ok(())
    }
}

/// The newest number, from which a process that starts now follows the log.
pub(super) async fn newest(reader: &mut Reader) -> Result<i64, StoreError> {
    reader.db().query(NEWEST).fetch_one().await
}

/// Follows the log and hands every change to `sender`, until `shutdown`.
pub(super) async fn follow(
    pools: Pools,
    last: i64,
    written: Arc<Notify>,
    sender: broadcast::Sender<Change>,
    shutdown: CancellationToken,
) {
    let mut follower = Follower {
        pools,
        reader: None,
        version: None,
        last,
    };
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = written.notified() => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
        match follower.read_new().await {
            Ok(changes) => {
                for change in changes {
                    // Nobody may be listening.
                    let _ = sender.send(change);
                }
            }
            Err(error) => {
                // A version seen on another connection says nothing about the next one.
                follower.reader = None;
                tracing::warn!(error = %error, "the log of changes can't be read");
            }
        }
    }
}

/// Reads the log on one connection of its own, since SQLite counts its versions per connection.
struct Follower {
    pools: Pools,
    reader: Option<Reader>,
    version: Option<i64>,
    last: i64,
}

impl Follower {
    async fn read_new(&mut self) -> Result<Vec<Change>, StoreError> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => {
                self.version = None;
                none.insert(self.pools.reader().await?)
            }
        };
        if !anyone_wrote(reader, &mut self.version).await? {
            return Ok(Vec::new());
        }
        let mut changes = Vec::new();
        let mut last = self.last;
        loop {
            let mut db = reader.db();
            let entries: Vec<Entry> = db.query(LIST_AFTER).bind(last).fetch_all().await?;
            let Some(newest) = entries.last() else {
                self.last = last;
                return Ok(changes);
            };
            last = newest.number;
            changes.extend(entries.into_iter().filter_map(|entry| entry.change));
        }
    }
}

/// Whether any other connection has committed since the last look on this one. PostgreSQL has no
/// cheaper look than the log itself.
async fn anyone_wrote(reader: &mut Reader, version: &mut Option<i64>) -> Result<bool, StoreError> {
    let mut db = reader.db();
    if !matches!(db.0, Connection::Sqlite(_)) {
        return Ok(true);
    }
    let now: i64 = db.query("PRAGMA data_version").fetch_one().await?;
    Ok(version.replace(now) != Some(now))
}

impl Store {
    /// Forgets changes that every process has long read.
    pub async fn prune_changes(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(super::Priority::Normal, move |tx| {
            Box::pin(async move { tx.query(PRUNE).bind(now - KEPT).execute().await })
        })
        .await
    }
}
