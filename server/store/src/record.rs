//! The columns of a type, for reading and writing, in one definition.

use crate::FromRow;

/// A type that is stored in a row, or in a part of one.
pub trait Record: FromRow {
    /// The columns, in the order in which their values are added.
    const COLUMNS: &'static str;
}

/// Defines a [`Record`]. A field is kept
///
/// - `name`: in the column of that name,
/// - `name = column`: in another,
/// - `name: Type`: in the columns of `Type`, which is a record itself,
/// - `name as [column, …] by read, write`: by two functions; without `write` it is never written.
macro_rules! record {
    (@columns $field:ident) => { stringify!($field) };
    (@columns $field:ident = $column:ident) => { stringify!($column) };
    (@columns $field:ident : $part:ty) => { <$part as $crate::record::Record>::COLUMNS };
    (@columns $field:ident as [$($column:ident),+] by $($function:ident),+) => {
        stringify!($($column),+)
    };

    (@read $row:ident $field:ident) => { $row.get(stringify!($field))? };
    (@read $row:ident $field:ident = $column:ident) => { $row.get(stringify!($column))? };
    (@read $row:ident $field:ident : $part:ty) => { <$part as $crate::FromRow>::from_row($row)? };
    (@read $row:ident $field:ident as [$($column:ident),+] by $read:ident $(, $write:ident)?) => {
        $read($row)?
    };

    (@write $record:ident $values:ident $field:ident : $part:ty) => {
        <$part as $crate::value::Values>::add_to(&$record.$field, $values);
    };
    (@write $record:ident $values:ident $field:ident as [$($column:ident),+] by $read:ident) => {};
    (@write $record:ident $values:ident $field:ident as [$($column:ident),+] by $read:ident, $write:ident) => {
        $values.extend($write($record));
    };
    (@write $record:ident $values:ident $field:ident $(= $column:ident)?) => {
        $values.push($crate::ToValue::to_value(&$record.$field));
    };

    ($type:ident { $(
        $field:ident $(= $column:ident)? $(: $part:ty)? $(as [$($of:ident),+] by $($function:ident),+)?
    );+ $(;)? }) => {
        impl $crate::FromRow for $type {
            fn from_row(row: &$crate::Row) -> Result<Self, $crate::StoreError> {
                Ok(Self { $(
                    $field: $crate::record::record!(
                        @read row $field $(= $column)? $(: $part)? $(as [$($of),+] by $($function),+)?
                    )
                ),+ })
            }
        }

        impl $crate::record::Record for $type {
            const COLUMNS: &'static str = $crate::record::listed(const_format::concatcp!( $(
                ", ",
                $crate::record::record!(
                    @columns $field $(= $column)? $(: $part)? $(as [$($of),+] by $($function),+)?
                )
            ),+ ));
        }

        impl $crate::value::Values for $type {
            fn add_to(&self, values: &mut Vec<$crate::Value>) {
                $( $crate::record::record!(
                    @write self values $field $(= $column)? $(: $part)? $(as [$($of),+] by $($function),+)?
                ); )+
            }
        }
    };
}
pub(crate) use record;

/// The text that reads records: `SELECT`, a record's columns, `FROM` and the rest.
macro_rules! select {
    ($type:ty, $rest:literal) => {
        const_format::concatcp!(
            "SELECT ",
            <$type as $crate::record::Record>::COLUMNS,
            " FROM ",
            $rest
        )
    };
}
pub(crate) use select;

/// The text that adds a row with these columns, the first of which are a record's if one is named.
macro_rules! insert {
    ($table:literal, $columns:literal) => {
        $crate::record::insert!(@ $table, $columns)
    };
    ($table:literal, $type:ty) => {
        $crate::record::insert!(@ $table, <$type as $crate::record::Record>::COLUMNS)
    };
    ($table:literal, $type:ty, $more:literal) => {
        $crate::record::insert!(@ $table, const_format::concatcp!(
            <$type as $crate::record::Record>::COLUMNS, ", ", $more
        ))
    };
    (@ $table:literal, $columns:expr) => {
        const_format::concatcp!(
            "INSERT INTO ", $table, " (", $columns, ") VALUES (", $crate::record::placeholders($columns), ")"
        )
    };
}
pub(crate) use insert;

/// A list without the comma before its first column.
pub(crate) const fn listed(columns: &'static str) -> &'static str {
    columns.split_at(", ".len()).1
}

const PLACEHOLDERS: &str = "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32";

/// As many placeholders as there are columns in a list.
pub(crate) const fn placeholders(columns: &str) -> &'static str {
    let (columns, all) = (columns.as_bytes(), PLACEHOLDERS.as_bytes());
    let (mut at, mut end) = (0, 0);
    // One comma of the placeholders for each comma of the columns.
    while at < columns.len() {
        if columns[at] == b',' {
            while all[end] != b',' {
                end += 1;
            }
            end += 1;
        }
        at += 1;
    }
    while end < all.len() && all[end] != b',' {
        end += 1;
    }
    PLACEHOLDERS.split_at(end).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_placeholders_as_columns() {
        assert_eq!(placeholders("id"), "$1");
        assert_eq!(placeholders("id, name, at"), "$1, $2, $3");
        assert!(placeholders("a,b,c,d,e,f,g,h,i,j,k,l").ends_with("$11, $12"));
    }
}
