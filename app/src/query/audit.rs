//! The filter of the audit log in the query string.

use serde::{Deserialize, Serialize};

use super::{
    Query,
    list::{ListParts, ListQuery},
    optional,
};
use crate::{
    domain::{
        RequestId, SupportSessionId,
        audit::{AuditFilter, ExportFormat},
        find::pasted,
        problem::FieldProblems,
        saved_views::FilteredList,
        text::clean,
        time_range::TimePreset,
    },
    paths,
};

/// The longest text to look for in actions and actors, in characters.
const TEXT_MAX: usize = 200;
/// The value of `order` that isn't the usual one.
const OLDEST: &str = "oldest";

pub type AuditQuery = ListQuery<AuditParts>;

/// What only the audit log is filtered and sorted by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditParts {
    pub category: String,
    /// Action; with a final `*`, every action that begins so.
    pub action: String,
    /// The actor's identifier, or part of the name.
    pub actor: String,
    pub outcome: String,
    /// The identifier of a request.
    pub request: String,
    /// The identifier of a support session.
    pub session: String,
    /// `oldest` for oldest first.
    pub order: String,
}

impl ListParts for AuditParts {
    type Filter = AuditFilter;
    const LIST: FilteredList = FilteredList::Audit;
    const PATH: &'static str = paths::AUDIT;
    const FILTER: &'static [&'static str] = &[
        "category", "action", "actor", "tenant", "outcome", "request", "session", "time", "from",
        "to",
    ];
    const ORDER: &'static [&'static str] = &["order"];
    const WITHOUT_FIELD: &'static [&'static str] = &["session"];
    const LABELS: &'static [(&'static str, &'static str)] = &[
        ("tenant", "Tenant"),
        ("category", "Category"),
        ("action", "Action"),
        ("actor", "Actor"),
        ("outcome", "Outcome"),
        ("request", "Request"),
        ("session", "Support session"),
        ("time", "Time"),
        ("from", "From"),
        ("to", "To"),
    ];

    fn filter(query: &AuditQuery, problems: &mut FieldProblems) -> AuditFilter {
        let (time, span) = query.times().read(problems);
        let own = &query.own;
        AuditFilter {
            category: optional(problems, "category", &own.category, str::parse),
            action: optional(problems, "action", &own.action, text),
            actor: optional(problems, "actor", &own.actor, text),
            tenant_id: query.tenant_id(problems),
            outcome: optional(problems, "outcome", &own.outcome, str::parse),
            time,
            from: span.from,
            to: span.to,
            request_id: optional(problems, "request", &own.request, request_id),
            session_id: optional(problems, "session", &own.session, session_id),
            without_answers: false,
            oldest_first: optional(problems, "order", &own.order, oldest).is_some(),
        }
    }
}

impl AuditQuery {
    /// The first page of the same filter in the other order.
    pub fn in_other_order(&self) -> String {
        let order = if self.is_oldest_first() { "" } else { OLDEST };
        self.with(&[("order", order)])
    }

    pub fn is_oldest_first(&self) -> bool {
        self.own.order == OLDEST
    }

    /// The export of everything that this filter matches.
    pub fn export_address(&self, format: ExportFormat) -> String {
        self.export(paths::AUDIT_EXPORT, format, "")
    }

    /// The address of an export as CSV that Excel opens rightly.
    pub fn excel_address(&self) -> String {
        self.export(paths::AUDIT_EXPORT, ExportFormat::Csv, "1")
    }

    /// The export of this filter's support activity, as people read it.
    pub fn activity_address(&self) -> String {
        self.export(paths::ACTIVITY_EXPORT, ExportFormat::Csv, "")
    }

    fn export(&self, path: &str, format: ExportFormat, bom: &str) -> String {
        let query = Query::default().with("format", format.as_str());
        self.add_to(query.with("bom", bom), AuditParts::FILTER)
            .of(path)
    }
}

/// The events of one support session.
pub fn of_session(id: SupportSessionId) -> AuditQuery {
    let own = AuditParts {
        session: id.to_string(),
        ..AuditParts::default()
    };
    AuditQuery {
        own,
        ..AuditQuery::default()
    }
}

/// The support activity of a time.
pub fn support_activity(time: TimePreset) -> AuditQuery {
    let own = AuditParts {
        category: crate::domain::audit::AuditCategory::SupportSession.to_string(),
        ..AuditParts::default()
    };
    AuditQuery {
        own,
        time: time.to_string(),
        ..AuditQuery::default()
    }
}

fn oldest(text: &str) -> Result<(), &'static str> {
    match text {
        OLDEST => Ok(()),
        _ => Err("must be `oldest` or left out"),
    }
}

fn session_id(text: &str) -> Result<SupportSessionId, &'static str> {
    let id = pasted(text).parse();
    id.map_err(|_| "must be the ID of a support session")
}

fn request_id(text: &str) -> Result<RequestId, &'static str> {
    let id = pasted(text).parse();
    id.map_err(|_| "must be a request ID, as errors show it")
}

fn text(text: &str) -> Result<String, crate::domain::text::InvalidText> {
    clean(text, 0, TEXT_MAX, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        audit::{AuditCategory, AuditOutcome},
        page::PageRequest,
    };

    fn query(pairs: &[(&str, &str)]) -> AuditQuery {
        crate::query::read(pairs.iter().copied())
    }

    fn refused(pairs: &[(&str, &str)]) -> Vec<String> {
        let fields = query(pairs).parse().unwrap_err().fields;
        fields.into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn an_empty_query_is_the_whole_log() {
        let (filter, page) = query(&[("actor", "  ")]).parse().unwrap();
        assert_eq!(filter, AuditFilter::default());
        assert_eq!(page, PageRequest::default());
        assert!(!query(&[("cursor", "x"), ("limit", "5")]).is_filtered());
    }

    #[test]
    fn every_field_is_read() {
        let id = "01937e2c-7b6a-7cc0-8000-000000000001";
        let (filter, page) = query(&[
            ("category", "support_session"),
            ("action", "support_session.*"),
            ("actor", " Mina "),
            ("tenant", "harbor-finch"),
            ("outcome", "failure"),
            ("request", id),
            ("session", &format!("\"{id}\"")),
            ("from", "2026-11-22T10:30"),
            ("to", "2026-11-22T12:00:00.5+01:00"),
            ("order", "oldest"),
            ("cursor", "abc"),
            ("limit", "20"),
        ])
        .parse()
        .unwrap();
        assert_eq!(filter.category, Some(AuditCategory::SupportSession));
        assert_eq!(filter.action.as_deref(), Some("support_session.*"));
        assert_eq!(filter.actor.as_deref(), Some("Mina"));
        assert_eq!(filter.outcome, Some(AuditOutcome::Failure));
        assert_eq!(filter.request_id, id.parse().ok());
        assert_eq!(filter.session_id, id.parse().ok());
        assert_eq!(filter.from, "2026-11-22T10:30:00Z".parse().ok());
        assert_eq!(filter.to, "2026-11-22T11:00:00.5Z".parse().ok());
        assert!(filter.oldest_first);
        assert_eq!(page.cursor.as_deref(), Some("abc"));
        assert_eq!(page.limit, Some(20));
    }

    #[test]
    fn all_unreadable_fields_are_named_at_once_and_the_rest_holds() {
        let bad = [
            ("from", "yesterday"),
            ("to", "0001-01-01T00:00"),
            ("category", "secrets"),
            ("action", "a\u{202E}b"),
            ("tenant", "../x"),
            ("outcome", "maybe"),
            ("request", "r1"),
            ("session", "s1"),
            ("order", "up"),
            ("limit", "-1"),
        ];
        assert_eq!(refused(&bad), bad.map(|(field, _)| field));
        assert_eq!(
            refused(&[("from", "2026-11-22T10:30"), ("to", "2026-11-22T10:30")]),
            ["to"]
        );
        let (filter, page, problem) =
            query(&[("from", "yesterday"), ("actor", "Mina"), ("cursor", "abc")]).read();
        assert_eq!(filter.actor.as_deref(), Some("Mina"));
        assert_eq!(page.cursor, None);
        assert!(problem.unwrap().field("from").is_some());
    }

    #[test]
    fn an_export_for_excel_is_marked() {
        let address = query(&[("actor", "Bo")]).excel_address();
        assert_eq!(address, "/export/audit?format=csv&bom=1&actor=Bo");
    }

    #[test]
    fn addresses_keep_the_filter_and_exports_leave_the_page_out() {
        let query = query(&[("actor", "Ann & Bo"), ("cursor", "abc"), ("limit", "5")]);
        assert_eq!(
            query.address(Some("next")),
            "/audit?actor=Ann%20%26%20Bo&cursor=next&limit=5"
        );
        assert_eq!(
            query.export_address(ExportFormat::JsonLines),
            "/export/audit?format=jsonl&actor=Ann%20%26%20Bo"
        );
        assert_eq!(
            query.in_other_order(),
            "/audit?actor=Ann%20%26%20Bo&order=oldest&limit=5"
        );
    }

    #[test]
    fn another_time_takes_the_place_of_both_ends() {
        let query = query(&[
            ("from", "2026-11-22T10:30"),
            ("actor", "Bo"),
            ("cursor", "x"),
        ]);
        assert_eq!(query.at_time("today"), "/audit?actor=Bo&time=today");
        assert_eq!(query.at_time(""), "/audit?actor=Bo");
        assert!(query.times().is_custom());
    }
}
