//! Placeholders by name, numbered when the program is compiled.

/// A query text with `$1, $2, …` for `:name`, in the order of the names. A placeholder without a
/// parameter, and a parameter that is not in the text, do not compile.
macro_rules! numbered {
    ($sql:expr, [$($name:ident),*]) => {{
        const SQL: &str = $sql;
        const NAMES: &[&str] = &[$(stringify!($name)),*];
        const LENGTH: usize = $crate::sql::number(SQL, NAMES, &mut []);
        const BYTES: [u8; LENGTH] = {
            let mut bytes = [0; LENGTH];
            $crate::sql::number(SQL, NAMES, &mut bytes);
            bytes
        };
        const TEXT: &str = match std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => panic!("a query is UTF-8"),
        };
        TEXT
    }};
}
pub(crate) use numbered;

/// Writes the text as far as `to` has room. Returns its whole length.
pub(crate) const fn number(sql: &str, names: &[&str], to: &mut [u8]) -> usize {
    let sql = sql.as_bytes();
    let (mut at, mut length) = (0, 0);
    let mut used = 0_u64;
    while at < sql.len() {
        if sql[at] != b':' {
            // A text that counts its own placeholders uses every value.
            if sql[at] == b'$' {
                used = u64::MAX;
            }
            length = put(to, length, sql[at]);
            at += 1;
            continue;
        }
        let end = end_of_name(sql, at + 1);
        let place = place(sql, at + 1, end, names);
        used |= 1 << place;
        length = put(to, length, b'$');
        if place >= 9 {
            length = put(to, length, DIGITS[(place + 1) / 10]);
        }
        length = put(to, length, DIGITS[(place + 1) % 10]);
        at = end;
    }
    assert!(
        used.trailing_ones() as usize >= names.len(),
        "a parameter is not in the query"
    );
    length
}

const DIGITS: &[u8; 10] = b"0123456789";

const fn put(to: &mut [u8], at: usize, byte: u8) -> usize {
    if at < to.len() {
        to[at] = byte;
    }
    at + 1
}

const fn end_of_name(sql: &[u8], mut at: usize) -> usize {
    while at < sql.len() && (sql[at].is_ascii_alphanumeric() || sql[at] == b'_') {
        at += 1;
    }
    at
}

const fn place(sql: &[u8], from: usize, to: usize, names: &[&str]) -> usize {
    let mut place = 0;
    while place < names.len() {
        if is_at(names[place].as_bytes(), sql, from, to) {
            return place;
        }
        place += 1;
    }
    panic!("a placeholder has no parameter")
}

const fn is_at(name: &[u8], sql: &[u8], from: usize, to: usize) -> bool {
    let mut at = 0;
    while at < name.len() && from + at < to && name[at] == sql[from + at] {
        at += 1;
    }
    at == name.len() && from + at == to
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_become_numbers_in_the_order_of_the_parameters() {
        const TEXT: &str = numbered!("a = :b AND c = :bc OR d = :b", [bc, b]);
        assert_eq!(TEXT, "a = $2 AND c = $1 OR d = $2");
    }

    #[test]
    fn more_than_nine_are_counted_in_two_digits() {
        let text = numbered!(":a:b:c:d:e:f:g:h:i:j:k", [a, b, c, d, e, f, g, h, i, j, k]);
        assert_eq!(text, "$1$2$3$4$5$6$7$8$9$10$11");
        assert_eq!(numbered!("VALUES ($1, $2)", [a]), "VALUES ($1, $2)");
    }
}
