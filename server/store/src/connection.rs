//! Connections and statements of either engine.

use std::borrow::Cow;

use sqlx::{PgConnection, Postgres, pool::PoolConnection};

use super::{
    EngineError, FromRow, StoreError, postgres,
    row::Answer,
    sqlite::{SqliteReader, WritingConnection},
    value::{ToValue, Value},
};

/// A connection of either engine, open for statements.
pub struct Db<'c>(pub(super) Connection<'c>);

pub(super) enum Connection<'c> {
    Sqlite(&'c mut SqliteReader),
    SqliteWriter(&'c mut WritingConnection),
    Postgres(&'c mut PgConnection),
}

/// A connection for reading, in a lane.
pub enum Reader {
    #[doc(hidden)]
    Sqlite(SqliteReader),
    #[doc(hidden)]
    Postgres(PoolConnection<Postgres>),
}

impl Reader {
    /// The connection, open for statements.
    pub fn db(&mut self) -> Db<'_> {
        match self {
            Self::Sqlite(connection) => Db(Connection::Sqlite(connection)),
            Self::Postgres(connection) => Db(Connection::Postgres(connection)),
        }
    }

    /// Whether the engine accepts a statement.
    #[cfg(test)]
    pub(crate) async fn prepare(&mut self, sql: &'static str) -> Result<(), StoreError> {
        use sqlx::{Executor as _, SqlSafeStr as _};

        match self {
            Self::Sqlite(connection) => connection.prepare(sql),
            Self::Postgres(connection) => {
                let prepared = connection.prepare(sql.into_sql_str()).await;
                Ok(prepared.map(drop)?)
            }
        }
    }

    /// Closes a connection that hangs or has failed, instead of returning it.
    pub fn discard(self) {
        match self {
            Self::Sqlite(connection) => connection.discard(),
            Self::Postgres(mut connection) => connection.close_on_drop(),
        }
    }
}

impl<'c> Db<'c> {
    /// A statement to bind values to.
    pub(crate) fn query(&mut self, sql: &'static str) -> Query<'_, 'c> {
        Query::new(self, sql.into())
    }

    /// A statement of a test, which may do anything.
    #[cfg(any(test, feature = "testing"))]
    pub fn raw(&mut self, sql: &'static str) -> Query<'_, 'c> {
        self.query(sql)
    }

    /// A statement assembled from our own fragments, never from a caller's text.
    pub(crate) fn assembled(&mut self, sql: String) -> Query<'_, 'c> {
        Query::new(self, sql.into())
    }
}

/// A statement with its bound values, in the order of `$1, $2, …`.
#[must_use]
pub struct Query<'d, 'c> {
    db: &'d mut Db<'c>,
    sql: Cow<'static, str>,
    values: Vec<Value>,
    /// Set once the statement has changed a row.
    has_changed: Option<&'d mut bool>,
}

impl<'d, 'c> Query<'d, 'c> {
    const fn new(db: &'d mut Db<'c>, sql: Cow<'static, str>) -> Self {
        Self {
            db,
            sql,
            values: Vec::new(),
            has_changed: None,
        }
    }

    pub(crate) fn noting_changes(self, has_changed: &'d mut bool) -> Self {
        Self {
            has_changed: Some(has_changed),
            ..self
        }
    }
}

impl Query<'_, '_> {
    /// Binds the next placeholder.
    pub fn bind(mut self, value: impl ToValue) -> Self {
        self.values.push(value.to_value());
        self
    }

    /// Binds the next placeholders.
    pub(crate) fn with(mut self, add: impl FnOnce(&mut Vec<Value>)) -> Self {
        add(&mut self.values);
        self
    }

    pub async fn done(self) -> Result<(), StoreError> {
        self.run().await.map(drop)
    }

    /// Runs the statement; whether it changed a row.
    pub async fn changes_one(self) -> Result<bool, StoreError> {
        Ok(self.execute().await? == 1)
    }

    /// Runs the statement; how many rows it changed.
    pub async fn execute(self) -> Result<u64, StoreError> {
        Ok(self.run().await?.changed)
    }

    /// Runs the statement and reads every row.
    pub async fn fetch_all<T: FromRow>(self) -> Result<Vec<T>, StoreError> {
        self.run().await?.rows.iter().map(T::from_row).collect()
    }

    /// Runs the statement and reads the first row, if there is one.
    pub async fn fetch_optional<T: FromRow>(self) -> Result<Option<T>, StoreError> {
        let rows = self.run().await?.rows;
        rows.first().map(T::from_row).transpose()
    }

    /// Runs a statement that always returns a row.
    pub async fn fetch_one<T: FromRow>(self) -> Result<T, StoreError> {
        let row = self.fetch_optional().await?;
        row.ok_or_else(|| EngineError::NoRow.into())
    }

    async fn run(self) -> Result<Answer, StoreError> {
        let answer = match &mut self.db.0 {
            Connection::Sqlite(connection) => connection.run(self.sql, self.values).await,
            Connection::SqliteWriter(connection) => connection.run(&self.sql, &self.values),
            Connection::Postgres(connection) => {
                postgres::run(connection, self.sql, self.values).await
            }
        }?;
        if let Some(has_changed) = self.has_changed {
            *has_changed |= answer.changed > 0;
        }
        Ok(answer)
    }
}

impl Db<'_> {
    /// Borrows the same connection again.
    pub(super) fn reborrow(&mut self) -> Db<'_> {
        Db(match &mut self.0 {
            Connection::Sqlite(connection) => Connection::Sqlite(connection),
            Connection::SqliteWriter(connection) => Connection::SqliteWriter(connection),
            Connection::Postgres(connection) => Connection::Postgres(connection),
        })
    }

    pub(super) const fn is_postgres(&self) -> bool {
        matches!(self.0, Connection::Postgres(_))
    }

    /// How many rows the writing connection of SQLite has changed since it was opened.
    pub(super) fn rows_changed(&self) -> u64 {
        match &self.0 {
            Connection::SqliteWriter(connection) => connection.rows_changed(),
            Connection::Sqlite(_) | Connection::Postgres(_) => 0,
        }
    }

    /// Whether the transaction is still open. SQLite ends it after some errors.
    pub(super) fn is_in_transaction(&self) -> bool {
        match &self.0 {
            Connection::SqliteWriter(connection) => connection.is_in_transaction(),
            Connection::Sqlite(_) | Connection::Postgres(_) => true,
        }
    }

    /// Fails on PostgreSQL if an earlier statement of the transaction has failed, or if it is no
    /// longer open. Otherwise the commit would succeed but keep nothing.
    pub(super) async fn still_works(&mut self) -> Result<(), StoreError> {
        if self.is_postgres() {
            self.query("SAVEPOINT kept").execute().await?;
        }
        Ok(())
    }
}
