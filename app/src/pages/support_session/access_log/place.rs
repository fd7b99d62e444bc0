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

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogPlace {
    /// The cursor; the newest rows without one.
    pub cursor: String,
    pub limit: String,
}

impl LogPlace {
    pub fn parse(&self) -> Result<PageRequest, Problem> {
        page_request(FieldProblems::default(), &self.limit, &self.cursor)
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
        let place: LogPlace = crate::query::read([("limit", "5")]);
        assert_eq!(place.cursor, "");
        assert_eq!(
            place.address(id, Some("x")),
            "/support/sessions/01937e2c-7b6a-7cc0-8000-000000000002?cursor=x&limit=5"
        );
    }
}
