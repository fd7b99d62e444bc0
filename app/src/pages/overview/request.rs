//! The overview's search, filters, sorting and page as a URL.

use serde::Deserialize;

use crate::{
    domain::{
        audit::ExportFormat,
        health::Health,
        page::{Direction, PageRequest},
        problem::{FieldProblems, Problem},
        tenants::{TenantFilter, TenantSort},
    },
    paths,
    query::{Query, optional, page_request},
};

/// The page that lists tenants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Home {
    /// By their health, worst first.
    #[default]
    Health,
    /// By their names, to manage them.
    Management,
}

impl Home {
    const fn path(self) -> &'static str {
        match self {
            Self::Health => paths::OVERVIEW,
            Self::Management => paths::MANAGED_TENANTS,
        }
    }

    const fn sort(self) -> TenantSort {
        match self {
            Self::Health => TenantSort::Health,
            Self::Management => TenantSort::Name,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverviewRequest {
    pub home: Home,
    pub filter: TenantFilter,
    pub page: PageRequest,
}

/// The request as texts from the URL, valid or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OverviewQuery {
    q: String,
    status: String,
    health: String,
    plan: String,
    region: String,
    created: String,
    sort: String,
    dir: String,
    limit: String,
    cursor: String,
}

impl OverviewQuery {
    /// Empty values count as absent.
    pub fn parse(&self) -> Result<OverviewRequest, Problem> {
        self.parse_for(Home::Health)
    }

    /// The same for one of the pages.
    pub fn parse_for(&self, home: Home) -> Result<OverviewRequest, Problem> {
        let mut problems = FieldProblems::default();
        let status = optional(&mut problems, "status", &self.status, str::parse);
        let health = optional(&mut problems, "health", &self.health, str::parse);
        let sort = optional(&mut problems, "sort", &self.sort, str::parse);
        let sort = sort.unwrap_or_else(|| home.sort());
        let created = optional(&mut problems, "created", &self.created, str::parse);
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let direction = optional(&mut problems, "dir", &self.dir, str::parse);
        let filter = TenantFilter {
            search: some(&self.q),
            status,
            health,
            plan: some(&self.plan),
            region: some(&self.region),
            created,
            sort,
            direction: direction.unwrap_or_else(|| first_direction(sort)),
        };
        let page = page_request(problems, &self.limit, &self.cursor)?;
        Ok(OverviewRequest { home, filter, page })
    }
}

impl OverviewRequest {
    /// The URL of the page at `cursor`, or of the first one.
    pub fn at_cursor(&self, cursor: Option<&str>) -> String {
        let filter = &self.filter;
        let sort = Some(filter.sort).filter(|sort| *sort != self.home.sort());
        let direction =
            Some(filter.direction).filter(|direction| *direction != first_direction(filter.sort));
        self.add_filter(Query::default())
            .with_some("sort", sort)
            .with_some("dir", direction)
            .with_some("limit", self.page.limit)
            .with_some("cursor", cursor)
            .of(self.home.path())
    }

    /// The export of everything that this filter matches. A file has an order of its own.
    pub fn export_address(&self, format: ExportFormat) -> String {
        let query = Query::default().with("format", format.as_str());
        self.add_filter(query).of(paths::TENANTS_EXPORT)
    }

    fn add_filter(&self, query: Query) -> Query {
        let filter = &self.filter;
        query
            .with_some("q", filter.search.as_deref())
            .with_some("status", filter.status)
            .with_some("health", filter.health)
            .with_some("plan", filter.plan.as_deref())
            .with_some("region", filter.region.as_deref())
            .with_some("created", filter.created)
    }

    /// The URL of the first page, filtered by this health.
    pub fn with_health(&self, health: Health) -> String {
        let mut other = self.clone();
        other.filter.health = Some(health);
        other.at_cursor(None)
    }

    /// The URL of the first page sorted by a column: in its usual direction, or in the other one
    /// where the list is sorted so already.
    pub fn sorted_by(&self, sort: TenantSort) -> String {
        let mut other = self.clone();
        other.filter.direction = if self.filter.sort == sort {
            self.filter.direction.reversed()
        } else {
            first_direction(sort)
        };
        other.filter.sort = sort;
        other.at_cursor(None)
    }

    /// The direction in which the list is sorted by a column, if it is.
    pub fn direction_of(&self, sort: TenantSort) -> Option<Direction> {
        (self.filter.sort == sort).then_some(self.filter.direction)
    }

    pub fn is_filtered(&self) -> bool {
        !self.filter.matches_all()
    }
}

/// The direction that a click on a column begins with: names from A, figures from the largest,
/// health from the worst.
const fn first_direction(sort: TenantSort) -> Direction {
    match sort {
        TenantSort::Name | TenantSort::Status | TenantSort::Plan | TenantSort::Region => {
            Direction::Ascending
        }
        TenantSort::Health
        | TenantSort::Calls
        | TenantSort::ErrorRate
        | TenantSort::LastSeen
        | TenantSort::Created
        | TenantSort::UserSessions => Direction::Descending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(query: &[(&str, &str)]) -> Result<OverviewRequest, Problem> {
        crate::query::read::<OverviewQuery>(query.iter().copied()).parse()
    }

    #[test]
    fn the_plain_address_is_worst_health_first() {
        let plain = request(&[("q", " "), ("status", "")]).unwrap();
        assert_eq!(plain, OverviewRequest::default());
        assert_eq!(plain.at_cursor(None), "/support");
    }

    #[test]
    fn all_state_survives_its_own_url() {
        let url = [
            ("q", "a&b"),
            ("status", "trial"),
            ("health", "warning"),
            ("sort", "calls"),
            ("dir", "asc"),
            ("limit", "10"),
        ];
        assert_eq!(
            request(&url).unwrap().at_cursor(Some("c")),
            "/support?q=a%26b&status=trial&health=warning&sort=calls&dir=asc&limit=10&cursor=c"
        );
    }

    #[test]
    fn an_export_keeps_the_filter_and_leaves_order_and_page_out() {
        let url = [
            ("q", "a&b"),
            ("health", "warning"),
            ("sort", "calls"),
            ("limit", "10"),
        ];
        assert_eq!(
            request(&url).unwrap().export_address(ExportFormat::Csv),
            "/export/tenants?format=csv&q=a%26b&health=warning"
        );
    }

    #[test]
    fn a_second_click_on_a_column_turns_its_direction() {
        let plain = OverviewRequest::default();
        assert_eq!(plain.sorted_by(TenantSort::Name), "/support?sort=name");
        assert_eq!(plain.sorted_by(TenantSort::Health), "/support?dir=asc");
        let by_name = request(&[("sort", "name")]).unwrap();
        assert_eq!(
            by_name.sorted_by(TenantSort::Name),
            "/support?sort=name&dir=desc"
        );
        assert_eq!(
            by_name.direction_of(TenantSort::Name),
            Some(Direction::Ascending)
        );
        assert_eq!(by_name.direction_of(TenantSort::Calls), None);
    }

    #[test]
    fn the_page_for_managing_tenants_has_an_order_and_filters_of_its_own() {
        let url = [("plan", "Team"), ("region", "EU"), ("created", "30d")];
        let query = crate::query::read::<OverviewQuery>(url);
        let request = query.parse_for(Home::Management).unwrap();
        assert_eq!(
            request.at_cursor(None),
            "/admin/tenants?plan=Team&region=EU&created=30d"
        );
        assert_eq!(
            request.sorted_by(TenantSort::Created),
            "/admin/tenants?plan=Team&region=EU&created=30d&sort=created"
        );
        assert_eq!(
            request.sorted_by(TenantSort::UserSessions),
            "/admin/tenants?plan=Team&region=EU&created=30d&sort=user_sessions"
        );
        assert_eq!(
            request.export_address(ExportFormat::Csv),
            "/export/tenants?format=csv&plan=Team&region=EU&created=30d"
        );
        assert!(request.is_filtered());
    }

    #[test]
    fn words_that_do_not_exist_are_named() {
        let problem = request(&[("status", "gone"), ("dir", "up"), ("limit", "-1")]).unwrap_err();
        let fields: Vec<_> = problem.fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(fields, ["status", "dir", "limit"]);
    }
}
