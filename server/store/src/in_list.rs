//! `IN` lists of a fixed length, so that one query text serves any number of values.

use super::{Db, FromRow, Query, StoreError, ToValue};

/// How many values one list takes. Shorter lists repeat the last value.
pub(super) const LENGTH: usize = 100;

/// Reads the rows of `select` for any number of values, in no order.
pub(super) async fn fetch_all<T: FromRow>(
    db: &mut Db<'_>,
    select: &'static str,
    values: &[impl ToValue],
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::with_capacity(values.len());
    for values in values.chunks(LENGTH) {
        let rows = bind(db.assembled(sql(select)), values).fetch_all();
        found.extend(rows.await?);
    }
    Ok(found)
}

/// `select` followed by a list of [`LENGTH`] placeholders.
pub(super) fn sql(select: &'static str) -> String {
    let placeholders: Vec<String> = (1..=LENGTH).map(|n| format!("${n}")).collect();
    format!("{select}({})", placeholders.join(", "))
}

/// Binds up to [`LENGTH`] values.
pub(super) fn bind<'d, 'c, T: ToValue>(query: Query<'d, 'c>, values: &[T]) -> Query<'d, 'c> {
    let Some(last) = values.last() else {
        return (0..LENGTH).fold(query, |query, _| query.bind(Option::<String>::None));
    };
    values
        .iter()
        .chain(std::iter::repeat(last))
        .take(LENGTH)
        .fold(query, Query::bind)
}
