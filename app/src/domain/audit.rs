//! Audit events: who did what, where, and with which outcome.

mod action;
mod sentence;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    AuditEventId, RequestId, SupportSessionId, TenantId, Timestamp, time_range::TimePreset,
};

pub use super::support_sessions::SessionHolder;
pub use action::*;
pub use sentence::RequestAnswer;

text_enum! {
    /// The kind of thing an event is about.
    pub enum AuditCategory {
        /// Support activity in a tenant.
        SupportSession = "support_session" as "Support sessions",
        /// Tenant users' sign-ins: force logout, registration.
        UserSession = "user_session" as "User sessions",
        /// Registration of tenants and organizations.
        Tenant = "tenant" as "Tenants",
        /// Staff members and their sign-ins.
        Staff = "staff" as "Staff",
        /// Keys of the REST interface.
        ApiKey = "api_key" as "API keys",
        /// The system itself: schema, export.
        System = "system" as "System",
    }
}

text_enum! {
    /// The kind of actor.
    pub enum ActorType {
        /// A signed-in staff member.
        Staff = "staff" as "Staff member",
        /// A key of the REST interface.
        ApiKey = "api_key" as "API key",
        /// An operating-system user at the command line.
        Cli = "cli" as "Command line",
        /// Support Console itself, as for expiries.
        System = "system" as "Support Console",
    }
}

/// The actor of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Actor {
    /// What kind of actor.
    #[serde(rename = "type")]
    pub kind: ActorType,
    /// Its identifier: a staff member's or key's UUID, an operating-system user's name.
    pub id: String,
    /// Its name at the time.
    pub name: String,
}

text_enum! {
    /// Whether the act succeeded.
    pub enum AuditOutcome {
        /// The action was done.
        Success = "success" as "Success",
        /// It was refused or failed.
        Failure = "failure" as "Failure",
    }
}

text_enum! {
    /// The kind of thing that an act is done to.
    pub enum ResourceKind {
        /// A support session.
        SupportSession = "support_session" as "Support session",
        /// A tenant.
        Tenant = "tenant" as "Tenant",
        /// A named part of a tenant.
        Organization = "organization" as "Organization",
        /// A staff member.
        Staff = "staff" as "Staff member",
        /// A key of the REST interface.
        ApiKey = "api_key" as "API key",
        /// A key that signs identities.
        IdentityKey = "identity_key" as "Signing key",
        /// The audit log itself.
        AuditLog = "audit_log" as "Audit log",
        /// The store.
        Store = "store" as "Store",
    }
}

impl AuditEvent {
    /// What people call the kind of thing that it was done to. A kind that only another version knows is called as it is written.
    pub fn resource_label(&self) -> &str {
        match self.resource_type.parse::<ResourceKind>() {
            Ok(kind) => kind.label(),
            Err(_) => &self.resource_type,
        }
    }
}

/// One entry of the audit log. `docs/audit-format.md` says how it is hashed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEvent {
    /// Version of the format, 1.
    pub v: u32,
    /// The chain: `tenant:<id>`, or `system` for events without a tenant.
    pub chain: String,
    /// The event's place in its chain, from 1 and without gaps.
    pub seq: u64,
    /// The hash of the previous event. Before the first event it is `sha256:` and 64 zeros.
    pub prev: String,
    /// The event's ID, made by our server.
    pub id: AuditEventId,
    /// The tenant it happened in.
    pub tenant_id: Option<TenantId>,
    /// The event's category; `support_session` marks support activity.
    pub category: AuditCategory,
    /// The dotted name of the action: `support_session.created`.
    pub action: String,
    /// The actor, as named at the time of the event.
    pub actor: Actor,
    /// The kind of thing it was done to.
    pub resource_type: String,
    /// The identifier of that thing.
    pub resource_id: String,
    /// Whether the action succeeded.
    pub outcome: AuditOutcome,
    /// When it happened, to the microsecond.
    #[serde(with = "micros")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub occurred_at: DateTime<Utc>,
    /// When it was recorded, to the microsecond.
    #[serde(with = "micros")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub recorded_at: DateTime<Utc>,
    /// The HTTP request it belongs to.
    pub request_id: Option<String>,
    /// The IP address of the client.
    pub ip: Option<String>,
    /// The client's `User-Agent`, if the event has a client.
    pub user_agent: Option<String>,
    /// Details of the action, such as reason, scopes or status. Strings, integers, booleans, null,
    /// lists and objects only.
    pub metadata: serde_json::Value,
    /// SHA-256 over everything above in RFC 8785 form, as `sha256:` and hexadecimal.
    pub hash: String,
}

/// An instant in one spelling: RFC 3339, UTC, six digits after the second.
mod micros {
    use chrono::SecondsFormat;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Timestamp;

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Timestamp, D::Error> {
        Timestamp::deserialize(d)
    }
}

/// A request was recorded, before it was forwarded.
pub const OF_REQUEST: &str = "support_session.request";
/// A request was refused.
pub const REFUSED: &str = "support_session.request_refused";
/// How a recorded request ended.
pub const RESPONSE: &str = "support_session.response";

/// A filter of audit events, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AuditFilter {
    /// Only of this category.
    pub category: Option<AuditCategory>,
    /// Only this action. A final `*` matches every action with that prefix.
    pub action: Option<String>,
    /// Only by this actor: identifier, or part of the name.
    pub actor: Option<String>,
    /// Only of this tenant.
    pub tenant_id: Option<TenantId>,
    /// Only with this outcome.
    pub outcome: Option<AuditOutcome>,
    /// Only at or after this instant.
    pub from: Option<DateTime<Utc>>,
    /// Only before this instant.
    pub to: Option<DateTime<Utc>>,
    /// Only in this span of the caller's zone. In what is recorded it stands as `from` and `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimePreset>,
    /// Only of this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// Only of this support session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SupportSessionId>,
    /// Oldest first, instead of newest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub oldest_first: bool,
    /// Without the events that tell how requests ended, where each request has one row.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_answers: bool,
}

text_enum! {
    /// The form of an export.
    pub enum ExportFormat {
        /// RFC 4180, one row an event.
        Csv = "csv",
        /// One JSON object a line: what `support-console audit verify` reads.
        JsonLines = "jsonl",
    }
}

text_enum! {
    /// A list of the console that can be exported.
    pub enum ExportedList {
        /// The overview's tenants.
        Tenants = "tenants",
        /// Support sessions.
        SupportSessions = "support_sessions",
        /// The access log of one support session.
        AccessLog = "access_log",
        /// Support activity: one row a request, and what else was done in support sessions.
        SupportActivity = "support_activity",
    }
}
