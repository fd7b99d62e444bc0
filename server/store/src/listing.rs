//! Lists: filters assembled from our own fragments, and keyset paging.

mod page;

use std::borrow::Cow;

use app::domain::page::{COUNTED_MAX, Direction};

use self::page::Total;
use super::{Db, Query, StoreError, ToValue, Value, record::Record, sought::Sought};

pub use self::page::{Key, Listed, PageAt, Position, Wanted};

/// Up to this many hits of a search are looked up and sorted. With more, the rows are read in the
/// list's order, which for few hits would read the whole table.
const FEW: u64 = 1_000;

/// A condition whose matches may be anywhere in the table.
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
    table: Cow<'static, str>,
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
            table: Cow::Borrowed(table),
            keys,
            direction,
            conditions: Vec::new(),
            values: Vec::new(),
            search: None,
        }
    }

    /// Rows of `table`, a subquery in which `value` takes the place of `{}`.
    pub fn of_subquery(
        table: &'static str,
        value: impl ToValue,
        keys: &'static [&'static str],
        direction: Direction,
    ) -> Self {
        let mut listing = Self::new(table, keys, direction);
        let placeholder = listing.placeholder(value.to_value());
        listing.table = Cow::Owned(table.replace("{}", &placeholder));
        listing
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

    /// Only rows whose column, made by [`searchable`](crate::searchable), has what is sought. The column must have an index that
    /// includes `key`, a column that identifies a row.
    pub fn and_contains(&mut self, column: &'static str, key: &'static str, sought: &Sought) {
        let placeholder = self.placeholder(sought.pattern().to_value());
        self.search = Some(Search {
            condition: self.conditions.len(),
            key,
        });
        self.conditions
            .push(format!(r"{column} LIKE {placeholder} ESCAPE '\'"));
    }

    /// Looks up the hits of the search by their key.
    fn look_up_hits(&mut self) {
        if let Some(Search { condition, key }) = self.search.take()
            && let Some(condition) = self.conditions.get_mut(condition)
        {
            let table = &self.table;
            *condition = format!("{key} IN (SELECT {key} FROM {table} WHERE {condition})");
        }
    }

    /// Only rows whose column begins with a text, taken literally. It uses a range, because `LIKE`
    /// on SQLite does not distinguish `A` from `a`, and uses no index.
    pub fn and_prefix(&mut self, column: &'static str, text: &str) {
        let from = self.placeholder(text.to_value());
        let to = self.placeholder(format!("{text}{}", char::MAX).to_value());
        self.conditions
            .push(format!("{column} >= {from} AND {column} < {to}"));
    }

    /// Only rows with one column that contains a text, or another that equals one.
    pub fn and_contains_or_equals(
        &mut self,
        column: &'static str,
        sought: &Sought,
        other: &'static str,
        equals: &str,
    ) {
        let like = self.placeholder(sought.pattern().to_value());
        let equal = self.placeholder(equals.to_value());
        self.conditions.push(format!(
            r"({column} LIKE {like} ESCAPE '\' OR {other} = {equal})"
        ));
    }

    /// Only rows whose column has one of these numbers.
    pub(crate) fn and_one_of(&mut self, column: &'static str, numbers: &[i64]) {
        let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
        self.conditions.push(match numbers.is_empty() {
            true => "1 = 0".to_owned(),
            false => format!("{column} IN ({})", numbers.join(", ")),
        });
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

    /// The query text of the count, which stops at a number.
    fn count_sql(&mut self, enough: u64) -> String {
        let enough = self.placeholder(enough.to_value());
        let (table, filter) = (&self.table, self.filter());
        format!("SELECT COUNT(*) FROM (SELECT 1 FROM {table}{filter} LIMIT {enough}) AS counted")
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

    /// The text of the first page and its values.
    #[cfg(test)]
    pub(crate) fn first_page<T: Record>(mut self) -> (String, Vec<Value>) {
        let sql = self.page_sql::<T>(&Position::First, 50);
        (sql, self.values)
    }

    fn bound<'d, 'c>(&self, query: Query<'d, 'c>) -> Query<'d, 'c> {
        self.values.iter().fold(query, Query::bind)
    }

    /// How many rows match, counted up to `most` + 1.
    async fn count(&self, db: &mut Db<'_>, most: u64) -> Result<u64, StoreError> {
        let mut listing = self.clone();
        let sql = listing.count_sql(most + 1);
        listing.bound(db.assembled(sql)).fetch_one().await
    }

    /// How many rows there are in total, if requested or if the way to search depends on it.
    async fn total(&self, db: &mut Db<'_>, asked: Total) -> Result<Option<u64>, StoreError> {
        Ok(match (asked, &self.search) {
            (Total::Known(rows), _) => Some(rows),
            (Total::Count, _) => Some(self.count(db, COUNTED_MAX).await?),
            (Total::Unasked, Some(_)) => Some(self.count(db, FEW).await?),
            (Total::Unasked, None) => None,
        })
    }

    /// Fetches the rows after one in the order, without counting them, to go through all.
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

    /// Fetches a page. `keys` returns a row's place in the order.
    pub async fn fetch<T: Record>(
        self,
        db: &mut Db<'_>,
        wanted: impl Into<Wanted>,
        keys: impl Fn(&T) -> Vec<Key>,
    ) -> Result<Listed<T>, StoreError> {
        let Wanted { page, total: asked } = wanted.into();
        let total = self.total(db, asked).await?;
        let exact = total.filter(|total| match asked {
            Total::Known(_) => true,
            Total::Count => *total <= COUNTED_MAX,
            Total::Unasked => *total <= FEW,
        });
        let limit = page.limit.max(1);
        // The last page has the remaining rows, so that pages stay aligned with the start.
        let rows = match (&page.position, exact) {
            (Position::Last, Some(total)) => remainder(total, limit),
            _ => limit,
        };
        let mut listing = self;
        if exact.is_some_and(|total| total <= FEW) {
            listing.look_up_hits();
        }
        let sql = listing.page_sql::<T>(&page.position, rows + 1);
        let mut items: Vec<T> = listing.bound(db.assembled(sql)).fetch_all().await?;
        let more = items.len() > rows as usize;
        items.truncate(rows as usize);
        if matches!(page.position, Position::Before(..) | Position::Last) {
            items.reverse();
        }
        let first_row = first_row(&page.position, items.len() as u64, more, exact);
        let total = total.filter(|_| asked != Total::Unasked);
        Ok(placed(page.position, items, more, first_row, total, keys))
    }
}

/// The number of a page's first row, or 0 if it is not known.
fn first_row(position: &Position, count: u64, more: bool, exact: Option<u64>) -> u64 {
    match *position {
        _ if count == 0 => 0,
        Position::First => 1,
        Position::After(_, row) => row,
        Position::Before(..) if !more => 1,
        Position::Before(_, row) => row.saturating_sub(count),
        Position::Last => exact.map_or(0, |total| (total + 1).saturating_sub(count).max(1)),
    }
}

/// The page with the positions of its neighbours.
fn placed<T>(
    position: Position,
    items: Vec<T>,
    more: bool,
    first_row: u64,
    total: Option<u64>,
    keys: impl Fn(&T) -> Vec<Key>,
) -> Listed<T> {
    let after_last = match first_row {
        0 => 0,
        first => first + items.len() as u64,
    };
    let (has_previous, has_next) = match position {
        Position::First => (false, more),
        Position::After(..) => (true, more),
        Position::Before(..) => (more, true),
        Position::Last => (more, false),
    };
    let before = items.first().filter(|_| has_previous);
    let after = items.last().filter(|_| has_next);
    let next = after.map(|row| Position::After(keys(row), after_last));
    Listed {
        previous: before.map(|row| Position::Before(keys(row), first_row)),
        last: next.is_some().then_some(Position::Last),
        next,
        total: total.unwrap_or_else(|| after_last.saturating_sub(1)),
        items,
        first_row,
    }
}

fn remainder(total: u64, limit: u32) -> u32 {
    match u32::try_from(total % u64::from(limit)) {
        Ok(rest) if rest > 0 => rest,
        _ => limit,
    }
}
