//! The audit log.

use leptos::prelude::*;

use super::{ApiError, Json, NamedEvents};
use crate::domain::{
    AuditEventId,
    audit::{self, AuditFilter},
    page::PageRequest,
};

/// One page of audit events, newest first.
#[server(prefix = "/_fn", endpoint = "list_audit_events", protocol = Json)]
pub async fn list_audit_events(
    filter: AuditFilter,
    page: PageRequest,
) -> Result<NamedEvents, ApiError> {
    let (console, context) = super::asked()?;
    Ok(super::lists::named_events(&console, &context, filter, page).await?)
}

#[server(prefix = "/_fn", endpoint = "audit_event", protocol = Json)]
pub async fn audit_event(id: AuditEventId) -> Result<audit::AuditEvent, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.audit.event(&context, id).await?)
}
