//! `IN` lists of a fixed length, so that one query text serves any number of values.

use super::{Query, ToValue};

/// How many values one list takes. Shorter lists repeat the last value.
pub(super) const LENGTH: usize = 100;

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
