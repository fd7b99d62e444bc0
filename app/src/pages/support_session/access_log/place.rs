//! Which page of the access log, in the query string.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        SupportSessionId,
        page::PageRequest,
        problem::{FieldProblems, Problem},
    },
    paths,
    query::{Query, page_request},
};

/// The page of the access log in the URL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPlace {
    /// The cursor; the newest rows without one.
    pub cursor: Option<String>,
    /// Rows on a page, as written.
    pub limit: String,
}

impl LogPlace {
    /// Takes the texts out of a query string; `get` gives the decoded value of a name.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            cursor: get("cursor").filter(|cursor| !cursor.is_empty()),
            limit: get("limit").unwrap_or_default().trim().to_owned(),
        }
    }

    /// What is asked for.
    pub fn parse(&self) -> Result<PageRequest, Problem> {
        let cursor = self.cursor.as_deref().unwrap_or_default();
        page_request(FieldProblems::default(), &self.limit, cursor)
    }

    /// The page of the log of session `id` at `cursor`; the first without.
    pub fn address(&self, id: SupportSessionId, cursor: Option<&str>) -> String {
        Query::default()
            .with_some("cursor", cursor)
            .with("limit", &self.limit)
            .of(&paths::support_session(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_size_is_kept_from_page_to_page() {
        let id: SupportSessionId = "01937e2c-7b6a-7cc0-8000-000000000002".parse().unwrap();
        let place = LogPlace::read(|name| (name == "limit").then(|| "5".to_owned()));
        assert_eq!(place.cursor, None);
        assert_eq!(
            place.address(id, Some("x")),
            "/support/sessions/01937e2c-7b6a-7cc0-8000-000000000002?cursor=x&limit=5"
        );
    }
}
