//! The list's search, filters, sorting and page as a URL.

use serde::Deserialize;

use crate::{
    domain::{
        page::{Direction, PageRequest},
        problem::{FieldProblems, Problem},
        staff::{StaffFilter, StaffSort},
    },
    paths,
    query::{Query, optional, page_request},
};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaffRequest {
    pub filter: StaffFilter,
    pub page: PageRequest,
}

/// The request as texts from the URL, valid or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct StaffQuery {
    pub q: String,
    pub role: String,
    pub state: String,
    pub sort: String,
    pub dir: String,
    pub limit: String,
    pub cursor: String,
}

impl StaffQuery {
    /// Empty values count as absent.
    pub fn parse(&self) -> Result<StaffRequest, Problem> {
        let mut problems = FieldProblems::default();
        let role = optional(&mut problems, "role", &self.role, str::parse);
        let state = optional(&mut problems, "state", &self.state, str::parse);
        let sort = optional(&mut problems, "sort", &self.sort, str::parse);
        let sort = sort.unwrap_or(StaffSort::Name);
        let direction = optional(&mut problems, "dir", &self.dir, str::parse);
        let filter = StaffFilter {
            search: Some(self.q.clone()).filter(|text| !text.is_empty()),
            role,
            state,
            sort,
            direction: direction.unwrap_or_else(|| first_direction(sort)),
        };
        let page = page_request(problems, &self.limit, &self.cursor)?;
        Ok(StaffRequest { filter, page })
    }
}

impl StaffRequest {
    /// The URL of the page at `cursor`, or of the first one.
    pub fn at_cursor(&self, cursor: Option<&str>) -> String {
        let filter = &self.filter;
        let sort = Some(filter.sort).filter(|sort| *sort != StaffSort::Name);
        let direction =
            Some(filter.direction).filter(|direction| *direction != first_direction(filter.sort));
        Query::default()
            .with_some("q", filter.search.as_deref())
            .with_some("role", filter.role)
            .with_some("state", filter.state)
            .with_some("sort", sort)
            .with_some("dir", direction)
            .with_some("limit", self.page.limit)
            .with_some("cursor", cursor)
            .of(paths::STAFF)
    }

    /// The URL of the first page sorted by a column: in its usual direction, or in the other one
    /// where the list is sorted so already.
    pub fn sorted_by(&self, sort: StaffSort) -> String {
        let mut other = self.clone();
        other.filter.direction = match self.direction_of(sort) {
            Some(direction) => direction.reversed(),
            None => first_direction(sort),
        };
        other.filter.sort = sort;
        other.at_cursor(None)
    }

    /// The direction in which the list is sorted by a column, if it is.
    pub fn direction_of(&self, sort: StaffSort) -> Option<Direction> {
        (self.filter.sort == sort).then_some(self.filter.direction)
    }

    pub fn is_filtered(&self) -> bool {
        let filter = &self.filter;
        filter.search.is_some() || filter.role.is_some() || filter.state.is_some()
    }
}

/// The direction that a click on a column begins with.
const fn first_direction(sort: StaffSort) -> Direction {
    match sort {
        StaffSort::Name => Direction::Ascending,
        StaffSort::LastSignIn => Direction::Descending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(query: &[(&str, &str)]) -> Result<StaffRequest, Problem> {
        crate::query::read::<StaffQuery>(query.iter().copied()).parse()
    }

    #[test]
    fn all_state_survives_its_own_url() {
        let url = [
            ("q", "a&b"),
            ("role", "super_admin"),
            ("state", "deactivated"),
            ("sort", "last_sign_in"),
            ("dir", "asc"),
            ("limit", "10"),
        ];
        assert_eq!(
            request(&url).unwrap().at_cursor(Some("c")),
            "/admin/staff?q=a%26b&role=super_admin&state=deactivated&sort=last_sign_in&dir=asc&limit=10&cursor=c"
        );
        assert_eq!(request(&[]).unwrap(), StaffRequest::default());
    }

    #[test]
    fn what_is_no_filter_is_named() {
        let refused = request(&[("role", "root"), ("state", "gone"), ("dir", "up")]).unwrap_err();
        for field in ["role", "state", "dir"] {
            assert!(refused.field(field).is_some(), "{field}");
        }
    }

    #[test]
    fn a_second_click_on_a_column_turns_its_direction() {
        let plain = StaffRequest::default();
        assert_eq!(plain.sorted_by(StaffSort::Name), "/admin/staff?dir=desc");
        let last = "/admin/staff?sort=last_sign_in";
        assert_eq!(plain.sorted_by(StaffSort::LastSignIn), last);
    }
}
