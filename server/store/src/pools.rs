//! Connections of either engine, and how they are opened.

use std::{fs::File, path::Path};

use app::domain::record::RecordLevel;

use crate::{
    Lane, StoreError,
    connection::{Connection, Db, Reader},
    lane::{Lanes, in_time},
    postgres::PostgresPools,
    sqlite::{self, SqliteReaders, SqliteTransaction, SqliteWriter},
    transaction::Transaction,
};

/// Native pools of either engine.
#[derive(Clone)]
pub(crate) enum Pools {
    Sqlite {
        writer: SqliteWriter,
        readers: SqliteReaders,
    },
    Postgres {
        pools: PostgresPools,
    },
}

impl Pools {
    /// Opens an SQLite file, and takes its lock if this process serves it.
    pub(crate) async fn open_sqlite(
        path: &Path,
        serves: bool,
        record: RecordLevel,
    ) -> Result<(Self, Option<File>), StoreError> {
        let lock = if serves {
            Some(sqlite::lock(path)?)
        } else {
            None
        };
        sqlite::create_for_owner(path)?;
        sqlite::keep_write_ahead_log(path)?;
        // A second writer would only wait for the lock of the first.
        let writer = SqliteWriter::new(path.to_owned());
        assert_durable(&writer, record).await?;
        let readers = SqliteReaders::new(path.to_owned(), Lanes::new())?;
        Ok((Self::Sqlite { writer, readers }, lock))
    }

    pub(crate) async fn open_postgres(url: &str) -> Result<Self, StoreError> {
        let pools = PostgresPools::open(url).await?;
        let mut connection = pools.batch.acquire().await?;
        let mut db = Db(Connection::Postgres(&mut connection));
        let level: String = db.query("SHOW synchronous_commit").fetch_one().await?;
        if level == "off" {
            return Err(StoreError::NotDurable {
                problem: "synchronous_commit is off; anything else will do".to_owned(),
            });
        }
        let fsync: String = db.query("SHOW fsync").fetch_one().await?;
        if fsync == "off" {
            tracing::warn!(
                "PostgreSQL runs with fsync = off: commits don't survive a power failure"
            );
        }
        drop(connection);
        Ok(Self::Postgres { pools })
    }

    /// A connection of the lane for reading, if one becomes free in time.
    pub(crate) async fn reader(&self, lane: Lane) -> Result<Reader, StoreError> {
        match self {
            Self::Sqlite { readers, .. } => {
                let reader = in_time(lane, readers.reader(lane));
                Ok(Reader::Sqlite(reader.await?))
            }
            Self::Postgres { pools } => {
                let connection = Box::pin(pools.take(lane));
                Ok(Reader::Postgres(connection.await?))
            }
        }
    }

    /// A connection of the lane for reading, however long it takes until one is free.
    pub(crate) async fn reader_at_last(&self, lane: Lane) -> Result<Reader, StoreError> {
        match self {
            Self::Sqlite { readers, .. } => Ok(Reader::Sqlite(readers.reader(lane).await?)),
            Self::Postgres { pools } => loop {
                match pools.take(lane).await {
                    Ok(connection) => return Ok(Reader::Postgres(connection)),
                    Err(StoreError::Busy) => {}
                    Err(error) => return Err(error),
                }
            },
        }
    }

    /// Begins a transaction of the batching writer, at a durability level if one is given.
    pub(crate) async fn begin_batch(
        &self,
        level: Option<RecordLevel>,
    ) -> Result<Transaction, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => {
                Transaction::Sqlite(SqliteTransaction::begin(writer, level)?)
            }
            Self::Postgres { pools } => {
                let mut transaction = Transaction::Postgres(pools.batch.begin().await?);
                if level == Some(RecordLevel::Written) {
                    let mut db = transaction.db();
                    let local = db.query("SET LOCAL synchronous_commit = off");
                    local.execute().await?;
                }
                transaction
            }
        })
    }
}

/// Checks the settings on which durability depends, at each level in use.
async fn assert_durable(writer: &SqliteWriter, record: RecordLevel) -> Result<(), StoreError> {
    let mut connection = writer.take()?;
    // Flushed last, because this level stays.
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
