//! Statements about several rows at once, so that a batch needs few statements on PostgreSQL.

use std::sync::OnceLock;

use crate::{Db, FromRow, Query, StoreError, Value};

/// How many rows one statement has. So any number of rows needs few statements, and few texts are
/// prepared.
const LENGTHS: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// A statement with a list of rows in it.
pub(crate) struct Rows {
    before: &'static str,
    columns: usize,
    after: &'static str,
    texts: OnceLock<[String; LENGTHS.len()]>,
}

impl Rows {
    /// From the text before and after the list, and the number of columns of its rows.
    pub(crate) const fn new(before: &'static str, columns: usize, after: &'static str) -> Self {
        Self {
            before,
            columns,
            after,
            texts: OnceLock::new(),
        }
    }

    /// The text for each number of rows.
    fn texts(&self) -> &[String] {
        self.texts
            .get_or_init(|| LENGTHS.map(|rows| self.text(rows)))
    }

    fn text(&self, rows: usize) -> String {
        let row = |row: usize| {
            let columns =
                (1..=self.columns).map(|column| format!("${}", row * self.columns + column));
            format!("({})", columns.collect::<Vec<_>>().join(", "))
        };
        let rows: Vec<_> = (0..rows).map(row).collect();
        format!("{}{}{}", self.before, rows.join(", "), self.after)
    }

    /// Runs it for every row. Returns how many rows it changed.
    pub(crate) async fn execute(
        &'static self,
        db: &mut Db<'_>,
        rows: Vec<Vec<Value>>,
    ) -> Result<u64, StoreError> {
        let (mut rows, mut changed) = (rows.into_iter(), 0);
        while let Some(query) = self.next(db, &mut rows) {
            changed += query.execute().await?;
        }
        Ok(changed)
    }

    /// Runs it for every row. Returns all results.
    pub(crate) async fn fetch_all<T: FromRow>(
        &'static self,
        db: &mut Db<'_>,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<T>, StoreError> {
        let (mut rows, mut found) = (rows.into_iter(), Vec::new());
        while let Some(query) = self.next(db, &mut rows) {
            found.extend(query.fetch_all().await?);
        }
        Ok(found)
    }

    fn next<'d, 'c>(
        &'static self,
        db: &'d mut Db<'c>,
        rows: &mut std::vec::IntoIter<Vec<Value>>,
    ) -> Option<Query<'d, 'c>> {
        let texts = LENGTHS.into_iter().zip(self.texts());
        let (length, text) = texts
            .into_iter()
            .find(|(length, _)| *length <= rows.len())?;
        let rows = rows.take(length).flatten();
        Some(db.query(text).with(|values| values.extend(rows)))
    }
}

/// How many columns a list has.
pub(crate) const fn columns(list: &str) -> usize {
    let (list, mut at, mut columns) = (list.as_bytes(), 0, 1);
    while at < list.len() {
        columns += (list[at] == b',') as usize;
        at += 1;
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_its_placeholders() {
        let rows = Rows::new("VALUES ", columns("a, b"), " AS v");
        assert_eq!(rows.text(2), "VALUES ($1, $2), ($3, $4) AS v");
    }
}
