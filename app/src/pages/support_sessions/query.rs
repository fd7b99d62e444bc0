//! The filter of the list of support sessions in the query string.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    domain::{
        Timestamp,
        page::PageRequest,
        problem::{FieldProblems, Problem},
        support_sessions::{SupportSession, SupportSessionFilter, SupportSessionStatus},
        tenants::tenant_in_filter,
    },
    paths,
    query::{Query, optional, page_request},
};

/// The filter and the page as texts from the URL, valid or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionsQuery {
    #[serde(deserialize_with = "upper_case")]
    pub status: String,
    pub tenant: String,
    /// The staff member's identifier.
    #[serde(deserialize_with = "lower_case")]
    pub staff: String,
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

impl SessionsQuery {
    /// The parsed filter, or all invalid fields.
    pub fn parse(&self) -> Result<(SupportSessionFilter, PageRequest), Problem> {
        let mut problems = FieldProblems::default();
        let filter = SupportSessionFilter {
            status: optional(&mut problems, "status", &self.status, str::parse),
            tenant_id: optional(&mut problems, "tenant", &self.tenant, tenant_in_filter),
            staff_id: optional(&mut problems, "staff", &self.staff, str::parse),
        };
        let page = page_request(problems, &self.limit, &self.cursor)?;
        Ok((filter, page))
    }

    pub fn is_filtered(&self) -> bool {
        !(self.status.is_empty() && self.tenant.is_empty() && self.staff.is_empty())
    }

    /// The page of this filter at `cursor`; the first without.
    pub fn address(&self, cursor: Option<&str>) -> String {
        Query::default()
            .with("status", &self.status)
            .with("tenant", &self.tenant)
            .with("staff", &self.staff)
            .with_some("cursor", cursor)
            .with("limit", &self.limit)
            .of(paths::SUPPORT_SESSIONS)
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
}

/// Whether a session from the stream matches this filter.
pub fn belongs(filter: &SupportSessionFilter, session: &SupportSession, now: Timestamp) -> bool {
    filter
        .status
        .is_none_or(|status| session.status(now) == status)
        && filter
            .tenant_id
            .as_ref()
            .is_none_or(|id| session.tenant_id == *id)
        && filter.staff_id.is_none_or(|id| session.staff_id == id)
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
    fn all_unreadable_fields_are_named_at_once() {
        let problem = query(&[
            ("status", "gone"),
            ("tenant", "a b"),
            ("staff", "mina"),
            ("limit", "many"),
        ])
        .parse()
        .unwrap_err();
        let fields: Vec<_> = problem.fields.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(fields, ["status", "tenant", "staff", "limit"]);
    }

    #[test]
    fn another_status_starts_at_the_first_page_and_keeps_the_rest() {
        let query = query(&[("tenant", "acme"), ("cursor", "x")]);
        assert_eq!(
            query.address_with_status(Some(SupportSessionStatus::Revoked)),
            "/support/sessions?status=REVOKED&tenant=acme"
        );
        assert_eq!(
            query.address(Some("y")),
            "/support/sessions?tenant=acme&cursor=y"
        );
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
    }
}
