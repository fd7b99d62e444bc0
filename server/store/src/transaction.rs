//! Transactions of either engine, and what each level of durability means to it.

use app::domain::record::RecordLevel;
use sqlx::{ConnectOptions as _, Postgres, SqliteConnection, pool::PoolConnection};

use super::{
    Reader, StoreError,
    connection::{Connection, Db},
    engine::Pools,
    sqlite_writer::{SqliteWriter, WritingConnection},
};

/// With a write-ahead log `FULL` flushes it at each commit, and `NORMAL` leaves that to the
/// operating system until the next commit that flushes (<https://sqlite.org/pragma.html>).
pub(super) const fn synchronous(level: RecordLevel) -> &'static str {
    match level {
        RecordLevel::Flushed => "PRAGMA synchronous = FULL",
        RecordLevel::Written => "PRAGMA synchronous = NORMAL",
    }
}

/// A transaction of either engine. Dropped without a commit it is rolled back.
pub(super) enum Transaction {
    Sqlite(SqliteTransaction),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// A transaction on the writing connection of SQLite.
///
/// SQLite ends a transaction by itself after some errors (a full disk among them), after which
/// counting transactions goes wrong. So a transaction that doesn't reach its commit drops its
/// connection, and the next one begins on a new connection.
pub(super) struct SqliteTransaction {
    connection: WritingConnection,
    writer: SqliteWriter,
    /// The number of rows that the connection had changed before.
    rows_changed: u64,
}

impl SqliteTransaction {
    /// Begins, at a level if one is given: it can't be changed later in a transaction.
    fn begin(writer: &SqliteWriter, level: Option<RecordLevel>) -> Result<Self, StoreError> {
        let mut connection = writer.take()?;
        if let Some(level) = level {
            connection.commit_at(level)?;
        }
        match connection.execute("BEGIN IMMEDIATE", &[]) {
            Ok(_) => Ok(Self {
                rows_changed: connection.rows_changed(),
                connection,
                writer: writer.clone(),
            }),
            Err(error) => {
                writer.give_back(connection);
                Err(error)
            }
        }
    }

    fn roll_back(mut self) {
        // A connection that can't roll back is closed.
        if self.connection.execute("ROLLBACK", &[]).is_ok() {
            self.writer.give_back(self.connection);
        }
    }

    fn commit(mut self) -> Result<(), StoreError> {
        self.connection.execute("COMMIT", &[])?;
        self.writer.give_back(self.connection);
        Ok(())
    }
}

impl Pools {
    /// A connection for reading.
    pub(super) async fn reader(&self) -> Result<Reader, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Reader::Sqlite(readers.acquire().await?),
            Self::Postgres { pool, .. } => Reader::Postgres(pool.acquire().await?),
        })
    }

    /// Begins a transaction for a single act.
    pub(super) async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => {
                Transaction::Sqlite(SqliteTransaction::begin(writer, None)?)
            }
            Self::Postgres { pool, .. } => Transaction::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction of the batching writer, at a level if one is given.
    pub(super) async fn begin_batch(
        &self,
        level: Option<RecordLevel>,
    ) -> Result<Transaction, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => {
                Transaction::Sqlite(SqliteTransaction::begin(writer, level)?)
            }
            Self::Postgres { batch, .. } => {
                let mut transaction = Transaction::Postgres(batch.begin().await?);
                if level == Some(RecordLevel::Written) {
                    let mut db = transaction.db();
                    let local = db.query("SET LOCAL synchronous_commit = off");
                    local.execute().await?;
                }
                transaction
            }
        })
    }

    /// A connection that may write, outside of a transaction: for migrations.
    pub(super) async fn acquire_writer(&self) -> Result<WriterConnection, StoreError> {
        Ok(match self {
            Self::Sqlite { connect, .. } => WriterConnection::Sqlite(connect.connect().await?),
            Self::Postgres { pool, .. } => WriterConnection::Postgres(pool.acquire().await?),
        })
    }
}

/// A connection that may write, outside of a transaction.
pub(super) enum WriterConnection {
    Sqlite(SqliteConnection),
    Postgres(PoolConnection<Postgres>),
}

impl Transaction {
    pub(super) fn db(&mut self) -> Db<'_> {
        Db(match self {
            Self::Sqlite(transaction) => Connection::SqliteWriter(&mut transaction.connection),
            Self::Postgres(transaction) => Connection::Postgres(transaction),
        })
    }

    /// Whether its commit has anything to keep. SQLite commits nothing without touching the disk; on
    /// PostgreSQL to have asked is enough.
    pub(super) fn proves_anything(&self) -> bool {
        match self {
            Self::Sqlite(transaction) => {
                transaction.connection.rows_changed() > transaction.rows_changed
            }
            Self::Postgres(_) => true,
        }
    }

    /// Ends it with nothing kept.
    pub(super) async fn roll_back(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.roll_back(),
            Self::Postgres(transaction) => transaction.rollback().await?,
        }
        Ok(())
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.commit()?,
            Self::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}
