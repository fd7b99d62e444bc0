//! The columns that people read, and the rows in them, with texts as they are stored. Instants are UTC.

use std::collections::BTreeMap;

use app::domain::{
    TenantId, Timestamp,
    access_log::AccessLogEntry,
    audit::{AuditEvent, RequestAnswer},
    shown::shown_lines,
    support_sessions::SupportSession,
    tenants::TenantHealth,
};
use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::List;

/// The cells of one row.
#[derive(Debug)]
pub(super) struct Row(pub(super) Vec<String>);

/// The names of a list's columns.
pub(super) const fn columns(list: &List) -> &'static [&'static str] {
    match list {
        List::Tenants(_) => &TENANT,
        List::SupportSessions(_) => &SESSION,
        List::AccessLog(_) => &ENTRY,
        List::Activity(_) => &EVENT,
    }
}

const TENANT: [&str; 16] = [
    "Name",
    "Tenant ID",
    "Slug",
    "Status",
    "Health",
    "Since",
    "Last seen",
    "API calls (24h)",
    "Errors (24h)",
    "Error rate (%)",
    "Type",
    "Country",
    "Plan",
    "Region",
    "Contact",
    "Created",
];

const SESSION: [&str; 19] = [
    "Issued",
    "Expires",
    "Ended",
    "Duration (s)",
    "Status",
    "Tenant",
    "Tenant ID",
    "Organization ID",
    "Staff member",
    "Platform user ID",
    "Scopes",
    "Reason",
    "Ticket",
    "Requests forwarded",
    "Requests refused",
    "Revoked by",
    "Revocation reason",
    "IP address",
    "Session ID",
];

const ENTRY: [&str; 15] = [
    "Time",
    "Method",
    "Path",
    "Query",
    "Status",
    "Outcome",
    "Refusal",
    "Scope",
    "Duration (ms)",
    "Request bytes",
    "Response bytes",
    "IP address",
    "User-Agent",
    "Request ID",
    "Session ID",
];

const EVENT: [&str; 10] = [
    "Time",
    "Tenant",
    "Tenant ID",
    "Who",
    "What",
    "Status",
    "Session ID",
    "Request ID",
    "IP address",
    "Event ID",
];

fn instant(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn optional<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

impl Row {
    /// For programs: the cells under the names of their columns.
    pub(super) fn to_json(&self, list: &List) -> Value {
        let named = columns(list).iter().zip(&self.0);
        let named = named.map(|(name, cell)| ((*name).to_owned(), json!(cell)));
        Value::Object(named.collect())
    }

    /// For people: characters that act are escapes.
    pub(super) fn shown(&self) -> Vec<String> {
        let shown = self.0.iter().map(|cell| shown_lines(cell).into_owned());
        shown.collect()
    }

    pub(super) fn of_tenant(row: &TenantHealth) -> Self {
        let (tenant, signals) = (&row.tenant, &row.signals);
        let rate = app::components::format::share(signals.errors_24h, signals.calls_24h);
        Self(vec![
            tenant.name.clone(),
            tenant.id.to_string(),
            tenant.slug.clone(),
            tenant.status.to_string(),
            signals.health.to_string(),
            instant(signals.since),
            optional(signals.last_seen.map(instant)),
            signals.calls_24h.to_string(),
            signals.errors_24h.to_string(),
            optional(rate.map(|rate| format!("{:.2}", rate * 100.0))),
            optional(tenant.kind),
            optional(tenant.country.as_ref()),
            optional(tenant.plan.as_ref()),
            optional(tenant.region.as_ref()),
            optional(tenant.contact.as_ref()),
            instant(tenant.created_at),
        ])
    }

    pub(super) fn of_session(session: &SupportSession, now: Timestamp) -> Self {
        let end = session.ended_at();
        let revocation = session.revocation.as_ref();
        let scopes: Vec<_> = session.scopes.iter().map(ToString::to_string).collect();
        let reason = revocation.and_then(|by| by.reason.as_deref());
        Self(vec![
            instant(session.issued_at),
            instant(session.ends_at()),
            optional((end <= now).then(|| instant(end))),
            (end - session.issued_at).num_seconds().to_string(),
            session.status(now).to_string(),
            session.tenant_name.clone(),
            session.tenant_id.to_string(),
            optional(session.organization_id.as_ref()),
            session.staff_name.clone(),
            session.staff_id.to_string(),
            scopes.join(" "),
            session.reason.clone(),
            optional(session.ticket.as_ref()),
            session.requests_forwarded.to_string(),
            session.requests_refused.to_string(),
            optional(revocation.map(|by| &by.by_name)),
            optional(reason),
            session.ip.clone(),
            session.id.to_string(),
        ])
    }

    pub(super) fn of_entry(entry: &AccessLogEntry) -> Self {
        Self(vec![
            instant(entry.at),
            entry.method.clone(),
            entry.path.clone(),
            optional(entry.query.as_ref()),
            optional(entry.status),
            entry.outcome.to_string(),
            optional(entry.refusal),
            optional(entry.scope.as_ref()),
            optional(entry.duration_ms),
            optional(entry.request_bytes),
            optional(entry.response_bytes),
            entry.ip.clone(),
            entry.user_agent.clone(),
            entry.request_id.to_string(),
            entry.support_session_id.to_string(),
        ])
    }

    pub(super) fn of_event(
        event: &AuditEvent,
        names: &BTreeMap<TenantId, String>,
        answers: &BTreeMap<String, RequestAnswer>,
    ) -> Self {
        let request = event.request_id.as_deref().unwrap_or_default();
        let answer = answers.get(request);
        let name = event.tenant_id.as_ref().and_then(|id| names.get(id));
        let told = event.metadata.get("status").and_then(Value::as_u64);
        let status = answer.and_then(|answer| answer.status).map(u64::from);
        let session = match event.resource_type.as_str() {
            "support_session" => event.resource_id.as_str(),
            _ => "",
        };
        Self(vec![
            instant(event.occurred_at),
            optional(name),
            optional(event.tenant_id.as_ref()),
            event.actor.name.clone(),
            event.sentence(answer),
            optional(status.or(told)),
            session.to_owned(),
            request.to_owned(),
            optional(event.ip.as_ref()),
            event.id.to_string(),
        ])
    }
}
