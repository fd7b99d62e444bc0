//! Support sessions and their access logs.

use leptos::{
    prelude::*,
    server_fn::{Http, codec::Post},
};

use super::{Answer, ApiError, StrictJson};
use crate::domain::{
    SupportSessionId, TenantId,
    access_log::AccessLogEntry,
    page::{Page, PageRequest},
    support_sessions::{
        self, RaiseBudgetForm, SupportSessionDetail, SupportSessionDraft, SupportSessionFilter,
        SupportSessionForm, SupportSessionGranted, SupportSessionList,
    },
};

/// The data for the dialog "Create Support Session".
#[server(prefix = "/_fn", endpoint = "draft_support_session", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn draft_support_session(tenant: TenantId) -> Result<SupportSessionDraft, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.support_sessions.draft(&context, &tenant).await?)
}

/// Creates a support session in `tenant` for the caller.
#[server(prefix = "/_fn", endpoint = "create_support_session", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn create_support_session(
    tenant: TenantId,
    form: SupportSessionForm,
) -> Result<SupportSessionGranted, ApiError> {
    let (console, context) = super::asked()?;
    let granted = console.support_sessions.create(&context, &tenant, form);
    Ok(granted.await?)
}

/// One page of support sessions, newest first, with the figures.
#[server(prefix = "/_fn", endpoint = "list_support_sessions", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn list_support_sessions(
    filter: SupportSessionFilter,
    page: PageRequest,
) -> Result<SupportSessionList, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console
        .support_sessions
        .list(&context, filter, page)
        .await?)
}

#[server(prefix = "/_fn", endpoint = "support_session", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn support_session(id: SupportSessionId) -> Result<SupportSessionDetail, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.support_sessions.detail(&context, id).await?)
}

/// Ends a support session early. An empty reason is none.
#[server(prefix = "/_fn", endpoint = "revoke_support_session", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn revoke_support_session(
    id: SupportSessionId,
    reason: String,
) -> Result<support_sessions::SupportSession, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console
        .support_sessions
        .revoke(&context, id, reason)
        .await?)
}

/// Replaces a lost token. The old one stops working immediately.
#[server(prefix = "/_fn", endpoint = "replace_token", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn replace_token(id: SupportSessionId) -> Result<SupportSessionGranted, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.support_sessions.replace_token(&context, id).await?)
}

/// Raises the total of requests of a support session.
#[server(prefix = "/_fn", endpoint = "raise_budget", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn raise_budget(
    id: SupportSessionId,
    form: RaiseBudgetForm,
) -> Result<support_sessions::SupportSession, ApiError> {
    let (console, context) = super::asked()?;
    let raised = console.support_sessions.raise_budget(&context, id, form);
    Ok(raised.await?)
}

/// One page of the access log, newest first.
#[server(prefix = "/_fn", endpoint = "list_access_log", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn list_access_log(
    id: SupportSessionId,
    page: PageRequest,
) -> Result<Page<AccessLogEntry>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console
        .support_sessions
        .access_log(&context, id, page)
        .await?)
}
