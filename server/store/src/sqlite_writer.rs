//! The one connection that writes SQLite.
//!
//! It belongs to the thread of the batching writer and runs each statement there. A driver with its
//! own thread for statements, as the readers use it, costs two thread switches per statement: more
//! than the statement itself, and a request's record takes a dozen.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use app::domain::record::RecordLevel;
use rusqlite::{
    CachedStatement, Connection, OpenFlags, ToSql,
    types::{FromSql, ToSqlOutput, ValueRef},
};

use super::{StoreError, Value, transaction::synchronous};

/// How many statements are kept prepared: more than the program has.
const STATEMENTS: usize = 256;
/// Settings of the connection alone. Its own pages and what savepoints put aside stay in memory,
/// where the engine's defaults would make and remove a file for a batch.
const SETTINGS: &str =
    "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384";

/// Opens the writing connection and keeps it between writes. Cheap to clone.
#[derive(Clone)]
pub(super) struct SqliteWriter {
    path: Arc<PathBuf>,
    busy_timeout: Duration,
    resting: Arc<Mutex<Option<WritingConnection>>>,
}

/// The connection, and at which level its next transaction commits.
pub(super) struct WritingConnection {
    connection: Connection,
    level: RecordLevel,
}

impl SqliteWriter {
    /// For a database file that exists and keeps a write-ahead log.
    pub(super) fn new(path: PathBuf, busy_timeout: Duration) -> Self {
        Self {
            path: Arc::new(path),
            busy_timeout,
            resting: Arc::default(),
        }
    }

    /// The kept connection, or a new one.
    pub(super) fn take(&self) -> Result<WritingConnection, StoreError> {
        let resting = self.resting.lock();
        let resting = resting.unwrap_or_else(PoisonError::into_inner).take();
        resting.map_or_else(|| self.open(), Ok)
    }

    /// Gives the connection back. One that is not given back is closed, and its transaction with it.
    pub(super) fn give_back(&self, connection: WritingConnection) {
        let resting = self.resting.lock();
        *resting.unwrap_or_else(PoisonError::into_inner) = Some(connection);
    }

    fn open(&self) -> Result<WritingConnection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&*self.path, flags)?;
        connection.busy_timeout(self.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.execute_batch(SETTINGS)?;
        let level = RecordLevel::Flushed;
        connection.execute_batch(synchronous(level))?;
        Ok(WritingConnection { connection, level })
    }
}

impl WritingConnection {
    /// Sets the level at which the next transaction commits. Not within one.
    pub(super) fn commit_at(&mut self, level: RecordLevel) -> Result<(), StoreError> {
        if self.level != level {
            self.connection.execute_batch(synchronous(level))?;
            self.level = level;
        }
        Ok(())
    }

    /// How many rows its statements have changed since it was opened.
    pub(super) fn rows_changed(&self) -> u64 {
        self.connection.total_changes()
    }

    pub(super) fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// Runs a statement. Returns the number of changed rows.
    pub(super) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let mut statement = self.prepared(sql, values)?;
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        Ok(self.connection.changes())
    }

    /// Runs a statement and takes every row.
    pub(super) fn rows(
        &mut self,
        sql: &str,
        values: &[Value],
    ) -> Result<Vec<WriterRow>, StoreError> {
        let mut statement = self.prepared(sql, values)?;
        let names = statement.column_names();
        let columns: Arc<[String]> = names.into_iter().map(Into::into).collect();
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..columns.len()).map(|index| row.get(index));
            found.push(WriterRow {
                values: values.collect::<Result<_, _>>()?,
                columns: Arc::clone(&columns),
            });
        }
        Ok(found)
    }

    fn prepared(&self, sql: &str, values: &[Value]) -> Result<CachedStatement<'_>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        for index in 1..=statement.parameter_count() {
            // SQLite numbers `$2` by its position and not by its name.
            let name = statement.parameter_name(index);
            let place = name.and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
            let value = values.get(place.unwrap_or(index) - 1);
            let missing = rusqlite::Error::InvalidParameterCount(values.len(), index);
            statement.raw_bind_parameter(index, value.ok_or(missing)?)?;
        }
        Ok(statement)
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(None) | Self::Int(None) => ValueRef::Null,
            Self::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Int(Some(number)) => ValueRef::Integer(*number),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// A row that the writing connection has read.
pub struct WriterRow {
    columns: Arc<[String]>,
    values: Vec<rusqlite::types::Value>,
}

/// A column's name or its place.
pub(super) trait ColumnAt {
    /// Its place among these columns.
    fn place(&self, columns: &[String]) -> Option<usize>;
}

impl ColumnAt for usize {
    fn place(&self, columns: &[String]) -> Option<usize> {
        (*self < columns.len()).then_some(*self)
    }
}

impl ColumnAt for &str {
    fn place(&self, columns: &[String]) -> Option<usize> {
        columns.iter().position(|column| column == self)
    }
}

impl WriterRow {
    pub(super) fn get<T: FromSql>(&self, at: impl ColumnAt) -> rusqlite::Result<T> {
        let place = at.place(&self.columns);
        let value = place.and_then(|place| self.values.get(place));
        let value = value.ok_or(rusqlite::Error::InvalidColumnIndex(self.columns.len()))?;
        Ok(T::column_result(ValueRef::from(value))?)
    }

    pub(super) fn columns(&self) -> Vec<String> {
        self.columns.to_vec()
    }
}
