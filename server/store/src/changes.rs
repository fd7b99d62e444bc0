//! The bus: a numbered log of changes that every process on this store must notice.
//!
//! A transaction announces a change by [`Bookkeeping::change`]. Subscribers get it from
//! [`crate::Store::changes`]. Only the numbered rows count. A commit of this process wakes the
//! reader of the log. On PostgreSQL an urgent commit of any process does so too, by `NOTIFY`. The
//! log is also polled, so a lost notification delays a change but loses none.

mod listen;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use app::domain::Timestamp;
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::{Bookkeeping, Db, Lane, Reader, StoreError, pools::Pools, sql::queries};

/// How often the log is read when nothing in this process has written.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// How long one read of the log may take. A connection that takes longer hangs, and is dropped.
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);

queries! {
    Db {
        /// The highest number in the log; 0 before the first.
        pub fn newest_change() -> one i64 = "SELECT COALESCE(MAX(number), 0) FROM changes";

        fn list_changes_after(last: i64) -> all (i64, String, String)
            = "SELECT number, kind, subject FROM changes WHERE number > :last ORDER BY number LIMIT 1000";
    }
    Bookkeeping {
        /// Deletes up to 500 changes from before an instant, which every process has long read.
        /// Returns how many.
        pub fn prune_changes(before: Timestamp) -> count
            // The oldest have the lowest numbers. Changes before an old one are old, whatever their
            // clock said. The newest stays, so that the highest number is known.
            = "DELETE FROM changes WHERE number IN (SELECT number FROM changes ORDER BY number LIMIT 500) \
                AND number <= (SELECT MAX(number) FROM (SELECT number, at FROM changes ORDER BY number LIMIT 10000) AS oldest \
                WHERE at < :before) AND number < (SELECT MAX(number) FROM changes)";

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

    /// Whether other nodes must see it at once. They find changes that come with every sign-in or
    /// report of the platform by polling, so that these delay no commit of a revocation.
    const fn is_urgent(self) -> bool {
        !matches!(self, Self::Health | Self::UserSessions)
    }

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
    /// Its number. On PostgreSQL a change may come after one with a greater number.
    pub number: i64,
    /// The kind of the change.
    pub kind: ChangeKind,
    pub subject: String,
}

impl Change {
    /// `None` for a kind of a newer program on the same store, which this one can ignore.
    fn of(number: i64, word: &str, subject: String) -> Option<Self> {
        let mut kinds = ChangeKind::ALL.into_iter();
        let kind = kinds.find(|kind| kind.as_str() == word)?;
        Some(Self {
            number,
            kind,
            subject,
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
        self.add_change(kind.as_str(), &subject, now).await?;
        if self.is_postgres() && kind.is_urgent() {
            // The commit wakes every node. PostgreSQL makes such commits wait for each other.
            let wake = self.query("SELECT pg_notify('support_console_changes', '')");
            wake.done().await?;
        }
        self.changed = true;
        Ok(())
    }
}

/// The listeners for changes.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) changes: broadcast::Sender<Change>,
    /// How many reads of the log were requested.
    pub(super) asked: Arc<AtomicU64>,
    /// How many were requested when the last completed read began.
    pub(super) looked: Arc<watch::Sender<u64>>,
    /// Whether anyone reads the log.
    pub(super) following: Arc<AtomicBool>,
}

impl Told {
    pub(super) fn nobody() -> Self {
        Self {
            changes: broadcast::Sender::new(1024),
            asked: Arc::default(),
            looked: Arc::default(),
            following: Arc::default(),
        }
    }
}

/// Follows the log and publishes every change, until `shutdown`.
pub(super) async fn follow(
    mut follower: Follower,
    written: Arc<Notify>,
    told: Told,
    shutdown: CancellationToken,
) {
    if let Pools::Postgres { pools, .. } = &follower.pools {
        let listening = listen::wake(pools.batch.clone(), Arc::clone(&written), shutdown.clone());
        tokio::spawn(listening);
    }
    loop {
        tokio::select! {
            () = shutdown.cancelled() => {
                told.following.store(false, Ordering::Release);
                return;
            }
            () = written.notified() => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
        let asked = told.asked.load(Ordering::Acquire);
        let problem = match tokio::time::timeout(LOOK_TIMEOUT, follower.look()).await {
            Ok(Ok(changes)) => {
                for change in changes {
                    // There may be no receiver.
                    let _ = told.changes.send(change);
                }
                told.looked.send_replace(asked);
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
pub(super) struct Follower {
    pools: Pools,
    reader: Option<Reader>,
    seen: Seen,
}

impl Follower {
    /// Follows the log from now on.
    pub(super) async fn start(pools: Pools) -> Result<Self, StoreError> {
        let mut reader = pools.reader(Lane::Gateway).await?;
        let seen = match &pools {
            Pools::Sqlite { .. } => Seen::UpTo {
                number: reader.db().newest_change().await?,
                version: None,
            },
            Pools::Postgres { .. } => Seen::Settled(Settled::now(&mut reader.db()).await?),
        };
        Ok(Self {
            pools,
            reader: Some(reader),
            seen,
        })
    }

    /// The changes that were committed since the last read.
    async fn look(&mut self) -> Result<Vec<Change>, StoreError> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => {
                self.seen.forget_version();
                none.insert(self.pools.reader(Lane::Gateway).await?)
            }
        };
        let mut db = reader.db();
        match &mut self.seen {
            Seen::UpTo { number, version } => look_after(number, version, &mut db).await,
            Seen::Settled(settled) => settled.look(&mut db).await,
        }
    }
}

/// How far the log has been read.
enum Seen {
    /// On SQLite, where numbers become visible in order: every change up to one. `version` is the
    /// file's at the last read on the same connection.
    UpTo { number: i64, version: Option<i64> },
    /// On PostgreSQL.
    Settled(Settled),
}

impl Seen {
    const fn forget_version(&mut self) {
        if let Self::UpTo { version, .. } = self {
            *version = None;
        }
    }
}

async fn look_after(
    last: &mut i64,
    version: &mut Option<i64>,
    db: &mut Db<'_>,
) -> Result<Vec<Change>, StoreError> {
    let found: i64 = db.query("PRAGMA data_version").fetch_one().await?;
    if version.replace(found) == Some(found) {
        return Ok(Vec::new());
    }
    let mut changes = Vec::new();
    let mut number = *last;
    loop {
        let rows = db.list_changes_after(number).await?;
        let Some((newest, ..)) = rows.last() else {
            *last = number;
            return Ok(changes);
        };
        number = *newest;
        let read = |(number, word, subject): (_, String, _)| Change::of(number, &word, subject);
        changes.extend(rows.into_iter().filter_map(read));
    }
}

/// How far a log was read in which a change may become visible after one with a greater number,
/// because numbers are given before the commit: everything in PostgreSQL's snapshot of the last
/// read.
#[derive(Debug)]
struct Settled {
    /// The first transaction that began after the snapshot.
    next: i64,
    /// Earlier ones that were open then, separated by commas.
    open: String,
}

/// The current snapshot; a change's number, kind and subject, if there is one.
type Noted = (String, Option<i64>, Option<String>, Option<String>);

impl Settled {
    /// Everything that is visible now counts as read.
    async fn now(db: &mut Db<'_>) -> Result<Self, StoreError> {
        let mut settled = Self {
            next: i64::MAX,
            open: String::new(),
        };
        settled.look(db).await?;
        Ok(settled)
    }

    /// The changes that have become visible since the last read. Its cost depends only on their
    /// number, however long any transaction stays open.
    async fn look(&mut self, db: &mut Db<'_>) -> Result<Vec<Change>, StoreError> {
        let rows: Vec<Noted> = db
            .query(
                // Rows with transaction numbers greater than any here came with a restore from
                // another server.
                "SELECT CAST(now.snapshot AS TEXT) AS snapshot, c.number, c.kind, c.subject \
                 FROM (SELECT pg_current_snapshot() AS snapshot) AS now LEFT JOIN changes AS c \
                 ON (c.transaction_id >= $1 AND \
                 c.transaction_id < CAST(CAST(pg_snapshot_xmax(now.snapshot) AS TEXT) AS BIGINT)) \
                 OR c.transaction_id = ANY (CAST(string_to_array($2, ',') AS BIGINT[])) ORDER BY c.number",
            )
            .bind(self.next)
            .bind(&self.open)
            .fetch_all()
            .await?;
        let mut changes = Vec::new();
        for (snapshot, number, word, subject) in rows {
            *self = Self::of(&snapshot)?;
            if let (Some(number), Some(word), Some(subject)) = (number, word, subject) {
                changes.extend(Change::of(number, &word, subject));
            }
        }
        Ok(changes)
    }

    /// Reads `oldest:next:open,open,…`.
    fn of(snapshot: &str) -> Result<Self, StoreError> {
        let mut parts = snapshot.splitn(3, ':').skip(1);
        let next = parts.next().and_then(|next| next.parse().ok());
        let (Some(next), Some(open)) = (next, parts.next()) else {
            return Err(StoreError::Unreadable {
                column: "snapshot",
                problem: format!("{snapshot:?} is no snapshot"),
            });
        };
        Ok(Self {
            next,
            open: open.to_owned(),
        })
    }
}
