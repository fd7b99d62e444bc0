//! Lists: filters assembled from fragments of our own, in one place, and keyset paging.

use app::domain::page::Direction;
use serde::{Deserialize, Serialize};

use super::{Db, Query, StoreError, ToValue, Value, record::Record};

/// One value of a row's place in an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    Int(i64),
    Text(String),
}

impl<T: ToValue> From<T> for Key {
    /// What is sorted by is never NULL: -1 stands for "never".
    fn from(value: T) -> Self {
        match value.to_value() {
            Value::Int(number) => Self::Int(number),
            Value::Text(text) => Self::Text(text),
            Value::Null(_) | Value::Bytes(_) => Self::Int(-1),
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
    /// How many rows the filter matches.
    pub total: u64,
    /// The number of the first row here, from 1; 0 without rows.
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

/// A search with at most so many hits has them looked up and sorted. Going along the order and
/// reading row by row, as for more hits, would read the whole table for the few.
const FEW: u64 = 1_000;

/// A condition that holds for rows anywhere in the table.
#[derive(Debug, Clone, Copy)]
struct Search {
    /// Which of the conditions.
    condition: usize,
    /// The column that identifies a row, and that the index on the searched column has too.
    key: &'static str,
}

/// A list under construction.
#[derive(Debug, Clone)]
pub struct Listing {
    table: &'static str,
    keys: &'static [&'static str],
    direction: Direction,
    conditions: Vec<String>,
    values: Vec<Value>,
    search: Option<Search>,
}

impl Listing {
    /// Rows of `table` in the order of `keys`, the last of which makes the order total.
    pub const fn new(
        table: &'static str,
        keys: &'static [&'static str],
        direction: Direction,
    ) -> Self {
        Self {
            table,
            keys,
            direction,
            conditions: Vec::new(),
            values: Vec::new(),
            search: None,
        }
    }

    /// Only rows that meet a condition.
    pub fn and(&mut self, condition: &'static str) {
        self.conditions.push(condition.to_owned());
    }

    /// Only rows that meet a condition on a value, which stands for `{}`.
    pub fn and_bind(&mut self, condition: &'static str, value: impl ToValue) {
        let placeholder = self.placeholder(value.to_value());
        self.conditions.push(condition.replace("{}", &placeholder));
    }

    /// Only rows whose column contains a text, which is taken literally. The column has an index
    /// that has `key` too, a column that identifies a row.
    pub fn and_contains(&mut self, column: &'static str, key: &'static str, text: &str) {
        let placeholder = self.placeholder(format!("%{}%", escape_like(text)).to_value());
        self.search = Some(Search {
            condition: self.conditions.len(),
            key,
        });
        self.conditions
            .push(format!(r"{column} LIKE {placeholder} ESCAPE '\'"));
    }

    /// Has the hits of the search looked up by their key.
    fn look_up_hits(&mut self) {
        if let Some(Search { condition, key }) = self.search.take()
            && let Some(condition) = self.conditions.get_mut(condition)
        {
            let table = self.table;
            *condition = format!("{key} IN (SELECT {key} FROM {table} WHERE {condition})");
        }
    }

    /// Only rows whose column begins with a text, which is taken literally. As a range and not with
    /// `LIKE`, which on SQLite takes `A` for `a`, and which no index helps.
    pub fn and_prefix(&mut self, column: &'static str, text: &str) {
        let from = self.placeholder(text.to_value());
        let to = self.placeholder(format!("{text}{}", char::MAX).to_value());
        self.conditions
            .push(format!("{column} >= {from} AND {column} < {to}"));
    }

    /// Only rows one of whose columns contains a text, or another of which equals one.
    pub fn and_contains_or_equals(
        &mut self,
        column: &'static str,
        text: &str,
        other: &'static str,
        equals: &str,
    ) {
        let like = self.placeholder(format!("%{}%", escape_like(text)).to_value());
        let equal = self.placeholder(equals.to_value());
        self.conditions.push(format!(
            r"({column} LIKE {like} ESCAPE '\' OR {other} = {equal})"
        ));
    }

    fn placeholder(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn filter(&self) -> String {
        if self.conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.conditions.join(" AND "))
        }
    }

    /// The query text of the count.
    pub fn count_sql(&self) -> String {
        format!("SELECT COUNT(*) FROM {}{}", self.table, self.filter())
    }

    /// The query text of a page, with the keys of its position bound.
    fn page_sql<T: Record>(&mut self, position: &Position, limit: u32) -> String {
        let backwards = matches!(position, Position::Before(..) | Position::Last);
        let direction = if backwards {
            self.direction.reversed()
        } else {
            self.direction
        };
        if let Position::After(keys, _) | Position::Before(keys, _) = position {
            let placeholders: Vec<_> = keys
                .iter()
                .map(|key| self.placeholder(key.clone().into()))
                .collect();
            let than = match direction {
                Direction::Ascending => ">",
                Direction::Descending => "<",
            };
            let keys = self.keys.join(", ");
            self.conditions
                .push(format!("({keys}) {than} ({})", placeholders.join(", ")));
        }
        let word = match direction {
            Direction::Ascending => "ASC",
            Direction::Descending => "DESC",
        };
        let order: Vec<_> = self
            .keys
            .iter()
            .map(|key| format!("{key} {word}"))
            .collect();
        let limit = self.placeholder(limit.to_value());
        let filter = self.filter();
        format!(
            "SELECT {} FROM {}{filter} ORDER BY {} LIMIT {limit}",
            T::COLUMNS,
            self.table,
            order.join(", ")
        )
    }

    fn bound<'d, 'c>(&self, query: Query<'d, 'c>) -> Query<'d, 'c> {
        self.values.iter().fold(query, Query::bind)
    }

    /// How many rows match.
    pub async fn count(&self, db: &mut Db<'_>) -> Result<u64, StoreError> {
        let query = db.assembled(self.count_sql());
        self.bound(query).fetch_one().await
    }

    /// Fetches the rows after one in the order, without counting them: for going through all.
    pub async fn fetch_after<T: Record>(
        mut self,
        db: &mut Db<'_>,
        after: Option<Vec<Key>>,
        limit: u32,
    ) -> Result<Vec<T>, StoreError> {
        let position = after.map_or(Position::First, |keys| Position::After(keys, 0));
        let sql = self.page_sql::<T>(&position, limit);
        self.bound(db.assembled(sql)).fetch_all().await
    }

    /// Fetches a page. `keys` gives a row's place in the order.
    pub async fn fetch<T: Record>(
        self,
        db: &mut Db<'_>,
        page: &PageAt,
        keys: impl Fn(&T) -> Vec<Key>,
    ) -> Result<Listed<T>, StoreError> {
        let total = self.count(db).await?;
        let limit = page.limit.max(1);
        // The last page has the remaining rows, so that pages stay aligned with the start.
        let wanted = match page.position {
            Position::Last => remainder(total, limit),
            _ => limit,
        };
        let mut listing = self;
        if total <= FEW {
            listing.look_up_hits();
        }
        let sql = listing.page_sql::<T>(&page.position, wanted + 1);
        let mut items: Vec<T> = listing.bound(db.assembled(sql)).fetch_all().await?;
        let more = items.len() > wanted as usize;
        items.truncate(wanted as usize);
        let backwards = matches!(page.position, Position::Before(..) | Position::Last);
        if backwards {
            items.reverse();
        }
        let count = items.len() as u64;
        let first_row = match page.position {
            _ if items.is_empty() => 0,
            Position::First => 1,
            Position::After(_, row) => row,
            Position::Before(_, row) => row.saturating_sub(count).max(1),
            Position::Last => (total + 1).saturating_sub(count).max(1),
        };
        let before = items
            .first()
            .map(|row| Position::Before(keys(row), first_row));
        let after = items
            .last()
            .map(|row| Position::After(keys(row), first_row + count));
        let (has_previous, has_next) = match page.position {
            Position::First => (false, more),
            Position::After(..) => (true, more),
            Position::Before(..) => (more, true),
            Position::Last => (more, false),
        };
        let next = after.filter(|_| has_next);
        Ok(Listed {
            previous: before.filter(|_| has_previous),
            last: next.is_some().then_some(Position::Last),
            next,
            items,
            total,
            first_row,
        })
    }
}

fn remainder(total: u64, limit: u32) -> u32 {
    match u32::try_from(total % u64::from(limit)) {
        Ok(rest) if rest > 0 => rest,
        _ => limit,
    }
}

fn escape_like(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('%', r"\%")
        .replace('_', r"\_")
}
