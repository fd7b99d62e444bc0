//! The connections that read SQLite.
//!
//! Each statement runs on a thread that may block. It sees everything that was committed before. We
//! don't use `deadpool-sqlite`, because it checks a connection before each use, which costs one
//! more change of thread.

use std::{
    borrow::Cow,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::{open, run, threads::Threads};
use crate::{
    Lane, StoreError, Value,
    lane::{Lanes, Place, in_time},
    row::Answer,
};

const SETTINGS: &str = "PRAGMA query_only = ON";
/// How many steps of a statement pass between two checks of the clock: less than a millisecond.
const STEPS: i32 = 10_000;
/// How long a statement may take before it is logged as slow.
const SLOW: Duration = Duration::from_secs(1);

/// A pool of connections. Each is opened when it is first needed. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SqliteReaders(Arc<Pool>);

struct Pool {
    path: PathBuf,
    lanes: Lanes,
    resting: Mutex<Vec<Connection>>,
    threads: Threads,
}

impl SqliteReaders {
    pub(crate) fn new(path: PathBuf, lanes: Lanes) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Pool {
            path,
            lanes,
            resting: Mutex::default(),
            threads: Threads::new()?,
        })))
    }

    /// A connection, as soon as one of the lane's is free.
    pub(crate) async fn reader(&self, lane: Lane) -> Result<SqliteReader, StoreError> {
        Ok(SqliteReader {
            lent: Some(self.lend(lane).await?),
            lane,
            readers: self.clone(),
        })
    }

    async fn lend(&self, lane: Lane) -> Result<Lent, StoreError> {
        let place = self.0.lanes.enter(lane).await?;
        Ok(Lent {
            connection: self.0.resting.lock().pop(),
            readers: self.clone(),
            _place: place,
        })
    }
}

/// A connection for reading.
pub struct SqliteReader {
    readers: SqliteReaders,
    lane: Lane,
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
            None => in_time(self.lane, self.readers.lend(self.lane)).await?,
        };
        let limit = self.lane.limit();
        let threads = &self.readers.0.threads;
        let ran = threads.run(self.lane, move || (lent.run(&sql, &values, limit), lent));
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
    _place: Place,
}

impl Lent {
    fn run(
        &mut self,
        sql: &str,
        values: &[Value],
        limit: Option<Duration>,
    ) -> Result<Answer, StoreError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(open(&self.readers.0.path, SETTINGS)?),
        };
        let started = Instant::now();
        let is_over = limit.map(|limit| move || started.elapsed() > limit);
        connection.progress_handler(STEPS, is_over)?;
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
