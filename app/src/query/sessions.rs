//! The filter of the list of support sessions in the query string.

use serde::{Deserialize, Deserializer, Serialize};

use super::{
    Chip, Part, Query, WithTenant, chips_of, optional, page_of,
    time::{TimeFields, parse_instant},
};
use crate::{
    domain::{
        Timestamp,
        audit::ExportFormat,
        page::{Direction, PageRequest},
        problem::{FieldProblems, Problem},
        support_sessions::{
            SupportSession, SupportSessionFilter, SupportSessionSort, SupportSessionStatus,
        },
        tenants::tenant_in_filter,
    },
    paths,
};

/// The filter and the page as texts from the URL, valid or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionsQuery {
    #[serde(deserialize_with = "upper_case")]
    pub status: String,
    /// The tenant's ID. In what a form without JavaScript sends, its name or slug too.
    pub tenant: String,
    /// The staff member's identifier.
    #[serde(deserialize_with = "lower_case")]
    pub staff: String,
    /// An instant: sessions that were active then.
    pub active_at: String,
    /// When they were issued: a `TimePreset`, or `custom`.
    pub time: String,
    /// Issued from this instant on.
    pub from: String,
    /// Issued before this instant.
    pub to: String,
    pub sort: String,
    pub dir: String,
    pub cursor: String,
    pub limit: String,
}

/// The status may be written in any case.
fn upper_case<'de, D: Deserializer<'de>>(status: D) -> Result<String, D::Error> {
    String::deserialize(status).map(|status| status.to_ascii_uppercase())
}

/// And so may an identifier.
fn lower_case<'de, D: Deserializer<'de>>(id: D) -> Result<String, D::Error> {
    String::deserialize(id).map(|id| id.to_ascii_lowercase())
}

impl WithTenant for SessionsQuery {
    fn tenant(&mut self) -> &mut String {
        &mut self.tenant
    }
}

impl SessionsQuery {
    /// The filter of the fields that can be read, the page, and what is wrong with the other fields.
    /// With anything wrong it is the first page.
    pub fn read(&self) -> (SupportSessionFilter, PageRequest, Option<Problem>) {
        let mut problems = FieldProblems::default();
        let filter = SupportSessionFilter {
            status: optional(&mut problems, "status", &self.status, str::parse),
            tenant_id: optional(&mut problems, "tenant", &self.tenant, tenant_in_filter),
            staff_id: optional(&mut problems, "staff", &self.staff, |id| {
                id.parse().map_err(|_| "must be a staff member of the list")
            }),
            active_at: optional(&mut problems, "active_at", &self.active_at, parse_instant),
            ..SupportSessionFilter::default()
        };
        let (time, span) = self.times().read(&mut problems);
        let sort = optional(&mut problems, "sort", &self.sort, str::parse);
        let direction = optional(&mut problems, "dir", &self.dir, str::parse);
        let filter = SupportSessionFilter {
            time,
            from: span.from,
            to: span.to,
            sort: sort.unwrap_or_default(),
            direction: direction.unwrap_or(Direction::Descending),
            ..filter
        };
        let (page, problem) = page_of(problems, &self.limit, &self.cursor);
        (filter, page, problem)
    }

    /// The parsed filter, or all invalid fields.
    pub fn parse(&self) -> Result<(SupportSessionFilter, PageRequest), Problem> {
        match self.read() {
            (filter, page, None) => Ok((filter, page)),
            (_, _, Some(problem)) => Err(problem),
        }
    }

    pub fn times(&self) -> TimeFields<'_> {
        TimeFields {
            time: &self.time,
            from: &self.from,
            to: &self.to,
        }
    }

    pub fn is_filtered(&self) -> bool {
        let unfiltered = Self {
            sort: self.sort.clone(),
            dir: self.dir.clone(),
            cursor: self.cursor.clone(),
            limit: self.limit.clone(),
            ..Self::default()
        };
        *self != unfiltered
    }

    /// The page of this filter at `cursor`; the first without.
    pub fn address(&self, cursor: Option<&str>) -> String {
        self.filter_query(Query::default())
            .with("sort", &self.sort)
            .with("dir", &self.dir)
            .with_some("cursor", cursor)
            .with("limit", &self.limit)
            .of(paths::SUPPORT_SESSIONS)
    }

    /// The parts of the filter that are set. `tenant` is what the field for it shows.
    pub fn chips(&self, tenant: &str) -> Vec<Chip> {
        const PARTS: [Part<SessionsQuery>; 7] = [
            ("Tenant", |query| &mut query.tenant),
            ("Staff member", |query| &mut query.staff),
            ("Status", |query| &mut query.status),
            ("Active at", |query| &mut query.active_at),
            ("Issued", |query| &mut query.time),
            ("From", |query| &mut query.from),
            ("To", |query| &mut query.to),
        ];
        chips_of(self, &PARTS, tenant, |query| query.address(None))
    }

    /// The export of everything that this filter matches, in the order of the page.
    pub fn export_address(&self, format: ExportFormat) -> String {
        self.filter_query(Query::default().with("format", format.as_str()))
            .with("sort", &self.sort)
            .with("dir", &self.dir)
            .of(paths::SESSIONS_EXPORT)
    }

    fn filter_query(&self, query: Query) -> Query {
        query
            .with("status", &self.status)
            .with("tenant", &self.tenant)
            .with("staff", &self.staff)
            .with("active_at", &self.active_at)
            .with("time", &self.time)
            .with("from", &self.from)
            .with("to", &self.to)
    }

    /// The first page of the same filter with another status; every status without.
    pub fn address_with_status(&self, status: Option<SupportSessionStatus>) -> String {
        let status = status.map_or("", SupportSessionStatus::as_str).to_owned();
        Self {
            status,
            ..self.clone()
        }
        .address(None)
    }

    /// The first page of the same filter for another time: a preset, `custom` or, if empty, any.
    pub fn at_time(&self, time: &str) -> String {
        Self {
            time: time.to_owned(),
            from: String::new(),
            to: String::new(),
            ..self.clone()
        }
        .address(None)
    }

    /// The direction in which the list is sorted by a column, if it is.
    pub fn direction_of(&self, sort: SupportSessionSort) -> Option<Direction> {
        let (filter, _, _) = self.read();
        (filter.sort == sort).then_some(filter.direction)
    }

    /// The first page of the same filter, sorted by a column: latest first, or the other way around
    /// where the list is sorted so already.
    pub fn sorted_by(&self, sort: SupportSessionSort) -> String {
        let is_turned = self.direction_of(sort) == Some(Direction::Descending);
        let word = |word: &str, is_usual: bool| match is_usual {
            true => String::new(),
            false => word.to_owned(),
        };
        Self {
            sort: word(sort.as_str(), sort == SupportSessionSort::default()),
            dir: word(Direction::Ascending.as_str(), !is_turned),
            ..self.clone()
        }
        .address(None)
    }

    /// Whether the list is in the order in which new sessions come first.
    pub fn is_newest_first(&self) -> bool {
        self.direction_of(SupportSessionSort::Issued) == Some(Direction::Descending)
    }
}

/// Whether a session from the stream matches this filter, in which a span that goes by the present has
/// the beginning that the server gave.
pub fn belongs(filter: &SupportSessionFilter, session: &SupportSession, now: Timestamp) -> bool {
    filter
        .status
        .is_none_or(|status| session.status(now) == status)
        && filter
            .tenant_id
            .as_ref()
            .is_none_or(|id| session.tenant_id == *id)
        && filter.staff_id.is_none_or(|id| session.staff_id == id)
        && filter.active_at.is_none_or(|at| session.was_active(at))
        && filter.from.is_none_or(|from| session.issued_at >= from)
        && filter.to.is_none_or(|to| session.issued_at < to)
        // A session that begins now lies in every span that ends now, and in no month before.
        && filter.time != Some(crate::domain::time_range::TimePreset::LastMonth)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> SessionsQuery {
        crate::query::read(pairs.iter().copied())
    }

    #[test]
    fn a_status_is_read_in_any_case() {
        let (filter, _) = query(&[("status", "active")]).parse().unwrap();
        assert_eq!(filter.status, Some(SupportSessionStatus::Active));
    }

    #[test]
    fn all_unreadable_fields_are_named_at_once_and_the_rest_holds() {
        let query = query(&[
            ("status", "gone"),
            ("tenant", "a b"),
            ("staff", "mina"),
            ("active_at", "tuesday"),
            ("time", "yesterday"),
            ("sort", "name"),
            ("dir", "up"),
            ("limit", "many"),
            ("from", "2026-11-22T10:30"),
        ]);
        let (filter, _, problem) = query.read();
        let problem = problem.unwrap();
        let fields: Vec<_> = problem.fields.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "status",
                "tenant",
                "staff",
                "active_at",
                "time",
                "sort",
                "dir",
                "limit"
            ]
        );
        assert_eq!(filter.from, "2026-11-22T10:30:00Z".parse().ok());
    }

    #[test]
    fn another_status_starts_at_the_first_page_and_keeps_the_rest() {
        let query = query(&[("tenant", "acme"), ("cursor", "x"), ("time", "last-7-days")]);
        assert_eq!(
            query.address_with_status(Some(SupportSessionStatus::Revoked)),
            "/support/sessions?status=REVOKED&tenant=acme&time=last-7-days"
        );
        assert_eq!(
            query.address(Some("y")),
            "/support/sessions?tenant=acme&time=last-7-days&cursor=y"
        );
    }

    #[test]
    fn a_second_click_on_a_column_turns_its_direction() {
        let plain = query(&[]);
        assert!(plain.is_newest_first());
        assert_eq!(
            plain.sorted_by(SupportSessionSort::Issued),
            "/support/sessions?dir=asc"
        );
        let by_end = plain.sorted_by(SupportSessionSort::Expires);
        assert_eq!(by_end, "/support/sessions?sort=expires");
        let by_end = query(&[("sort", "expires")]);
        assert_eq!(
            by_end.sorted_by(SupportSessionSort::Expires),
            "/support/sessions?sort=expires&dir=asc"
        );
        assert_eq!(by_end.direction_of(SupportSessionSort::Issued), None);
        assert!(!by_end.is_newest_first());
    }

    #[test]
    fn a_session_belongs_to_the_lists_of_its_status_at_that_time() {
        let session: SupportSession = serde_json::from_value(serde_json::json!({
            "id": "01937e2c-7b6a-7cc0-8000-000000000002", "tenant_id": "acme",
            "tenant_name": "Acme", "organization_id": null,
            "staff_id": "01937e2c-7b6a-7cc0-8000-000000000003", "staff_name": "Mina",
            "scopes": ["read_only"], "reason": "a long reason", "ticket": null, "ip": "::1",
            "user_agent": "x", "issued_at": "2026-11-22T10:00:00Z",
            "expires_at": "2026-11-22T10:15:00Z", "revocation": null,
            "requests_forwarded": 0, "requests_refused": 0,
        }))
        .unwrap();
        let active = SupportSessionFilter {
            status: Some(SupportSessionStatus::Active),
            ..SupportSessionFilter::default()
        };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(belongs(&active, &session, at("2026-11-22T10:14:59Z")));
        assert!(!belongs(&active, &session, at("2026-11-22T10:15:00Z")));
        let elsewhere = SupportSessionFilter {
            tenant_id: "other".parse().ok(),
            ..SupportSessionFilter::default()
        };
        assert!(!belongs(&elsewhere, &session, at("2026-11-22T10:14:59Z")));
        let then = |text: &str| SupportSessionFilter {
            active_at: text.parse().ok(),
            ..SupportSessionFilter::default()
        };
        let now = at("2026-11-22T12:00:00Z");
        assert!(belongs(&then("2026-11-22T10:00:00Z"), &session, now));
        assert!(!belongs(&then("2026-11-22T10:15:00Z"), &session, now));
        assert!(!belongs(&then("2026-11-22T09:59:59Z"), &session, now));
    }
}
