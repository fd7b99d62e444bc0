//! Query strings, so that everything a page shows can be linked to.

pub mod audit;
pub mod keys;
pub mod list;
pub mod saved;
pub mod sessions;
pub mod time;

use std::fmt::Write;

use serde::de::DeserializeOwned;

use crate::domain::{
    form,
    page::PageRequest,
    problem::{FieldProblems, Problem},
};

/// A query string under construction. Empty values are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(String);

impl Query {
    /// Adds a pair, unless the value is empty.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.0.push(if self.0.is_empty() { '?' } else { '&' });
            self.0.push_str(&encode(name));
            self.0.push('=');
            self.0.push_str(&encode(value));
        }
        self
    }

    /// Adds a pair if there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, &value.to_string()),
            None => self,
        }
    }

    /// `path` with this query.
    pub fn of(&self, path: &str) -> String {
        format!("{path}{}", self.0)
    }
}

/// Reads the pairs of a query string into texts, as a form is read, without space around them. What
/// the struct has no field for is ignored, and of several values the last counts.
pub fn read<Q: DeserializeOwned + Default>(
    pairs: impl IntoIterator<Item = (impl ToString, impl AsRef<str>)>,
) -> Q {
    let fields = pairs
        .into_iter()
        .map(|(name, value)| (name.to_string(), vec![value.as_ref().trim().to_owned()]))
        .collect();
    form::restore(&fields).unwrap_or_default()
}

/// Reads the text of a field, if there is one; what can't be read is added to `problems`.
pub fn optional<T, E: ToString>(
    problems: &mut FieldProblems,
    field: &str,
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    if text.is_empty() {
        return None;
    }
    problems.take(field, parse(text))
}

/// The page of a list that is asked for, and what is wrong with the query. With anything wrong it is the first page: a place
/// in another list would be none here.
pub fn page_of(
    mut problems: FieldProblems,
    limit: &str,
    cursor: &str,
) -> (PageRequest, Option<Problem>) {
    let limit = optional(&mut problems, "limit", limit, |text| {
        text.parse().map_err(|_| "must be a whole number")
    });
    let problem = problems.finish().err();
    let cursor = Some(cursor).filter(|cursor| !cursor.is_empty() && problem.is_none());
    let page = PageRequest {
        limit,
        cursor: cursor.map(ToOwned::to_owned),
    };
    (page, problem)
}

/// The page of a list that is asked for, unless anything of the query can't be read.
pub fn page_request(
    problems: FieldProblems,
    limit: &str,
    cursor: &str,
) -> Result<PageRequest, Problem> {
    match page_of(problems, limit, cursor) {
        (page, None) => Ok(page),
        (_, Some(problem)) => Err(problem),
    }
}

/// Percent-encodes all but the unreserved characters of RFC 3986 §2.3.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a String can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Search {
        q: String,
    }

    #[test]
    fn the_last_value_of_a_known_name_is_read_without_the_space_around_it() {
        let search: Search = read([("q", "a"), ("flash", "x"), ("q", " b ")]);
        assert_eq!(search.q, "b");
        assert_eq!(read::<Search>([("flash", "x")]).q, "");
    }

    #[test]
    fn empty_values_are_left_out_and_the_rest_is_encoded() {
        let query = Query::default()
            .with("q", "a&b=ñ")
            .with("status", "")
            .with_some("limit", Some(5))
            .with_some("cursor", None::<String>);
        assert_eq!(query.of("/x"), "/x?q=a%26b%3D%C3%B1&limit=5");
        assert_eq!(Query::default().of("/x"), "/x");
    }
}
