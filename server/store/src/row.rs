//! Rows of either engine, and reading values from them.

use std::{fmt::Display, str::FromStr};

use app::domain::Timestamp;
use rusqlite::types::FromSql;
use sqlx::{Column, Postgres, Row as _, Sqlite};

use super::{
    StoreError,
    sqlite_writer::{ColumnAt, WriterRow},
};

/// A row of either engine.
pub enum Row {
    #[doc(hidden)]
    Sqlite(sqlx::sqlite::SqliteRow),
    #[doc(hidden)]
    SqliteWriter(WriterRow),
    #[doc(hidden)]
    Postgres(sqlx::postgres::PgRow),
}

/// A type that can be read from a row.
pub trait FromRow: Sized {
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
        I: sqlx::ColumnIndex<sqlx::sqlite::SqliteRow>
            + sqlx::ColumnIndex<sqlx::postgres::PgRow>
            + ColumnAt,
        T: FromSql
            + for<'r> sqlx::Decode<'r, Sqlite>
            + sqlx::Type<Sqlite>
            + for<'r> sqlx::Decode<'r, Postgres>
            + sqlx::Type<Postgres>,
    {
        match self {
            Self::SqliteWriter(row) => return row.get(index).map_err(|e| unreadable(column, e)),
            Self::Sqlite(row) => row.try_get(index),
            Self::Postgres(row) => row.try_get(index),
        }
        .map_err(|e| unreadable(column, e))
    }

    pub fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.read(column, column)
    }

    /// A text, or nothing.
    pub fn opt_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        self.read(column, column)
    }

    pub fn int(&self, column: &'static str) -> Result<i64, StoreError> {
        self.read(column, column)
    }

    /// A whole number, or nothing.
    pub fn opt_int(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        self.read(column, column)
    }

    pub fn count(&self, column: &'static str) -> Result<u64, StoreError> {
        u64::try_from(self.int(column)?).map_err(|e| unreadable(column, e))
    }

    /// A count, or nothing.
    pub fn opt_count(&self, column: &'static str) -> Result<Option<u64>, StoreError> {
        self.opt_int(column)?
            .map(|n| u64::try_from(n).map_err(|e| unreadable(column, e)))
            .transpose()
    }

    pub fn truth(&self, column: &'static str) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    pub fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        self.read(column, column)
    }

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

    pub fn json<T: serde::de::DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|e| unreadable(column, e))
    }

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
            Self::SqliteWriter(row) => row.columns(),
            Self::Sqlite(row) => row.columns().iter().map(|c| c.name().to_owned()).collect(),
            Self::Postgres(row) => row.columns().iter().map(|c| c.name().to_owned()).collect(),
        }
    }
}

fn instant(micros: i64) -> Option<Timestamp> {
    Timestamp::from_timestamp_micros(micros)
}
