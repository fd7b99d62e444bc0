//! What an identifier names, wherever it was copied from.

use serde::{Deserialize, Serialize};

use super::{
    AuditEventId, RequestId, SupportSessionId, TenantId, access_log::AccessLogEntry,
    audit::AuditEvent, support_sessions::SupportSession, tenants::TenantRef,
};

/// Something that has an identifier and a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Named {
    /// A customer of the platform.
    Tenant(TenantId),
    /// A grant for one staff member to act in one tenant.
    SupportSession(SupportSessionId),
    /// One entry of the audit log.
    AuditEvent(AuditEventId),
    /// One request through the gateway or to the console.
    Request(RequestId),
}

impl Named {
    /// What kind of thing it is, in a word or two.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Tenant(_) => "Tenant",
            Self::SupportSession(_) => "Support session",
            Self::AuditEvent(_) => "Audit event",
            Self::Request(_) => "Request",
        }
    }
}

/// What an identifier names, and how people call it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What it is.
    pub named: Named,
    /// A line to choose it by: a tenant's name, `GET /v1/invoices`.
    pub title: String,
}

/// An identifier as people paste it: without what stands around it in a log, a message or JSON. A
/// UUID is in lower case.
pub fn pasted(text: &str) -> String {
    const AROUND: [char; 13] = [
        '"', '\'', '`', '<', '>', '(', ')', '[', ']', '{', '}', ',', ';',
    ];
    let text = text.trim_matches(|c: char| c.is_whitespace() || AROUND.contains(&c));
    match uuid::Uuid::try_parse(text) {
        Ok(uuid) if text.len() == 36 => uuid.to_string(),
        _ => text.to_owned(),
    }
}

/// Everything that is recorded of one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedRequest {
    /// The request's identifier.
    pub id: RequestId,
    /// What was asked and answered, if it was made in a support session whose access log is still
    /// there, and that session.
    pub made: Option<(AccessLogEntry, SupportSession)>,
    /// The tenant of its events.
    pub tenant: Option<TenantRef>,
    /// Its audit events, oldest first.
    pub events: Vec<AuditEvent>,
}

impl RecordedRequest {
    /// What was asked for: `GET /v1/invoices`.
    pub fn title(&self) -> Option<String> {
        let (entry, _) = self.made.as_ref()?;
        Some(format!("{} {}", entry.method, entry.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_taken_from_what_stands_around_it() {
        let id = "01937e2c-7b6a-7cc0-8000-000000000001";
        for text in [
            id.to_owned(),
            format!(" {id}\n"),
            format!("\"{id}\","),
            format!("({id})"),
            id.to_uppercase(),
        ] {
            assert_eq!(pasted(&text), id, "{text:?}");
        }
        // A tenant's identifier keeps its case.
        assert_eq!(pasted(" Acme.Eu "), "Acme.Eu");
        assert_eq!(pasted(""), "");
    }
}
