//! The columns that people read, and the rows in them. Instants are UTC.

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

/// One row: its cells, and the same as JSON.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) cells: Vec<String>,
    pub(super) json: Value,
}

/// The names of a list's columns.
pub(super) const fn columns(list: &List) -> &'static [&'static str] {
    match list {
        List::Tenants(_) => &TENANT,
        List::SupportSessions(_) => &SESSION,
        List::AccessLog(_) => &ENTRY,
        List::Activity(_) => &EVENT,
    }
}

const TENANT: [&str; 14] = [
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

/// A text from outside: characters that act are shown as escapes.
fn text(text: &str) -> String {
    shown_lines(text).into_owned()
}

impl Row {
    /// The cells in the order of the columns; as JSON under the same names.
    fn new(columns: &[&str], cells: Vec<String>) -> Self {
        let named = columns.iter().zip(&cells);
        let named = named.map(|(name, cell)| ((*name).to_owned(), json!(cell)));
        Self {
            json: Value::Object(named.collect()),
            cells,
        }
    }

    pub(super) fn of_tenant(row: &TenantHealth) -> Self {
        let (tenant, signals) = (&row.tenant, &row.signals);
        let rate = app::components::format::share(signals.errors_24h, signals.calls_24h);
        let cells = vec![
            text(&tenant.name),
            tenant.id.to_string(),
            text(&tenant.slug),
            tenant.status.to_string(),
            signals.health.to_string(),
            instant(signals.since),
            optional(signals.last_seen.map(instant)),
            signals.calls_24h.to_string(),
            signals.errors_24h.to_string(),
            optional(rate.map(|rate| format!("{:.2}", rate * 100.0))),
            text(tenant.plan.as_deref().unwrap_or_default()),
            text(tenant.region.as_deref().unwrap_or_default()),
            text(tenant.contact.as_deref().unwrap_or_default()),
            instant(tenant.created_at),
        ];
        Self::new(&TENANT, cells)
    }

    pub(super) fn of_session(session: &SupportSession, now: Timestamp) -> Self {
        let end = session.ended_at();
        let revocation = session.revocation.as_ref();
        let scopes: Vec<_> = session.scopes.iter().map(ToString::to_string).collect();
        let reason = revocation.and_then(|by| by.reason.as_deref());
        let cells = vec![
            instant(session.issued_at),
            instant(session.ends_at()),
            optional((end <= now).then(|| instant(end))),
            (end - session.issued_at).num_seconds().to_string(),
            session.status(now).to_string(),
            text(&session.tenant_name),
            session.tenant_id.to_string(),
            optional(session.organization_id.as_ref()),
            text(&session.staff_name),
            session.staff_id.to_string(),
            scopes.join(" "),
            text(&session.reason),
            text(session.ticket.as_deref().unwrap_or_default()),
            session.requests_forwarded.to_string(),
            session.requests_refused.to_string(),
            text(revocation.map_or("", |by| &by.by_name)),
            text(reason.unwrap_or_default()),
            text(&session.ip),
            session.id.to_string(),
        ];
        Self::new(&SESSION, cells)
    }

    pub(super) fn of_entry(entry: &AccessLogEntry) -> Self {
        let cells = vec![
            instant(entry.at),
            text(&entry.method),
            text(&entry.path),
            text(entry.query.as_deref().unwrap_or_default()),
            optional(entry.status),
            entry.outcome.to_string(),
            optional(entry.refusal),
            optional(entry.scope.as_ref()),
            optional(entry.duration_ms),
            optional(entry.request_bytes),
            optional(entry.response_bytes),
            text(&entry.ip),
            text(&entry.user_agent),
            entry.request_id.to_string(),
            entry.support_session_id.to_string(),
        ];
        Self::new(&ENTRY, cells)
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
        let cells = vec![
            instant(event.occurred_at),
            text(name.map_or("", String::as_str)),
            optional(event.tenant_id.as_ref()),
            text(&event.actor.name),
            text(&event.sentence(answer)),
            optional(status.or(told)),
            text(session),
            text(request),
            text(event.ip.as_deref().unwrap_or_default()),
            event.id.to_string(),
        ];
        Self::new(&EVENT, cells)
    }
}
