//! Keyset paging.

use serde::{Deserialize, Serialize};

/// How many rows a list gives when the caller does not say.
pub const DEFAULT_PAGE_SIZE: u32 = 50;
/// How many rows a list gives at most.
pub const MAX_PAGE_SIZE: u32 = 200;

/// How far the rows of a list are counted. A total of one more stands for any number above.
pub const COUNTED_MAX: u64 = 10_000;

/// Which page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PageRequest {
    /// Rows on a page. The server clamps it to 1–200. Default 50.
    pub limit: Option<u32>,
    /// The start of the page, from an earlier page. Opaque and signed.
    pub cursor: Option<String>,
}

impl PageRequest {
    /// The number of rows after clamping.
    pub fn size(&self) -> u32 {
        self.limit
            .unwrap_or(DEFAULT_PAGE_SIZE)
            .clamp(1, MAX_PAGE_SIZE)
    }
}

/// One page of a list, with the cursors that lead away from it.
///
/// A cursor says direction and position: the same field of a [`PageRequest`] takes any of the
/// four. `None` where there is nothing in that direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The rows, in the order of the list.
    pub items: Vec<T>,
    /// The page before this one.
    pub previous_cursor: Option<String>,
    /// The page after this one.
    pub next_cursor: Option<String>,
    /// The cursor of the last page.
    pub last_cursor: Option<String>,
    /// How many rows the filter matches in all, counted up to [`COUNTED_MAX`] and one more. Where
    /// nobody asked, how many there are up to the end of this page.
    pub total: u64,
    /// The number of the first row here, counted from 1; 0 where there is none, or where it was not
    /// counted so far.
    pub first_row: u64,
}

impl<T> Page<T> {
    /// A page without rows.
    pub const fn empty() -> Self {
        Self {
            items: Vec::new(),
            previous_cursor: None,
            next_cursor: None,
            last_cursor: None,
            total: 0,
            first_row: 0,
        }
    }

    /// The same page with other items.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            previous_cursor: self.previous_cursor,
            next_cursor: self.next_cursor,
            last_cursor: self.last_cursor,
            total: self.total,
            first_row: self.first_row,
        }
    }
}

text_enum! {
    /// The direction of a sort.
    pub enum Direction {
        /// Smallest value first.
        Ascending = "asc",
        /// Largest value first.
        Descending = "desc",
    }
}

impl Direction {
    /// The opposite direction, for a second click on a column.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}
