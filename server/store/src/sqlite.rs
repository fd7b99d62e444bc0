//! SQLite, by `rusqlite`. A statement runs in the thread that calls it.

mod copy;
mod file;
mod migrations;
mod readers;
mod threads;
mod writer;

use std::{path::Path, sync::Arc, time::Duration};

use rusqlite::{
    CachedStatement, Connection, OpenFlags, ToSql,
    types::{ToSqlOutput, ValueRef},
};

pub use self::{copy::Restore, file::hand_to_owner_of_folder};
pub(crate) use self::{
    copy::copy,
    file::{create_for_owner, lock},
    readers::{SqliteReader, SqliteReaders},
    writer::{SqliteTransaction, SqliteWriter, WritingConnection},
};
use crate::{
    StoreError,
    row::{Answer, Row},
    value::{Kind, Value},
};

/// How long a connection waits for another process' lock on the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// How many statements are kept prepared: more than the program has.
const STATEMENTS: usize = 256;

/// Opens an existing file.
fn open(path: &Path, settings: &str) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(settings)?;
    Ok(connection)
}

/// Makes sure that the file has a write-ahead log, so that readers never wait for the writer.
pub(crate) fn keep_write_ahead_log(path: &Path) -> Result<(), StoreError> {
    let connection = open(path, "")?;
    run(&connection, "PRAGMA journal_mode = WAL", &[]).map(drop)
}

/// Runs a statement and takes every row.
fn run(connection: &Connection, sql: &str, values: &[Value]) -> Result<Answer, StoreError> {
    let mut statement = prepared(connection, sql, values)?;
    let names = statement.column_names();
    let columns: Arc<[String]> = names.into_iter().map(Into::into).collect();
    let mut found = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let values = (0..columns.len()).map(|place| row.get_ref(place).map(value));
        rows.push(Row {
            values: values.collect::<Result<_, _>>()?,
            columns: Arc::clone(&columns),
        });
    }
    Ok(Answer {
        rows,
        changed: connection.changes(),
    })
}

fn prepared<'c>(
    connection: &'c Connection,
    sql: &str,
    values: &[Value],
) -> Result<CachedStatement<'c>, StoreError> {
    // SQLite numbers `$2` by its position and not by its name, and `?2` by its number. Looking up
    // the names of a batch's hundreds of placeholders would take longer than running it.
    let mut statement = connection.prepare_cached(&sql.replace('$', "?"))?;
    for index in 1..=statement.parameter_count() {
        let missing = rusqlite::Error::InvalidParameterCount(values.len(), index);
        statement.raw_bind_parameter(index, values.get(index - 1).ok_or(missing)?)?;
    }
    Ok(statement)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null(_) => ValueRef::Null,
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Uuid(uuid) => ValueRef::Blob(uuid.as_bytes()),
        }))
    }
}

fn value(value: ValueRef<'_>) -> Option<Value> {
    match value {
        ValueRef::Null => Some(Value::Null(Kind::Text)),
        ValueRef::Integer(number) => Some(Value::Int(number)),
        ValueRef::Text(text) => Some(Value::Text(String::from_utf8(text.to_vec()).ok()?)),
        ValueRef::Blob(bytes) => Some(Value::Bytes(bytes.to_vec())),
        ValueRef::Real(_) => None,
    }
}
