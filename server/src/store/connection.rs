//! Connections, statements and rows of either engine.

use std::{fmt::Display, str::FromStr};

use app::domain::Timestamp;
use sqlx::{
    Column, Executor, PgConnection, Postgres, Row as _, Sqlite, SqliteConnection,
    pool::PoolConnection,
};

use super::{StoreError, Value};

/// A connection of either engine, open for statements.
pub struct Db<'c>(pub(super) Connection<'c>);

pub(super) enum Connection<'c> {
    Sqlite(&'c mut SqliteConnection),
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

    /// A statement that was assembled from fragments of our own; never from a caller's text.
    pub fn assembled(&mut self, sql: String) -> Query<'_, 'c> {
        Query {
            db: self,
            sql: sql.into(),
            values: Vec::new(),
        }
    }
}

/// A statement with the values bound so far, in the order of `$1, $2, …`.
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

    /// Runs the statement; how many rows it changed.
    pub async fn execute(self) -> Result<u64, StoreError> {
        let sql = sqlx::AssertSqlSafe(self.sql.into_owned());
        Ok(match &mut self.db.0 {
            Connection::Sqlite(connection) => {
                let query = self
                    .values
                    .into_iter()
                    .fold(sqlx::query(sql), |q, v| match v {
                        Value::Text(v) => q.bind(v),
                        Value::Int(v) => q.bind(v),
                        Value::Bytes(v) => q.bind(v),
                    });
                connection.execute(query).await?.rows_affected()
            }
            Connection::Postgres(connection) => {
                let query = self
                    .values
                    .into_iter()
                    .fold(sqlx::query(sql), |q, v| match v {
                        Value::Text(v) => q.bind(v),
                        Value::Int(v) => q.bind(v),
                        Value::Bytes(v) => q.bind(v),
                    });
                connection.execute(query).await?.rows_affected()
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
        let sql = sqlx::AssertSqlSafe(self.sql.into_owned());
        Ok(match &mut self.db.0 {
            Connection::Sqlite(connection) => {
                let query = self
                    .values
                    .into_iter()
                    .fold(sqlx::query(sql), |q, v| match v {
                        Value::Text(v) => q.bind(v),
                        Value::Int(v) => q.bind(v),
                        Value::Bytes(v) => q.bind(v),
                    });
                connection
                    .fetch_all(query)
                    .await?
                    .into_iter()
                    .map(Row::Sqlite)
                    .collect()
            }
            Connection::Postgres(connection) => {
                let query = self
                    .values
                    .into_iter()
                    .fold(sqlx::query(sql), |q, v| match v {
                        Value::Text(v) => q.bind(v),
                        Value::Int(v) => q.bind(v),
                        Value::Bytes(v) => q.bind(v),
                    });
                connection
                    .fetch_all(query)
                    .await?
                    .into_iter()
                    .map(Row::Postgres)
                    .collect()
            }
        })
    }
}

/// A row of either engine.
pub enum Row {
    #[doc(hidden)]
    Sqlite(sqlx::sqlite::SqliteRow),
    #[doc(hidden)]
    Postgres(sqlx::postgres::PgRow),
}

/// What can be read from a row.
pub trait FromRow: Sized {
    /// Reads a row.
    fn from_row(row: &Row) -> Result<Self, StoreError>;
}

/// A number in the first column.
impl FromRow for i64 {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.read::<_, Self>(0, "0")
    }
}

/// A count in the first column.
impl FromRow for u64 {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let number = i64::from_row(row)?;
        Self::try_from(number).map_err(|e| unreadable("0", e))
    }
}

/// A text in the first column.
impl FromRow for String {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.read::<_, Self>(0, "0")
    }
}

/// Two numbers in the first two columns.
impl FromRow for (i64, i64) {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok((row.read(0, "0")?, row.read(1, "1")?))
    }
}

fn unreadable(column: &'static str, problem: impl Display) -> StoreError {
    StoreError::Unreadable {
        column,
        problem: problem.to_string(),
    }
}

impl Row {
    fn read<I, T>(&self, index: I, column: &'static str) -> Result<T, StoreError>
    where
        I: sqlx::ColumnIndex<sqlx::sqlite::SqliteRow> + sqlx::ColumnIndex<sqlx::postgres::PgRow>,
        T: for<'r> sqlx::Decode<'r, Sqlite>
            + sqlx::Type<Sqlite>
            + for<'r> sqlx::Decode<'r, Postgres>
            + sqlx::Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(index),
            Self::Postgres(row) => row.try_get(index),
        }
        .map_err(|e| unreadable(column, e))
    }

    /// A text.
    pub fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.read(column, column)
    }

    /// A text, or nothing.
    pub fn opt_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        self.read(column, column)
    }

    /// A whole number.
    pub fn int(&self, column: &'static str) -> Result<i64, StoreError> {
        self.read(column, column)
    }

    /// A whole number, or nothing.
    pub fn opt_int(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        self.read(column, column)
    }

    /// A count.
    pub fn count(&self, column: &'static str) -> Result<u64, StoreError> {
        u64::try_from(self.int(column)?).map_err(|e| unreadable(column, e))
    }

    /// A count, or nothing.
    pub fn opt_count(&self, column: &'static str) -> Result<Option<u64>, StoreError> {
        self.opt_int(column)?
            .map(|n| u64::try_from(n).map_err(|e| unreadable(column, e)))
            .transpose()
    }

    /// A truth value.
    pub fn truth(&self, column: &'static str) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    /// Bytes.
    pub fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        self.read(column, column)
    }

    /// An instant.
    pub fn at(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        instant(self.int(column)?).ok_or_else(|| unreadable(column, "not an instant"))
    }

    /// An instant, or nothing: NULL or -1.
    pub fn opt_at(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        match self.opt_int(column)? {
            None | Some(-1) => Ok(None),
            Some(micros) => instant(micros)
                .map(Some)
                .ok_or_else(|| unreadable(column, "not an instant")),
        }
    }

    /// A text that is read as something else: an identifier, a word.
    pub fn parsed<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T, StoreError> {
        self.text(column)?
            .parse()
            .map_err(|e| unreadable(column, e))
    }

    /// A text that is read as something else, or nothing.
    pub fn opt_parsed<T: FromStr<Err: Display>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.opt_text(column)?
            .map(|t| t.parse().map_err(|e| unreadable(column, e)))
            .transpose()
    }

    /// Words separated by spaces.
    pub fn words<T: FromStr<Err: Display>>(
        &self,
        column: &'static str,
    ) -> Result<Vec<T>, StoreError> {
        self.text(column)?
            .split(' ')
            .filter(|word| !word.is_empty())
            .map(|word| word.parse().map_err(|e| unreadable(column, e)))
            .collect()
    }

    /// JSON.
    pub fn json<T: serde::de::DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|e| unreadable(column, e))
    }

    /// JSON, or nothing.
    pub fn opt_json<T: serde::de::DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.opt_text(column)?
            .map(|text| serde_json::from_str(&text).map_err(|e| unreadable(column, e)))
            .transpose()
    }

    /// The names of the columns, in order.
    pub fn columns(&self) -> Vec<String> {
        match self {
            Self::Sqlite(row) => row.columns().iter().map(|c| c.name().to_owned()).collect(),
            Self::Postgres(row) => row.columns().iter().map(|c| c.name().to_owned()).collect(),
        }
    }
}

fn instant(micros: i64) -> Option<Timestamp> {
    Timestamp::from_timestamp_micros(micros)
}

impl Db<'_> {
    pub(super) const fn is_postgres(&self) -> bool {
        matches!(self.0, Connection::Postgres(_))
    }
}
