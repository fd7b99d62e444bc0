//! The bus: the numbered log of what every process on this store must notice.
//!
//! A transaction announces a change by [`Bookkeeping::change`]. Subscribers get it from
//! [`crate::Store::changes`]. The numbered rows are the truth. A commit of this process wakes the reader
//! of the log. On PostgreSQL a commit of any process does too, by `NOTIFY`. The log is also polled, so a
//! lost notification delays a change but loses none.

mod listen;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use app::domain::Timestamp;
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Bookkeeping, Db, FromRow, Reader, Row, StoreError, connection::Connection, pools::Pools,
    sql::queries,
};

/// How often the log is read when nothing in this process has written.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// How long one read of the log may take. A connection that takes longer hangs, and is given up.
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a change is kept.
const KEPT: chrono::TimeDelta = chrono::TimeDelta::hours(1);

queries! {
    Db {
        /// The highest number in the log; 0 before the first.
        pub fn newest_change() -> one i64 = "SELECT COALESCE(MAX(number), 0) FROM changes";

        fn list_changes_after(last: i64) -> all Entry
            = "SELECT number, kind, subject FROM changes WHERE number > :last ORDER BY number LIMIT 1000";
    }
    Bookkeeping {
        /// Forgets changes that every process has long read.
        pub(super) fn prune_changes(now: Timestamp) -> count
            where (before = now - KEPT)
            // The newest stays, so that the highest number is known.
            = "DELETE FROM changes WHERE at < :before AND number < (SELECT MAX(number) FROM changes)";

        fn add_change(kind: &str, subject: &str, at: Timestamp)
            = "INSERT INTO changes (kind, subject, at) VALUES (:kind, :subject, :at)";
    }
}

/// The kind of the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A tenant or its organizations were registered or changed. Subject: the tenant.
    Tenant,
    /// Some tenants' health was evaluated again. Subject: empty.
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
    /// The nodes' rules have become different, or the same again. Subject: the boot ID of the
    /// announcing server.
    Node,
}

impl ChangeKind {
    const ALL: [Self; 8] = [
        Self::Tenant,
        Self::Health,
        Self::SupportSession,
        Self::Staff,
        Self::StaffSession,
        Self::UserSessions,
        Self::ApiKey,
        Self::Node,
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
            Self::Node => "node",
        }
    }
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number. Later ones are greater.
    pub number: i64,
    /// The kind of the change.
    pub kind: ChangeKind,
    pub subject: String,
}

struct Entry {
    number: i64,
    change: Option<Change>,
}

impl FromRow for Entry {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let (number, word, subject) = <(i64, String, String)>::from_row(row)?;
        // A newer program on the same store may write kinds that this one need not know.
        let mut kinds = ChangeKind::ALL.into_iter();
        let kind = kinds.find(|kind| kind.as_str() == word);
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

impl Bookkeeping<'_> {
    /// Announces a change to every process on this store, once this transaction is committed.
    pub async fn change(
        &mut self,
        kind: ChangeKind,
        subject: impl ToString + Send,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let subject = subject.to_string();
        self.number_changes().await?;
        self.add_change(kind.as_str(), &subject, now).await?;
        self.changed = true;
        Ok(())
    }
}

/// The newest number, from which a process that starts now follows the log.
pub(super) async fn newest(reader: &mut Reader) -> Result<i64, StoreError> {
    reader.db().newest_change().await
}

/// The listeners for changes.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) changes: broadcast::Sender<Change>,
    /// The number up to which all listeners were informed.
    pub(super) position: Arc<watch::Sender<i64>>,
    /// Whether anyone reads the log at all.
    pub(super) following: Arc<AtomicBool>,
}

impl Told {
    pub(super) fn nobody() -> Self {
        Self {
            changes: broadcast::Sender::new(1024),
            position: Arc::default(),
            following: Arc::default(),
        }
    }
}

/// Follows the log and hands every change on, until `shutdown`.
pub(super) async fn follow(
    pools: Pools,
    last: i64,
    written: Arc<Notify>,
    told: Told,
    shutdown: CancellationToken,
) {
    if let Pools::Postgres { pool, .. } = &pools {
        let listening = listen::wake(pool.clone(), Arc::clone(&written), shutdown.clone());
        tokio::spawn(listening);
    }
    let mut follower = Follower {
        pools,
        reader: None,
        version: None,
        last,
    };
    loop {
        tokio::select! {
            () = shutdown.cancelled() => {
                told.following.store(false, Ordering::Release);
                return;
            }
            () = written.notified() => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
        let problem = match tokio::time::timeout(LOOK_TIMEOUT, follower.read_new()).await {
            Ok(Ok(changes)) => {
                for change in changes {
                    // There may be no receiver.
                    let _ = told.changes.send(change);
                }
                told.position.send_replace(follower.last);
                continue;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it took too long".to_owned(),
        };
        // A version seen on another connection says nothing about the next one.
        if let Some(reader) = follower.reader.take() {
            reader.discard();
        }
        tracing::warn!(error = problem, "can't read the change log");
    }
}

/// Reads the log over its own connection, because SQLite counts versions per connection.
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
            let entries = reader.db().list_changes_after(last).await?;
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
