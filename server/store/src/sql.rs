//! Queries, each in one definition: its name, its parameters, its result and its text.

mod numbered;

pub(crate) use self::numbered::{number, numbered};

/// A named query text.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    pub name: &'static str,
    pub sql: &'static str,
}

/// Defines queries as functions of `Db` and `Tx`, and `ALL` of their texts for the test that prepares
/// each on both engines.
///
/// In a text `:name` stands for the parameter of that name. `where` binds other values than the
/// parameters, in the order of their names. A text that counts its own placeholders, such as that of
/// `insert!`, has the values in their order. A query gives
///
/// - nothing,
/// - `optional T`, `all T` or `one T`: the first row, every row, or the one row that there always is,
/// - `nullable T`: the first row's one column, `None` without a row too,
/// - `exists`: whether a count is above 0,
/// - `changed`: whether it changed one row,
/// - `count`: how many rows it changed.
macro_rules! queries {
    (@gives) => { () };
    (@gives optional $what:ty) => { Option<$what> };
    (@gives nullable $what:ty) => { Option<$what> };
    (@gives all $what:ty) => { Vec<$what> };
    (@gives one $what:ty) => { $what };
    (@gives exists) => { bool };
    (@gives changed) => { bool };
    (@gives count) => { u64 };

    (@run $query:expr,) => { $query.done().await };
    (@run $query:expr, optional) => { $query.fetch_optional().await };
    (@run $query:expr, nullable) => { $query.fetch_optional().await.map(Option::flatten) };
    (@run $query:expr, all) => { $query.fetch_all().await };
    (@run $query:expr, one) => { $query.fetch_one().await };
    (@run $query:expr, exists) => { $query.fetch_one::<i64>().await.map(|count| count > 0) };
    (@run $query:expr, changed) => { $query.changes_one().await };
    (@run $query:expr, count) => { $query.execute().await };

    (@value $name:ident) => { $name };
    (@value $name:ident $value:expr) => { $value };

    (@text $sql:expr, [$($param:ident),*]) => { $crate::sql::numbered!($sql, [$($param),*]) };
    (@text $sql:expr, [$($param:ident),*] [$($bound:ident),*]) => { $crate::sql::numbered!($sql, [$($bound),*]) };

    (@bind $query:expr, [$($param:ident),*]) => {
        $query$(.with(|values| $param.add_to(values)))*
    };
    (@bind $query:expr, [$($param:ident),*] [$($value:expr),*]) => {
        $query$(.with(|values| $value.add_to(values)))*
    };

    ($( $on:ident { $(
        $(#[$doc:meta])*
        $vis:vis fn $name:ident($($param:ident: $type:ty),* $(,)?) $(-> $gives:ident $($what:ty)?)?
            $(where ($($bound:ident $(= $value:expr)?),* $(,)?))?
            = $sql:expr;
    )+ } )+) => {
        use $crate::value::Values as _;

        $( impl $on<'_> { $(
            $(#[$doc])*
            $vis async fn $name(
                &mut self
                $(, $param: $type)*
            ) -> Result<$crate::sql::queries!(@gives $($gives $($what)?)?), $crate::StoreError> {
                let text = $crate::sql::queries!(@text $sql, [$($param),*] $([$($bound),*])?);
                let query = $crate::sql::queries!(
                    @bind self.query(text), [$($param),*] $([$($crate::sql::queries!(@value $bound $($value)?)),*])?
                );
                $crate::sql::queries!(@run query, $($gives)?)
            }
        )+ } )+

        /// Every query text of this file.
        #[cfg(test)]
        pub(crate) const ALL: &[$crate::Statement] = &[ $( $(
            $crate::Statement {
                name: concat!(module_path!(), "::", stringify!($name)),
                sql: $crate::sql::queries!(@text $sql, [$($param),*] $([$($bound),*])?),
            },
        )+ )+ ];
    };
}
pub(crate) use queries;
