//! Places in a list, pages to fetch, and pages that were fetched.

use serde::{Deserialize, Serialize};

use crate::{ToValue, Value};

/// One value of a row's place in an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    Int(i64),
    Text(String),
}

impl<T: ToValue> From<T> for Key {
    /// Sort keys are never NULL: -1 means "never".
    fn from(value: T) -> Self {
        match value.to_value() {
            Value::Int(number) => Self::Int(number),
            Value::Text(text) => Self::Text(text),
            Value::Null(_) | Value::Bytes(_) | Value::Uuid(_) => Self::Int(-1),
        }
    }
}

impl From<Key> for Value {
    fn from(key: Key) -> Self {
        match key {
            Key::Int(number) => Self::Int(number),
            Key::Text(text) => Self::Text(text),
        }
    }
}

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Position {
    First,
    /// After the row with these keys, the first row having this number.
    After(Vec<Key>, u64),
    /// Before the row with these keys, that row having this number.
    Before(Vec<Key>, u64),
    Last,
}

/// A page to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageAt {
    pub position: Position,
    pub limit: u32,
}

impl PageAt {
    pub const fn first(limit: u32) -> Self {
        Self {
            position: Position::First,
            limit,
        }
    }
}

/// What to do about the number of all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Total {
    /// Count, up to [`COUNTED_MAX`](app::domain::page::COUNTED_MAX).
    Count,
    /// The value of a counter.
    Known(u64),
    /// Nobody asks.
    Unasked,
}

/// A page to fetch, and whether to count all rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub(super) page: PageAt,
    pub(super) total: Total,
}

impl From<&PageAt> for Wanted {
    fn from(page: &PageAt) -> Self {
        page.clone().into()
    }
}

impl From<PageAt> for Wanted {
    fn from(page: PageAt) -> Self {
        Self {
            page,
            total: Total::Count,
        }
    }
}

impl Wanted {
    /// Without counting all rows.
    #[must_use]
    pub fn uncounted(self) -> Self {
        let total = Total::Unasked;
        Self { total, ..self }
    }

    /// The place where the page begins, unless it is an end of the list.
    pub(crate) fn keys(&mut self) -> Option<&mut Vec<Key>> {
        match &mut self.page.position {
            Position::After(keys, _) | Position::Before(keys, _) => Some(keys),
            Position::First | Position::Last => None,
        }
    }

    /// With the total of a counter. Does nothing if the total is not requested.
    #[must_use]
    pub fn counted_as(self, rows: u64) -> Self {
        let total = match self.total {
            Total::Unasked => Total::Unasked,
            Total::Count | Total::Known(_) => Total::Known(rows),
        };
        Self { total, ..self }
    }
}

/// A page that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    pub items: Vec<T>,
    /// The page before, if there is one.
    pub previous: Option<Position>,
    /// The page after, if there is one.
    pub next: Option<Position>,
    /// The last page, if this is not it.
    pub last: Option<Position>,
    /// How many rows the filter matches, counted up to [`COUNTED_MAX`](app::domain::page::COUNTED_MAX) and one more, or up to the end
    /// of this page.
    pub total: u64,
    /// The number of the first row, from 1; 0 without rows, or if it was not counted.
    pub first_row: u64,
}

impl<T> Listed<T> {
    /// The same page with something else in it.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Listed<U> {
        Listed {
            items: self.items.into_iter().map(change).collect(),
            previous: self.previous,
            next: self.next,
            last: self.last,
            total: self.total,
            first_row: self.first_row,
        }
    }
}
