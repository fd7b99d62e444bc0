//! Connections and statements of either engine.

use sqlx::{
    Executor, PgConnection, Postgres, Sqlite, SqliteConnection, pool::PoolConnection,
    postgres::PgArguments, sqlite::SqliteArguments,
};

use super::{FromRow, Row, StoreError, Value, audit::Heads, sqlite_writer::WritingConnection};

/// A connection of either engine, open for statements.
pub struct Db<'c>(pub(super) Connection<'c>);

pub(super) enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
    SqliteWriter(&'c mut WritingConnection),
    Postgres(&'c mut PgConnection),
}

/// A connection from the pool of readers.
pub enum Reader {
    #[doc(hidden)]
    Sqlite(PoolConnection<Sqlite>),
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

    /// Gives up a connection that hangs or has failed, instead of leaving it for others.
    pub fn discard(mut self) {
        match &mut self {
            Self::Sqlite(connection) => connection.close_on_drop(),
            Self::Postgres(connection) => connection.close_on_drop(),
        }
    }
}

/// A transaction under way: a [`Db`] whose effects are kept or dropped as one.
pub struct Tx<'c> {
    pub(super) db: Db<'c>,
    pub(super) changed: bool,
    pub(super) heads: Heads,
}

impl<'c> Tx<'c> {
    pub(super) fn new(db: Db<'c>) -> Self {
        Self {
            db,
            changed: false,
            heads: Heads::default(),
        }
    }

    /// Writes what was deferred to the end of the transaction or savepoint.
    pub(super) async fn settle(&mut self) -> Result<(), StoreError> {
        self.heads.write(&mut self.db).await
    }
}

impl<'c> std::ops::Deref for Tx<'c> {
    type Target = Db<'c>;

    fn deref(&self) -> &Db<'c> {
        &self.db
    }
}

impl std::ops::DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.db
    }
}

impl<'c> Db<'c> {
    /// A statement to bind values to.
    pub fn query(&mut self, sql: &'static str) -> Query<'_, 'c> {
        Query {
            db: self,
            sql: sql.into(),
            values: Vec::new(),
        }
    }

    /// A statement assembled from our own fragments, never from a caller's text.
    pub fn assembled(&mut self, sql: String) -> Query<'_, 'c> {
        Query {
            db: self,
            sql: sql.into(),
            values: Vec::new(),
        }
    }
}

/// A statement with its bound values, in the order of `$1, $2, …`.
#[must_use]
pub struct Query<'d, 'c> {
    db: &'d mut Db<'c>,
    sql: std::borrow::Cow<'static, str>,
    values: Vec<Value>,
}

impl Query<'_, '_> {
    /// Binds the next placeholder.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs the statement. Returns the number of changed rows.
    pub async fn execute(self) -> Result<u64, StoreError> {
        let (sql, values) = (self.sql, self.values);
        Ok(match &mut self.db.0 {
            Connection::SqliteWriter(connection) => connection.execute(&sql, &values)?,
            Connection::Sqlite(connection) => {
                let done = connection.execute(sqlite_query(sql, values)).await?;
                done.rows_affected()
            }
            Connection::Postgres(connection) => {
                let done = connection.execute(postgres_query(sql, values)).await?;
                done.rows_affected()
            }
        })
    }

    /// Runs the statement and reads every row.
    pub async fn fetch_all<T: FromRow>(self) -> Result<Vec<T>, StoreError> {
        self.rows().await?.iter().map(T::from_row).collect()
    }

    /// Runs the statement and reads the first row, if there is one.
    pub async fn fetch_optional<T: FromRow>(self) -> Result<Option<T>, StoreError> {
        self.rows().await?.first().map(T::from_row).transpose()
    }

    /// Runs a statement that always gives a row.
    pub async fn fetch_one<T: FromRow>(self) -> Result<T, StoreError> {
        self.fetch_optional()
            .await?
            .ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    async fn rows(self) -> Result<Vec<Row>, StoreError> {
        let (sql, values) = (self.sql, self.values);
        Ok(match &mut self.db.0 {
            Connection::SqliteWriter(connection) => {
                let rows = connection.rows(&sql, &values)?;
                rows.into_iter().map(Row::SqliteWriter).collect()
            }
            Connection::Sqlite(connection) => {
                let rows = connection.fetch_all(sqlite_query(sql, values)).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Connection::Postgres(connection) => {
                let rows = connection.fetch_all(postgres_query(sql, values)).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }
}

type Sql = std::borrow::Cow<'static, str>;

fn sqlite_query(
    sql: Sql,
    values: Vec<Value>,
) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
    let query = sqlx::query(sqlx::AssertSqlSafe(sql.into_owned()));
    values.into_iter().fold(query, |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

fn postgres_query(
    sql: Sql,
    values: Vec<Value>,
) -> sqlx::query::Query<'static, Postgres, PgArguments> {
    let query = sqlx::query(sqlx::AssertSqlSafe(sql.into_owned()));
    values.into_iter().fold(query, |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

impl Db<'_> {
    pub(super) const fn is_postgres(&self) -> bool {
        matches!(self.0, Connection::Postgres(_))
    }

    /// Whether the transaction is still open: SQLite ends one by itself after some errors.
    pub(super) fn is_in_transaction(&self) -> bool {
        match &self.0 {
            Connection::SqliteWriter(connection) => connection.is_in_transaction(),
            Connection::Sqlite(_) | Connection::Postgres(_) => true,
        }
    }

    /// Fails on PostgreSQL if an earlier statement of the transaction has failed, or if it is no
    /// longer open: the commit would be answered with success but keep nothing.
    pub(super) async fn still_works(&mut self) -> Result<(), StoreError> {
        if self.is_postgres() {
            self.query("SAVEPOINT kept").execute().await?;
        }
        Ok(())
    }
}
