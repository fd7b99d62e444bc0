//! The filter of the audit log in the query string.

use chrono::{NaiveDateTime, SecondsFormat};
use serde::{Deserialize, Serialize};

use super::{Query, optional, page_request};
use crate::{
    domain::{
        RequestId, SupportSessionId, Timestamp,
        audit::{AuditFilter, ExportFormat},
        find::pasted,
        page::PageRequest,
        problem::{FieldProblems, Problem},
        tenants::{is_storable, tenant_in_filter},
        text::clean,
    },
    paths,
};

/// The longest text to look for in actions and actors, in characters.
const TEXT_MAX: usize = 200;

/// The filter and the page as texts from the URL, valid or not, so that a form can show them again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditQuery {
    pub category: String,
    /// Action; with a final `*`, every action that begins so.
    pub action: String,
    /// The actor's identifier, or part of the name.
    pub actor: String,
    pub tenant: String,
    pub outcome: String,
    /// The identifier of a request.
    pub request: String,
    /// The identifier of a support session.
    pub session: String,
    /// From this instant on, in UTC.
    pub from: String,
    /// Before this instant, in UTC.
    pub to: String,
    pub cursor: String,
    pub limit: String,
}

impl AuditQuery {
    /// The parsed filter, or all invalid fields.
    pub fn parse(&self) -> Result<(AuditFilter, PageRequest), Problem> {
        let mut problems = FieldProblems::default();
        let filter = AuditFilter {
            category: optional(&mut problems, "category", &self.category, str::parse),
            action: optional(&mut problems, "action", &self.action, text),
            actor: optional(&mut problems, "actor", &self.actor, text),
            tenant_id: optional(&mut problems, "tenant", &self.tenant, tenant_in_filter),
            outcome: optional(&mut problems, "outcome", &self.outcome, str::parse),
            from: optional(&mut problems, "from", &self.from, parse_instant),
            to: optional(&mut problems, "to", &self.to, parse_instant),
            request_id: optional(&mut problems, "request", &self.request, request_id),
            session_id: optional(&mut problems, "session", &self.session, session_id),
        };
        if let (Some(from), Some(to)) = (filter.from, filter.to)
            && from >= to
        {
            problems.add("to", "must be later than the start");
        }
        let page = page_request(problems, &self.limit, &self.cursor)?;
        Ok((filter, page))
    }

    pub fn is_filtered(&self) -> bool {
        let unfiltered = Self {
            cursor: self.cursor.clone(),
            limit: self.limit.clone(),
            ..Self::default()
        };
        *self != unfiltered
    }

    /// The page of this filter at `cursor`; the first without.
    pub fn address(&self, cursor: Option<&str>) -> String {
        self.filter_query(Query::default())
            .with_some("cursor", cursor)
            .with("limit", &self.limit)
            .of(paths::AUDIT)
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

    fn filter_query(&self, query: Query) -> Query {
        query
            .with("category", &self.category)
            .with("action", &self.action)
            .with("actor", &self.actor)
            .with("tenant", &self.tenant)
            .with("outcome", &self.outcome)
            .with("request", &self.request)
            .with("session", &self.session)
            .with("from", &self.from)
            .with("to", &self.to)
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

/// Parses the value of a `datetime-local` field as UTC, or any RFC 3339 instant.
pub fn parse_instant(text: &str) -> Result<Timestamp, &'static str> {
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .into_iter()
        .find_map(|pattern| NaiveDateTime::parse_from_str(text, pattern).ok())
        .map(|local| local.and_utc());
    match local.or_else(|| text.parse().ok()) {
        Some(at) if is_storable(at) => Ok(at),
        Some(_) => Err("must be between the years 1970 and 9999"),
        None => Err("must be a date and time, such as 2026-11-22T10:30"),
    }
}

/// The value for a field of an instant, in UTC if valid, and the kind of field that holds it. Browsers empty a
/// `datetime-local` that has parts of a millisecond, a leap second or no instant at all, and the filter would be gone with it.
pub fn field_text(text: &str) -> (String, &'static str) {
    let Ok(at) = parse_instant(text) else {
        let kind = if text.is_empty() { LOCAL } else { "text" };
        return (text.to_owned(), kind);
    };
    let value = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let nanoseconds = at.timestamp_subsec_nanos();
    let kind = match nanoseconds < 1_000_000_000 && nanoseconds.is_multiple_of(1_000_000) {
        true => LOCAL,
        false => "text",
    };
    (value.trim_end_matches('Z').to_owned(), kind)
}

/// A field with a calendar and a clock.
const LOCAL: &str = "datetime-local";

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
        let (filter, page) = query(&[
            ("category", "support_session"),
            ("action", "support_session.*"),
            ("actor", " Mina "),
            ("tenant", "harbor-finch"),
            ("outcome", "failure"),
            ("from", "2026-11-22T10:30"),
            ("to", "2026-11-22T12:00:00.5+01:00"),
            ("cursor", "abc"),
            ("limit", "20"),
        ])
        .parse()
        .unwrap();
        assert_eq!(filter.category, Some(AuditCategory::SupportSession));
        assert_eq!(filter.action.as_deref(), Some("support_session.*"));
        assert_eq!(filter.actor.as_deref(), Some("Mina"));
        assert_eq!(filter.outcome, Some(AuditOutcome::Failure));
        assert_eq!(filter.from, "2026-11-22T10:30:00Z".parse().ok());
        assert_eq!(filter.to, "2026-11-22T11:00:00.5Z".parse().ok());
        assert_eq!(page.cursor.as_deref(), Some("abc"));
        assert_eq!(page.limit, Some(20));
    }

    #[test]
    fn all_unreadable_fields_are_named_at_once() {
        let bad = [
            ("category", "secrets"),
            ("action", "a\u{202E}b"),
            ("tenant", "../x"),
            ("outcome", "maybe"),
            ("from", "yesterday"),
            ("to", "0001-01-01T00:00"),
            ("limit", "-1"),
        ];
        assert_eq!(refused(&bad), bad.map(|(field, _)| field));
        assert_eq!(
            refused(&[("from", "2026-11-22T10:30"), ("to", "2026-11-22T10:30")]),
            ["to"]
        );
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
    }

    #[test]
    fn a_time_field_is_filled_with_utc_and_keeps_what_cannot_be_read() {
        let local = |text: &str| (text.to_owned(), "datetime-local");
        assert_eq!(
            field_text("2026-11-22T12:00:00+01:00"),
            local("2026-11-22T11:00:00")
        );
        assert_eq!(field_text("2026-11-22T10:30"), local("2026-11-22T10:30:00"));
        assert_eq!(
            field_text("2026-11-22T10:30:00.5Z"),
            local("2026-11-22T10:30:00.500")
        );
        assert_eq!(field_text(""), local(""));
    }

    #[test]
    fn an_instant_that_the_browsers_field_would_empty_is_text() {
        for (given, shown) in [
            ("2026-11-28T22:00:00.123456Z", "2026-11-28T22:00:00.123456"),
            (
                "2026-11-28T22:00:00.000000001Z",
                "2026-11-28T22:00:00.000000001",
            ),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:60"),
            ("soon", "soon"),
        ] {
            assert_eq!(field_text(given), (shown.to_owned(), "text"));
            // What the field holds means the same when it is sent.
            assert_eq!(parse_instant(shown).ok(), parse_instant(given).ok());
        }
    }
}
