//! Opening a store of either engine.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use app::domain::record::{OutageCause, RecordLevel};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Reader, StoreError,
    batch::{Batch, Commit, EngineCommit, Writer},
    changes,
    condition::{Condition, Outage},
    connection::{Connection, Db},
    migrate,
    sqlite_writer::SqliteWriter,
};

/// For how long a writer waits for another process' lock on the same SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// After how long PostgreSQL ends a transaction in which nothing is asked, in milliseconds: a node that
/// was frozen in the middle of one must not keep others from revoking.
const IDLE_IN_TRANSACTION: &str = "3000";
/// How long a connection to PostgreSQL is waited for.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How many readers a store has.
const READERS: u32 = 8;

/// How to open a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: SecretString,
    /// Whether to bring an older schema up to date.
    pub migrate: bool,
    /// Whether this process serves: on SQLite there may be one per file.
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

/// Native pools of either engine.
#[derive(Clone)]
pub(super) enum Pools {
    Sqlite {
        writer: SqliteWriter,
        readers: SqlitePool,
        /// For connections that migrate.
        connect: Box<SqliteConnectOptions>,
    },
    Postgres {
        pool: PgPool,
        /// The batching writer's own, so that the gateway never waits for readers.
        batch: PgPool,
    },
}

/// The data store. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    pools: Pools,
    writer: Writer,
    condition: Arc<Condition>,
    written: Arc<Notify>,
    told: changes::Told,
    shutdown: CancellationToken,
    // Held for as long as this process serves.
    _lock: Option<std::fs::File>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Store {
    /// Opens a store, brings its schema up to date if asked to, and starts its writer.
    pub async fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        Self::open_committing(options, Arc::new(EngineCommit)).await
    }

    /// Opens a store with another way to commit.
    pub(super) async fn open_committing(
        options: &StoreOptions,
        commit: Arc<dyn Commit>,
    ) -> Result<Self, StoreError> {
        let url = options.url.expose_secret();
        let (pools, lock) = if let Some(path) = url.strip_prefix("sqlite:") {
            open_sqlite(Path::new(path.trim_start_matches("//")), options).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            (open_postgres(url).await?, None)
        } else {
            return Err(StoreError::UnknownEngine);
        };
        migrate::prepare(&pools, options.migrate).await?;
        let written = Arc::new(Notify::new());
        let condition = Arc::new(Condition::sound());
        let writer = Writer::start(Batch {
            pools: pools.clone(),
            record: options.record,
            written: Arc::clone(&written),
            condition: Arc::clone(&condition),
            commit,
        })?;
        let store = Self(Arc::new(Inner {
            pools,
            writer,
            condition,
            written,
            told: changes::Told::nobody(),
            shutdown: CancellationToken::new(),
            _lock: lock,
        }));
        Ok(store)
    }

    /// Follows the log of changes until the store is closed: each change, of whichever process,
    /// reaches those who have subscribed.
    pub async fn follow_changes(&self) -> Result<(), StoreError> {
        let last = changes::newest(&mut self.read().await?).await?;
        // Before it is followed, so that no one reads 0.
        self.0.told.position.send_replace(last);
        self.0.told.following.store(true, Ordering::Release);
        // Without the store itself, which a follower must not keep open.
        tokio::spawn(changes::follow(
            self.0.pools.clone(),
            last,
            Arc::clone(&self.0.written),
            self.0.told.clone(),
            self.0.shutdown.clone(),
        ));
        Ok(())
    }

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

    /// A connection for reading.
    pub async fn read(&self) -> Result<Reader, StoreError> {
        self.0.pools.reader().await
    }

    /// How many commits the batching writer has made since the store was opened.
    pub fn batch_commits(&self) -> u64 {
        self.0.writer.commits()
    }

    /// Since when and why the store can't be written, if it can't.
    pub fn outage(&self) -> Option<Outage> {
        self.0.condition.outage()
    }

    /// Tells whenever [`Self::outage`] changes.
    pub fn watch_outage(&self) -> watch::Receiver<Option<Outage>> {
        self.0.condition.watch()
    }

    /// Takes note that the store has not answered in time.
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

    pub(super) fn told(&self) -> &changes::Told {
        &self.0.told
    }
}

async fn open_sqlite(
    path: &Path,
    options: &StoreOptions,
) -> Result<(Pools, Option<std::fs::File>), StoreError> {
    let lock = if options.serves {
        Some(lock(path)?)
    } else {
        None
    };
    create_for_owner(path)?;
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(256);
    // The first connection makes it a file with a write-ahead log.
    connect.connect().await?.close().await?;
    // One writer: a second one would only wait for the first one's lock.
    let writer = SqliteWriter::new(path.to_owned(), BUSY_TIMEOUT);
    assert_durable(&writer, options.record).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .connect_with(connect.clone().pragma("query_only", "ON"))
        .await?;
    let pools = Pools::Sqlite {
        writer,
        readers,
        connect: Box::new(connect),
    };
    Ok((pools, lock))
}

/// Reads back the settings that durability depends on, at each level in use.
async fn assert_durable(writer: &SqliteWriter, record: RecordLevel) -> Result<(), StoreError> {
    let mut connection = writer.take()?;
    // Flushed last: it is what stays.
    for level in [record, RecordLevel::Flushed] {
        connection.commit_at(level)?;
        let mut db = Db(Connection::SqliteWriter(&mut connection));
        let mode: String = db.query("PRAGMA journal_mode").fetch_one().await?;
        let found: i64 = db.query("PRAGMA synchronous").fetch_one().await?;
        let needed = if level == RecordLevel::Flushed { 2 } else { 1 };
        if mode != "wal" || found != needed {
            let problem = format!(
                "journal_mode is {mode}, synchronous is {found}; wal and {needed} are needed"
            );
            return Err(StoreError::NotDurable { problem });
        }
    }
    writer.give_back(connection);
    Ok(())
}

/// Makes the file, if there is none, readable for its owner alone. The engine gives the files beside
/// it the same mode.
fn create_for_owner(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(StoreError::File {
            path: path.display().to_string(),
            source: Arc::new(error),
        }),
        _ => Ok(()),
    }
}

/// Takes the lock that says "this process serves this file".
fn lock(path: &Path) -> Result<std::fs::File, StoreError> {
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock_path = PathBuf::from(lock_path);
    let file_error = |source| StoreError::File {
        path: lock_path.display().to_string(),
        source: Arc::new(source),
    };
    let file = std::fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(file_error)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse {
            path: path.display().to_string(),
        }),
        Err(std::fs::TryLockError::Error(source)) => Err(file_error(source)),
    }
}

async fn open_postgres(url: &str) -> Result<Pools, StoreError> {
    let connect = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::UnknownEngine)?
        .application_name("support-console")
        .options([("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION)]);
    let pool = PgPoolOptions::new()
        .max_connections(READERS * 2)
        .acquire_timeout(CONNECT_TIMEOUT)
        .connect_with(connect.clone())
        .await;
    let pool = match pool {
        Ok(pool) => pool,
        Err(error) => return Err(unreachable(&connect, error).await),
    };
    let batch = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECT_TIMEOUT)
        .connect_with(connect)
        .await?;
    let mut connection = batch.acquire().await?;
    let level: String = Db(Connection::Postgres(&mut connection))
        .query("SHOW synchronous_commit")
        .fetch_one()
        .await?;
    if level == "off" {
        return Err(StoreError::NotDurable {
            problem: "synchronous_commit is off; anything else will do".to_owned(),
        });
    }
    let fsync: String = Db(Connection::Postgres(&mut connection))
        .query("SHOW fsync")
        .fetch_one()
        .await?;
    if fsync == "off" {
        tracing::warn!("PostgreSQL runs with fsync = off: commits don't survive a power failure");
    }
    drop(connection);
    Ok(Pools::Postgres { pool, batch })
}

/// Why no connection can be opened. A pool only reports that it timed out.
async fn unreachable(connect: &PgConnectOptions, error: sqlx::Error) -> StoreError {
    let mut source = error;
    if matches!(source, sqlx::Error::PoolTimedOut) {
        let once = tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(connect));
        if let Ok(Err(error)) = once.await {
            source = error;
        }
    }
    StoreError::Unreachable {
        at: format!(
            "{}@{}:{}/{}",
            connect.get_username(),
            connect.get_host(),
            connect.get_port(),
            connect.get_database().unwrap_or_default()
        ),
        source: Arc::new(source),
    }
}

impl Store {
    /// Whether the engine answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match &mut self.read().await? {
            Reader::Sqlite(connection) => connection.ping().await?,
            Reader::Postgres(connection) => connection.ping().await?,
        }
        Ok(())
    }
}
