//! The filter of the audit log in the query string.

use serde::{Deserialize, Serialize};

use super::{Chip, Part, Query, WithTenant, chips_of, optional, page_of, time::TimeFields};
use crate::{
    domain::{
        RequestId, SupportSessionId,
        audit::{AuditFilter, ExportFormat},
        find::pasted,
        page::PageRequest,
        problem::{FieldProblems, Problem},
        tenants::tenant_in_filter,
        text::clean,
        time_range::TimePreset,
    },
    paths,
};

/// The longest text to look for in actions and actors, in characters.
const TEXT_MAX: usize = 200;
/// The value of `order` that isn't the usual one.
const OLDEST: &str = "oldest";

/// The filter and the page as texts from the URL, valid or not, so that a form can show them again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditQuery {
    pub category: String,
    /// Action; with a final `*`, every action that begins so.
    pub action: String,
    /// The actor's identifier, or part of the name.
    pub actor: String,
    /// The tenant's ID. In what a form without JavaScript sends, its name or slug too.
    pub tenant: String,
    pub outcome: String,
    /// The identifier of a request.
    pub request: String,
    /// The identifier of a support session.
    pub session: String,
    /// A [`TimePreset`], or `custom`.
    pub time: String,
    /// From this instant on.
    pub from: String,
    /// Before this instant.
    pub to: String,
    /// `oldest` for oldest first.
    pub order: String,
    pub cursor: String,
    pub limit: String,
}

impl WithTenant for AuditQuery {
    fn tenant(&mut self) -> &mut String {
        &mut self.tenant
    }
}

impl AuditQuery {
    /// The filter of the fields that can be read, the page, and what is wrong with the other fields.
    /// With anything wrong it is the first page.
    pub fn read(&self) -> (AuditFilter, PageRequest, Option<Problem>) {
        let mut problems = FieldProblems::default();
        let (time, span) = self.times().read(&mut problems);
        let filter = AuditFilter {
            category: optional(&mut problems, "category", &self.category, str::parse),
            action: optional(&mut problems, "action", &self.action, text),
            actor: optional(&mut problems, "actor", &self.actor, text),
            tenant_id: optional(&mut problems, "tenant", &self.tenant, tenant_in_filter),
            outcome: optional(&mut problems, "outcome", &self.outcome, str::parse),
            time,
            from: span.from,
            to: span.to,
            request_id: optional(&mut problems, "request", &self.request, request_id),
            session_id: optional(&mut problems, "session", &self.session, session_id),
            without_answers: false,
            oldest_first: optional(&mut problems, "order", &self.order, oldest).is_some(),
        };
        let (page, problem) = page_of(problems, &self.limit, &self.cursor);
        (filter, page, problem)
    }

    /// The parsed filter, or all invalid fields.
    pub fn parse(&self) -> Result<(AuditFilter, PageRequest), Problem> {
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
            cursor: self.cursor.clone(),
            limit: self.limit.clone(),
            order: self.order.clone(),
            ..Self::default()
        };
        *self != unfiltered
    }

    /// The page of this filter at `cursor`; the first without.
    pub fn address(&self, cursor: Option<&str>) -> String {
        self.filter_query(Query::default())
            .with("order", &self.order)
            .with_some("cursor", cursor)
            .with("limit", &self.limit)
            .of(paths::AUDIT)
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

    /// The first page of the same filter in the other order.
    pub fn in_other_order(&self) -> String {
        let order = match self.order.as_str() {
            OLDEST => "",
            _ => OLDEST,
        };
        Self {
            order: order.to_owned(),
            ..self.clone()
        }
        .address(None)
    }

    pub fn is_oldest_first(&self) -> bool {
        self.order == OLDEST
    }

    /// The parts of the filter that are set. `tenant` is what the field for it shows.
    pub fn chips(&self, tenant: &str) -> Vec<Chip> {
        const PARTS: [Part<AuditQuery>; 10] = [
            ("Tenant", |query| &mut query.tenant),
            ("Category", |query| &mut query.category),
            ("Action", |query| &mut query.action),
            ("Actor", |query| &mut query.actor),
            ("Outcome", |query| &mut query.outcome),
            ("Request", |query| &mut query.request),
            ("Support session", |query| &mut query.session),
            ("Time", |query| &mut query.time),
            ("From", |query| &mut query.from),
            ("To", |query| &mut query.to),
        ];
        chips_of(self, &PARTS, tenant, |query| query.address(None))
    }

    /// The export of everything that this filter matches.
    pub fn export_address(&self, format: ExportFormat) -> String {
        self.filter_query(Query::default().with("format", format.as_str()))
            .of(paths::AUDIT_EXPORT)
    }

    /// The address of an export as CSV that Excel opens rightly.
    pub fn excel_address(&self) -> String {
        let csv = Query::default().with("format", ExportFormat::Csv.as_str());
        self.filter_query(csv.with("bom", "1"))
            .of(paths::AUDIT_EXPORT)
    }

    /// The export of this filter's support activity, as people read it.
    pub fn activity_address(&self) -> String {
        self.filter_query(Query::default().with("format", ExportFormat::Csv.as_str()))
            .of(paths::ACTIVITY_EXPORT)
    }

    fn filter_query(&self, query: Query) -> Query {
        query
            .with("category", &self.category)
            .with("action", &self.action)
            .with("actor", &self.actor)
            .with("tenant", &self.tenant)
            .with("outcome", &self.outcome)
            .with("request", &self.request)
            .with("session", &self.session)
            .with("time", &self.time)
            .with("from", &self.from)
            .with("to", &self.to)
    }
}

/// The events of one support session.
pub fn of_session(id: SupportSessionId) -> AuditQuery {
    AuditQuery {
        session: id.to_string(),
        ..AuditQuery::default()
    }
}

/// The support activity of a time.
pub fn support_activity(time: TimePreset) -> AuditQuery {
    AuditQuery {
        category: crate::domain::audit::AuditCategory::SupportSession.to_string(),
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
    use crate::domain::audit::{AuditCategory, AuditOutcome};

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
