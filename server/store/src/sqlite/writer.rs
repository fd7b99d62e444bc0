//! The one connection that writes SQLite.
//!
//! The thread of the batching writer owns it and runs each statement itself. Two changes of thread would
//! cost more than a statement, and a request's record takes a dozen of them.

use std::{path::PathBuf, sync::Arc};

use app::domain::record::RecordLevel;
use parking_lot::Mutex;
use rusqlite::Connection;

use super::{open, run};
use crate::{StoreError, Value, row::Answer};

/// Settings of this connection. Its pages and savepoints stay in memory. By default the engine would
/// create and delete a file for each batch.
const SETTINGS: &str =
    "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384";

/// With a write-ahead log `FULL` flushes it at each commit, and `NORMAL` leaves that to the
/// operating system until the next commit that flushes (<https://sqlite.org/pragma.html>).
const fn synchronous(level: RecordLevel) -> &'static str {
    match level {
        RecordLevel::Flushed => "PRAGMA synchronous = FULL",
        RecordLevel::Written => "PRAGMA synchronous = NORMAL",
    }
}

/// Opens the writing connection and keeps it while nobody writes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SqliteWriter {
    path: Arc<PathBuf>,
    resting: Arc<Mutex<Option<WritingConnection>>>,
}

/// The connection, and at which level its next transaction commits.
pub(crate) struct WritingConnection {
    pub(super) connection: Connection,
    level: RecordLevel,
}

impl SqliteWriter {
    /// For a database file that exists and keeps a write-ahead log.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path: Arc::new(path),
            resting: Arc::default(),
        }
    }

    /// The idle connection, or a new one.
    pub(crate) fn take(&self) -> Result<WritingConnection, StoreError> {
        let resting = self.resting.lock().take();
        resting.map_or_else(|| self.open(), Ok)
    }

    /// Returns the connection. If it isn't returned, it is closed and its transaction rolled back.
    pub(crate) fn give_back(&self, connection: WritingConnection) {
        *self.resting.lock() = Some(connection);
    }

    fn open(&self) -> Result<WritingConnection, StoreError> {
        let connection = open(&self.path, SETTINGS)?;
        let level = RecordLevel::Flushed;
        connection.execute_batch(synchronous(level))?;
        Ok(WritingConnection { connection, level })
    }
}

impl WritingConnection {
    /// Sets the level at which the next transaction commits. Not within one.
    pub(crate) fn commit_at(&mut self, level: RecordLevel) -> Result<(), StoreError> {
        if self.level != level {
            self.connection.execute_batch(synchronous(level))?;
            self.level = level;
        }
        Ok(())
    }

    pub(crate) fn rows_changed(&self) -> u64 {
        self.connection.total_changes()
    }

    pub(crate) fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// Runs a statement and takes every row.
    pub(crate) fn run(&mut self, sql: &str, values: &[Value]) -> Result<Answer, StoreError> {
        run(&self.connection, sql, values)
    }
}

/// A transaction on the writing connection.
///
/// SQLite ends a transaction by itself after some errors, such as a full disk. After that its state is
/// uncertain. So a transaction that does not reach its commit closes its connection, and the next one
/// begins on a new connection.
pub(crate) struct SqliteTransaction {
    pub(crate) connection: WritingConnection,
    writer: SqliteWriter,
    /// What the connection had changed before.
    rows_changed: u64,
}

impl SqliteTransaction {
    /// Begins, at a level if one is given: it can't be changed later in a transaction.
    pub(crate) fn begin(
        writer: &SqliteWriter,
        level: Option<RecordLevel>,
    ) -> Result<Self, StoreError> {
        let mut connection = writer.take()?;
        if let Some(level) = level {
            connection.commit_at(level)?;
        }
        match connection.run("BEGIN IMMEDIATE", &[]) {
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

    /// How many rows it has changed, including those that were undone.
    pub(crate) fn rows_changed(&self) -> u64 {
        self.connection.rows_changed() - self.rows_changed
    }

    pub(crate) fn roll_back(mut self) {
        // If the transaction can't be rolled back, the connection is closed.
        if self.connection.run("ROLLBACK", &[]).is_ok() {
            self.writer.give_back(self.connection);
        }
    }

    pub(crate) fn commit(mut self) -> Result<(), StoreError> {
        self.connection.run("COMMIT", &[])?;
        self.writer.give_back(self.connection);
        Ok(())
    }
}
