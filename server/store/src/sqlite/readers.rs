//! The connections that read SQLite.
//!
//! Each statement runs on a thread that may block. It sees everything that was committed before it. This
//! is not `deadpool-sqlite`, because that checks a connection before it lends it again, which costs each
//! reader one more change of thread.

use std::{
    borrow::Cow,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{open, run};
use crate::{EngineError, StoreError, Value, row::Answer};

const SETTINGS: &str = "PRAGMA query_only = ON";
/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a statement may take before it is logged as slow.
const SLOW: Duration = Duration::from_secs(1);

/// A pool of connections. Each is opened when it is first needed. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SqliteReaders(Arc<Pool>);

struct Pool {
    path: PathBuf,
    free: Arc<Semaphore>,
    resting: Mutex<Vec<Connection>>,
}

impl SqliteReaders {
    pub(crate) fn new(path: PathBuf, most: usize) -> Self {
        Self(Arc::new(Pool {
            path,
            free: Arc::new(Semaphore::new(most)),
            resting: Mutex::default(),
        }))
    }

    /// A connection, as soon as one is free.
    pub(crate) async fn reader(&self) -> Result<SqliteReader, StoreError> {
        Ok(SqliteReader {
            lent: Some(self.lend().await?),
            readers: self.clone(),
        })
    }

    async fn lend(&self) -> Result<Lent, StoreError> {
        let free = Arc::clone(&self.0.free).acquire_owned();
        let waited = tokio::time::timeout(PATIENCE, free).await;
        let permit = waited.map_err(|_| EngineError::AllReadersBusy)?;
        Ok(Lent {
            connection: self.0.resting.lock().pop(),
            readers: self.clone(),
            _permit: permit.map_err(|_| StoreError::Closed)?,
        })
    }
}

/// A connection for reading.
pub struct SqliteReader {
    readers: SqliteReaders,
    /// `None` while a statement runs, and after one whose caller has gone.
    lent: Option<Lent>,
}

impl SqliteReader {
    /// Runs a statement and takes every row.
    pub(crate) async fn run(
        &mut self,
        sql: Cow<'static, str>,
        values: Vec<Value>,
    ) -> Result<Answer, StoreError> {
        let mut lent = match self.lent.take() {
            Some(lent) => lent,
            None => self.readers.lend().await?,
        };
        let ran = tokio::task::spawn_blocking(move || (lent.run(&sql, &values), lent));
        let (answer, lent) = ran.await.map_err(|_| StoreError::Closed)?;
        self.lent = Some(lent);
        answer
    }

    /// Whether the engine accepts a statement.
    #[cfg(test)]
    pub(crate) fn prepare(&self, sql: &str) -> Result<(), StoreError> {
        let connection = open(&self.readers.0.path, SETTINGS)?;
        Ok(connection.prepare(sql).map(drop)?)
    }

    /// Closes the connection instead of leaving it for others.
    pub(crate) fn discard(mut self) {
        if let Some(lent) = &mut self.lent {
            lent.connection = None;
        }
    }
}

/// A connection and the right to use it. When this is dropped, the connection returns to the pool. That
/// happens after its statement has ended, even if nobody waits for the result.
struct Lent {
    connection: Option<Connection>,
    readers: SqliteReaders,
    _permit: OwnedSemaphorePermit,
}

impl Lent {
    fn run(&mut self, sql: &str, values: &[Value]) -> Result<Answer, StoreError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(open(&self.readers.0.path, SETTINGS)?),
        };
        let started = Instant::now();
        let answer = run(connection, sql, values);
        let duration_ms = started.elapsed().as_millis();
        if duration_ms >= SLOW.as_millis() {
            tracing::warn!(statement = sql, duration_ms, "a slow statement");
        }
        answer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let rests = self.connection.take();
        self.readers.0.resting.lock().extend(rests);
    }
}
