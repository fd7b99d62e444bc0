//! Rows of either engine, and reading values from them.

use std::{fmt::Display, sync::Arc};

use crate::{
    StoreError,
    value::{FromValue, Value},
};

/// The result of a statement.
pub(crate) struct Answer {
    pub(crate) rows: Vec<Row>,
    /// How many rows it has changed; meaningless for a statement that only reads.
    pub(crate) changed: u64,
}

/// A row of either engine.
pub struct Row {
    pub(crate) columns: Arc<[String]>,
    /// `None` for a value of an unknown kind.
    pub(crate) values: Vec<Option<Value>>,
}

/// A type that can be read from a row.
pub trait FromRow: Sized {
    fn from_row(row: &Row) -> Result<Self, StoreError>;
}

/// A value is read from the first column.
impl<T: FromValue> FromRow for T {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.read(0, "0")
    }
}

/// Tuples are read from the first columns.
macro_rules! tuples {
    ($(($($type:ident $place:literal),+))+) => {$(
        impl<$($type: FromValue),+> FromRow for ($($type),+) {
            fn from_row(row: &Row) -> Result<Self, StoreError> {
                Ok(($(row.read($place, stringify!($place))?),+))
            }
        }
    )+};
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
}

fn unreadable(column: &'static str, problem: impl Display) -> StoreError {
    StoreError::Unreadable {
        column,
        problem: problem.to_string(),
    }
}

impl Row {
    pub fn get<T: FromValue>(&self, column: &'static str) -> Result<T, StoreError> {
        let place = self.columns.iter().position(|name| name == column);
        self.read(place.unwrap_or(usize::MAX), column)
    }

    fn read<T: FromValue>(&self, place: usize, column: &'static str) -> Result<T, StoreError> {
        let value = self.values.get(place);
        let value = value.ok_or_else(|| unreadable(column, "there is no such column"))?;
        let value = value.clone().ok_or("holds what is never stored".to_owned());
        let read = value.and_then(T::from_value);
        read.map_err(|problem| unreadable(column, problem))
    }
}
