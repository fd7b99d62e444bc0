//! Transactions of either engine.

use std::ops::{Deref, DerefMut};

use app::domain::{
    RequestId, SupportSessionId, Timestamp,
    access_log::{AccessLogEntry, RequestEnd},
};
use sqlx::Postgres;

use crate::{
    Query, StoreError,
    access_log::{Batched, WrittenBy},
    audit::{Deeds, Named, NewAuditEvent, Pending, Receipt},
    connection::{Connection, Db},
    sqlite::SqliteTransaction,
};

/// A transaction of either engine. If it is dropped without a commit, it is rolled back.
pub(super) enum Transaction {
    Sqlite(SqliteTransaction),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    pub(super) fn db(&mut self) -> Db<'_> {
        Db(match self {
            Self::Sqlite(transaction) => Connection::SqliteWriter(&mut transaction.connection),
            Self::Postgres(transaction) => Connection::Postgres(transaction),
        })
    }

    /// Whether its commit proves that the store can be written. On SQLite it must have rows to keep
    /// that were not undone, because an empty commit doesn't touch the disk. On PostgreSQL any
    /// commit does.
    pub(super) fn proves_anything(&self, undone: u64) -> bool {
        match self {
            Self::Sqlite(transaction) => transaction.rows_changed() > undone,
            Self::Postgres(_) => true,
        }
    }

    /// Rolls it back.
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

/// An open transaction for writes that are no act of anyone: the gateway's records, the platform's
/// reports, and housekeeping. None of its queries changes what acts change.
pub struct Bookkeeping<'c> {
    pub(super) db: Db<'c>,
    pub(super) changed: bool,
    pub(super) pending: Pending,
    pub(super) batched: Batched,
    /// Revocations that nodes are to confirm.
    pub(super) asked: Vec<(SupportSessionId, Timestamp)>,
}

/// The state of a transaction when a part of it began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    rows: u64,
    changed: bool,
    pending: usize,
    batched: (usize, usize),
    asked: usize,
}

/// An open transaction in which an act changes something.
pub struct Tx<'c> {
    books: Bookkeeping<'c>,
    /// Whether a query that only acts have changed a row.
    pub(super) has_acted: bool,
}

impl<'c> Tx<'c> {
    pub(super) fn new(db: Db<'c>) -> Self {
        let books = Bookkeeping {
            db,
            changed: false,
            pending: Pending::default(),
            batched: Batched::default(),
            asked: Vec::new(),
        };
        Self {
            books,
            has_acted: false,
        }
    }

    /// A statement that only acts have.
    pub(super) fn query(&mut self, sql: &'static str) -> Query<'_, 'c> {
        let query = self.books.db.query(sql);
        query.noting_changes(&mut self.has_acted)
    }
}

impl Bookkeeping<'_> {
    /// Appends an event to its chain, just before the commit.
    pub fn append_audit(&mut self, event: NewAuditEvent) -> Receipt {
        self.pending.push(event.into())
    }

    /// Adds a row to the access log and appends its event, just before the commit. Address and
    /// program of the client are taken from the event.
    pub fn add_access_log_entry(
        &mut self,
        entry: AccessLogEntry,
        by: &WrittenBy,
        event: NewAuditEvent,
    ) -> Receipt {
        let event = Named::from(event);
        self.batched.begin(entry, by, event.deed);
        self.pending.push(event)
    }

    /// Completes an open row of the access log and appends its event, just before the commit. Does
    /// neither if the row is not open.
    pub fn complete_with_event(
        &mut self,
        request: RequestId,
        end: RequestEnd,
        event: NewAuditEvent,
    ) {
        self.batched.end(request, end, event.into());
    }

    /// Begins a part of the transaction that can be undone separately.
    pub(super) async fn begin_part(&mut self) -> Result<Part, StoreError> {
        self.db.query("SAVEPOINT part").done().await?;
        Ok(Part {
            rows: self.db.rows_changed(),
            changed: self.changed,
            pending: self.pending.len(),
            batched: self.batched.len(),
            asked: self.asked.len(),
        })
    }

    /// Ends a part that is kept with the transaction.
    pub(super) async fn keep_part(&mut self) -> Result<(), StoreError> {
        self.db.query("RELEASE SAVEPOINT part").done().await
    }

    /// Undoes a part. Returns how many rows it had changed. Deferred rows of other parts are
    /// written only after all parts have ended.
    pub(super) async fn undo_part(&mut self, part: Part) -> Result<u64, StoreError> {
        self.db.query("ROLLBACK TO SAVEPOINT part").done().await?;
        self.keep_part().await?;
        self.changed = part.changed;
        self.pending.truncate(part.pending);
        self.batched.truncate(part.batched);
        self.asked.truncate(part.asked);
        Ok(self.db.rows_changed() - part.rows)
    }

    /// Writes the deferred rows of the transaction, or of this part of it.
    pub(super) async fn settle(&mut self) -> Result<(), StoreError> {
        let (db, mut deeds) = (&mut self.db, Deeds::default());
        let events = self.pending.events().chain(self.batched.events());
        deeds.learn(db, events).await?;
        for event in self.batched.write(db, &deeds).await? {
            let _receipt = self.pending.push(event);
        }
        self.pending.place(db, &mut deeds).await?;
        for (session, now) in std::mem::take(&mut self.asked) {
            self.ask(session, now).await?;
        }
        Ok(())
    }
}

impl<'c> Deref for Bookkeeping<'c> {
    type Target = Db<'c>;

    fn deref(&self) -> &Db<'c> {
        &self.db
    }
}

impl DerefMut for Bookkeeping<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.db
    }
}

impl<'c> Deref for Tx<'c> {
    type Target = Bookkeeping<'c>;

    fn deref(&self) -> &Bookkeeping<'c> {
        &self.books
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.books
    }
}
