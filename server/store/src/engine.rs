//! Opening a store of either engine.

mod following;

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use app::domain::record::{OutageCause, RecordLevel};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Lane, Reader, SchemaVersion, StoreError,
    batch::{Batch, Commit, EngineCommit, Writer},
    changes,
    condition::{Condition, Outage},
    migrate,
    pools::Pools,
    refold::refold,
    sqlite::{self, Restore},
};

/// How to open a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: SecretString,
    /// Whether to migrate an older schema.
    pub migrate: bool,
    /// Whether this process serves. On SQLite only one per file may.
    pub serves: bool,
    /// The durability of the gateway's records. Everything else is flushed.
    pub record: RecordLevel,
}

/// Which database keeps the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    /// For more than one node.
    Postgres,
}

/// The data store, with the lane in which it is used unless the task has one. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>, Option<Lane>);

struct Inner {
    pools: Pools,
    /// The lane if none is named.
    lane: Lane,
    writer: Writer,
    condition: Arc<Condition>,
    written: Arc<Notify>,
    told: changes::Told,
    shutdown: CancellationToken,
    // Locked as long as this process serves.
    _lock: Option<std::fs::File>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// The file of an SQLite store; `None` if another engine keeps it.
fn sqlite_path(url: &str) -> Option<&Path> {
    let path = url.strip_prefix("sqlite:")?;
    Some(Path::new(path.trim_start_matches("//")))
}

impl Store {
    /// Copies an SQLite store, which others may use meanwhile, as it is at one instant into a new file.
    ///
    /// # Errors
    ///
    /// If there is such a file already, or the store is damaged or is not SQLite's.
    pub fn back_up(url: &SecretString, to: &Path) -> Result<(), StoreError> {
        let from = sqlite_path(url.expose_secret()).ok_or(StoreError::OnlySqlite(
            "PostgreSQL is backed up by its own tools: see \"PostgreSQL\" in docs/operations.md",
        ))?;
        sqlite::copy(from, to)
    }

    /// Begins to restore an SQLite store from a backup. Nobody may serve it.
    ///
    /// # Errors
    ///
    /// If it is being served, the backup isn't one, or the store is not SQLite's.
    pub fn restore(url: &SecretString, backup: &Path) -> Result<Restore, StoreError> {
        let store = sqlite_path(url.expose_secret()).ok_or(StoreError::OnlySqlite(
            "PostgreSQL is restored by its own tools: after that, run `support-console restore --only-revoke`",
        ))?;
        Restore::begin(backup, store)
    }

    /// Makes sure that nobody serves an SQLite store as long as the returned value lives. Nothing can
    /// be held of PostgreSQL.
    ///
    /// # Errors
    ///
    /// If it is being served.
    pub fn hold(url: &SecretString) -> Result<Option<std::fs::File>, StoreError> {
        sqlite_path(url.expose_secret())
            .map(sqlite::lock)
            .transpose()
    }

    /// Opens a store, migrates its schema if requested, and starts its writer.
    pub async fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        Self::open_committing(options, Arc::new(EngineCommit)).await
    }

    /// Opens a store with another way to commit.
    pub(super) async fn open_committing(
        options: &StoreOptions,
        commit: Arc<dyn Commit>,
    ) -> Result<Self, StoreError> {
        let url = options.url.expose_secret();
        let (pools, lock) = if let Some(path) = sqlite_path(url) {
            Pools::open_sqlite(path, options.serves, options.record).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            (Pools::open_postgres(url).await?, None)
        } else {
            return Err(StoreError::UnknownEngine);
        };
        migrate::prepare(&pools, options.migrate).await?;
        if options.migrate {
            refold(&pools).await?;
        }
        let written = Arc::new(Notify::new());
        let condition = Arc::new(Condition::sound());
        let writer = Writer::start(Batch {
            pools: pools.clone(),
            record: options.record,
            written: Arc::clone(&written),
            condition: Arc::clone(&condition),
            commit,
        })?;
        let inner = Inner {
            pools,
            lane: match options.serves {
                true => Lane::Pages,
                false => Lane::Shell,
            },
            writer,
            condition,
            written,
            told: changes::Told::nobody(),
            shutdown: CancellationToken::new(),
            _lock: lock,
        };
        Ok(Self(Arc::new(inner), None))
    }

    /// The same store, used in a lane, whatever the task's lane is.
    #[must_use]
    pub fn within(&self, lane: Lane) -> Self {
        Self(Arc::clone(&self.0), Some(lane))
    }

    pub(super) fn lane(&self) -> Lane {
        match (self.1, Lane::of_task()) {
            // An end stays an end, whatever handle it uses.
            (_, Some(Lane::Ends)) => Lane::Ends,
            (Some(lane), _) | (None, Some(lane)) => lane,
            (None, None) => self.0.lane,
        }
    }

    /// Stops following changes. The store can still be read and written.
    pub fn close(&self) {
        self.0.shutdown.cancel();
    }

    /// Which database keeps the store.
    pub fn engine(&self) -> Engine {
        match &self.0.pools {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres { .. } => Engine::Postgres,
        }
    }

    /// Where the schema stands.
    pub async fn schema_version(&self) -> Result<SchemaVersion, StoreError> {
        migrate::version(&self.0.pools).await
    }

    /// A connection for reading, in the lane of this handle, or otherwise of the task.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] if none becomes free in time.
    pub async fn read(&self) -> Result<Reader, StoreError> {
        self.0.pools.reader(self.lane()).await
    }

    /// A connection for reading, however long it takes until one is free. For work that has begun
    /// and must not break off.
    pub async fn read_at_last(&self) -> Result<Reader, StoreError> {
        self.0.pools.reader_at_last(self.lane()).await
    }

    /// Whether the engine answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut reader = self.read().await?;
        reader.db().query("SELECT 1").execute().await.map(drop)
    }

    /// How many commits the batching writer has made since the store was opened.
    pub fn batch_commits(&self) -> u64 {
        self.0.writer.counts().commits.load(Ordering::Relaxed)
    }

    /// How often a batch of the batching writer was run a second time, because one of its acts had failed.
    pub fn batch_reruns(&self) -> u64 {
        self.0.writer.counts().reruns.load(Ordering::Relaxed)
    }

    /// Since when and why the store can't be written, if it can't.
    pub fn outage(&self) -> Option<Outage> {
        self.0.condition.outage()
    }

    /// Tells whenever [`Self::outage`] changes.
    pub fn watch_outage(&self) -> watch::Receiver<Option<Outage>> {
        self.0.condition.watch()
    }

    /// Notes that the store has not answered in time.
    pub fn note_slow(&self) {
        self.0.condition.failed(OutageCause::Slow);
    }

    pub(super) fn condition(&self) -> &Condition {
        &self.0.condition
    }

    pub(super) fn pools(&self) -> &Pools {
        &self.0.pools
    }

    pub(super) fn writer(&self) -> &Writer {
        &self.0.writer
    }

    pub(super) fn written(&self) -> &Notify {
        &self.0.written
    }
}
