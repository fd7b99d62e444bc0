//! The filter of the list of API keys in the query string.

use serde::{Deserialize, Serialize};

use super::{Query, optional, page_request};
use crate::{
    domain::{
        api_keys::{ApiKeyFilter, ApiKeyState},
        page::PageRequest,
        problem::{FieldProblems, Problem},
        tenants::{TENANT_FIELD, tenant_in_filter},
    },
    paths,
};

/// The state that stands for keys that work but aren't used.
pub const UNUSED: &str = "unused";

/// The filter and the page as texts from the URL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeysQuery {
    /// Part of the name, or the ID.
    pub q: String,
    /// An [`ApiKeyState`], or [`UNUSED`].
    pub state: String,
    /// The tenant's ID.
    pub tenant: String,
    pub cursor: String,
    pub limit: String,
}

impl KeysQuery {
    /// The filter and the page.
    ///
    /// # Errors
    ///
    /// Names every field that can't be read.
    pub fn parse(&self) -> Result<(ApiKeyFilter, PageRequest), Problem> {
        let mut problems = FieldProblems::default();
        let unused = self.state == UNUSED;
        let state = match unused {
            true => Some(ApiKeyState::Active),
            false => optional(&mut problems, "state", &self.state, str::parse),
        };
        let filter = ApiKeyFilter {
            search: Some(self.q.clone()).filter(|text| !text.is_empty()),
            state,
            unused,
            tenant_id: optional(&mut problems, TENANT_FIELD, &self.tenant, tenant_in_filter),
        };
        let page = page_request(problems, &self.limit, &self.cursor)?;
        Ok((filter, page))
    }

    pub fn is_filtered(&self) -> bool {
        [&self.q, &self.state, &self.tenant]
            .iter()
            .any(|text| !text.is_empty())
    }

    /// The page of this filter at `cursor`; the first without.
    pub fn address(&self, cursor: Option<&str>) -> String {
        self.written(&self.state)
            .with_some("cursor", cursor)
            .of(paths::API_KEYS)
    }

    /// The first page with keys in another state; in any where that is this one.
    pub fn in_state(&self, state: &str) -> String {
        let state = if self.state == state { "" } else { state };
        self.written(state).of(paths::API_KEYS)
    }

    fn written(&self, state: &str) -> Query {
        Query::default()
            .with("q", &self.q)
            .with("state", state)
            .with(TENANT_FIELD, &self.tenant)
            .with("limit", &self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_keys_are_those_that_work_and_are_not_used() {
        let query = |state: &str| KeysQuery {
            state: state.into(),
            ..KeysQuery::default()
        };
        let (filter, _) = query("unused").parse().unwrap();
        assert!(filter.unused);
        assert_eq!(filter.state, Some(ApiKeyState::Active));
        let (filter, _) = query("revoked").parse().unwrap();
        assert_eq!(
            (filter.unused, filter.state),
            (false, Some(ApiKeyState::Revoked))
        );
        assert!(query("gone").parse().unwrap_err().field("state").is_some());
    }

    #[test]
    fn a_second_click_on_a_state_shows_all_again() {
        let query = KeysQuery {
            state: "expired".into(),
            tenant: "acme".into(),
            cursor: "x".into(),
            ..KeysQuery::default()
        };
        assert_eq!(query.in_state("expired"), "/admin/api-keys?tenant=acme");
        let active = query.in_state("active");
        assert_eq!(active, "/admin/api-keys?state=active&tenant=acme");
        let next = query.address(Some("y"));
        assert_eq!(next, "/admin/api-keys?state=expired&tenant=acme&cursor=y");
    }

    #[test]
    fn what_is_searched_for_stays_in_the_address() {
        let query = KeysQuery {
            q: "billing & co".into(),
            ..KeysQuery::default()
        };
        assert!(query.is_filtered());
        let (filter, _) = query.parse().unwrap();
        assert_eq!(filter.search.as_deref(), Some("billing & co"));
        assert_eq!(
            query.in_state(UNUSED),
            "/admin/api-keys?q=billing%20%26%20co&state=unused"
        );
    }
}
