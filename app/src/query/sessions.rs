//! The filter of the list of support sessions in the query string.

use serde::{Deserialize, Deserializer, Serialize};

use super::{
    Query,
    list::{ListParts, ListQuery},
    optional,
    time::parse_instant,
};
use crate::{
    domain::{
        StaffId, Timestamp,
        audit::ExportFormat,
        page::Direction,
        problem::FieldProblems,
        saved_views::FilteredList,
        support_sessions::{
            SupportSession, SupportSessionFilter, SupportSessionSort, SupportSessionStatus,
        },
    },
    paths,
};

pub type SessionsQuery = ListQuery<SessionParts>;

/// What only support sessions are filtered and sorted by. The times that all lists have are those at which they were issued.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionParts {
    #[serde(deserialize_with = "upper_case")]
    pub status: String,
    /// The staff member's ID. In what a form sends, the name too.
    #[serde(deserialize_with = "identifier")]
    pub staff: String,
    /// An instant: sessions that were active then.
    pub active_at: String,
    pub sort: String,
    pub dir: String,
}

/// The status may be written in any case.
fn upper_case<'de, D: Deserializer<'de>>(status: D) -> Result<String, D::Error> {
    String::deserialize(status).map(|status| status.to_ascii_uppercase())
}

/// And so may an identifier. A name stays as it is typed.
fn identifier<'de, D: Deserializer<'de>>(staff: D) -> Result<String, D::Error> {
    let text = String::deserialize(staff)?;
    Ok(match text.parse::<StaffId>() {
        Ok(id) => id.to_string(),
        Err(_) => text,
    })
}

impl ListParts for SessionParts {
    type Filter = SupportSessionFilter;
    const LIST: FilteredList = FilteredList::SupportSessions;
    const PATH: &'static str = paths::SUPPORT_SESSIONS;
    const FILTER: &'static [&'static str] = &[
        "status",
        "tenant",
        "staff",
        "active_at",
        "time",
        "from",
        "to",
    ];
    const ORDER: &'static [&'static str] = &["sort", "dir"];
    const LABELS: &'static [(&'static str, &'static str)] = &[
        ("tenant", "Tenant"),
        ("staff", "Staff member"),
        ("status", "Status"),
        ("active_at", "Active at"),
        ("time", "Issued"),
        ("from", "From"),
        ("to", "To"),
    ];

    fn filter(query: &SessionsQuery, problems: &mut FieldProblems) -> SupportSessionFilter {
        let own = &query.own;
        let status = optional(problems, "status", &own.status, str::parse);
        let tenant_id = query.tenant_id(problems);
        let staff_id = optional(problems, "staff", &own.staff, |id| {
            id.parse().map_err(|_| "must be a staff member of the list")
        });
        let active_at = optional(problems, "active_at", &own.active_at, parse_instant);
        let (time, span) = query.times().read(problems);
        let sort = optional(problems, "sort", &own.sort, str::parse);
        let direction = optional(problems, "dir", &own.dir, str::parse);
        SupportSessionFilter {
            status,
            tenant_id,
            staff_id,
            active_at,
            time,
            from: span.from,
            to: span.to,
            sort: sort.unwrap_or_default(),
            direction: direction.unwrap_or(Direction::Descending),
        }
    }
}

impl SessionsQuery {
    /// The export of everything that this filter matches, in the order of the page.
    pub fn export_address(&self, format: ExportFormat) -> String {
        let query = Query::default().with("format", format.as_str());
        let names = [SessionParts::FILTER, SessionParts::ORDER].concat();
        self.add_to(query, &names).of(paths::SESSIONS_EXPORT)
    }

    /// The first page of the same filter with another status; every status without.
    pub fn address_with_status(&self, status: Option<SupportSessionStatus>) -> String {
        let status = status.map_or("", SupportSessionStatus::as_str);
        self.with(&[("status", status)])
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
        let word = |word, is_usual| if is_usual { "" } else { word };
        self.with(&[
            (
                "sort",
                word(sort.as_str(), sort == SupportSessionSort::default()),
            ),
            ("dir", word(Direction::Ascending.as_str(), !is_turned)),
        ])
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
    fn an_identifier_is_read_in_any_case_and_a_name_stays() {
        let id = "01937e2c-7b6a-7cc0-8000-00000000abcd";
        let upper = id.to_uppercase();
        assert_eq!(query(&[("staff", upper.as_str())]).own.staff, id);
        assert_eq!(query(&[("staff", "Mina")]).own.staff, "Mina");
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
