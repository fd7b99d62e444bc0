//! The address that a saved view keeps.

use super::{audit::AuditQuery, read, sessions::SessionsQuery};
use crate::domain::saved_views::FilteredList;

/// The first page of a list at the filter of an address, and nothing else that stands in it.
pub fn list_address(list: FilteredList, address: &str) -> String {
    let (_, query) = address.split_once('?').unwrap_or_default();
    let url = url_pairs(query);
    match list {
        FilteredList::SupportSessions => read::<SessionsQuery>(url).address(None),
        FilteredList::Audit => read::<AuditQuery>(url).address(None),
    }
}

/// The pairs of a query string, decoded.
fn url_pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// Undoes [`super::encode`]. What is no UTF-8 then is replaced.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (byte, after) = match (first, byte) {
            (b'%', Some(byte)) => (byte, after.get(2..).unwrap_or_default()),
            (b'+', _) => (b' ', after),
            (other, _) => (*other, after),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_reduced_to_its_filter() {
        let audit = |address| list_address(FilteredList::Audit, address);
        assert_eq!(audit("/audit"), "/audit");
        assert_eq!(
            audit("https://evil.example/?actor=Ann%20%26+Bo&cursor=x&next=y&x"),
            "/audit?actor=Ann%20%26%20Bo"
        );
        assert_eq!(audit("?action=%F0%9F"), "/audit?action=%EF%BF%BD");
        assert_eq!(
            list_address(FilteredList::SupportSessions, "/x?status=active&actor=Bo"),
            "/support/sessions?status=ACTIVE"
        );
    }
}
