//! Support sessions and their access logs.

use leptos::prelude::*;

use super::{ApiError, DialogForm, Json};
use crate::{
    components::format::counted,
    domain::{
        SupportSessionId, TenantId,
        access_log::AccessLogEntry,
        flash::{Done, Flash},
        form::{Fields, NoFields},
        page::{Page, PageRequest},
        problem::{Problem, ProblemCode},
        support_sessions::{
            BudgetAnswer, RaiseBudgetForm, RevokeAnswer, RevokeForm, SelectedSessions,
            SessionsOfDay, SupportSessionDetail, SupportSessionDraft, SupportSessionFilter,
            SupportSessionForm, SupportSessionGranted, SupportSessionList,
        },
    },
    paths::{self, Dialog},
};

/// Support sessions by the day of their issue.
#[server(prefix = "/_fn", endpoint = "sessions_by_day", protocol = Json)]
pub async fn sessions_by_day() -> Result<Vec<SessionsOfDay>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.support_sessions.by_day(&context).await?)
}

/// The data for the dialog "Create Support Session".
#[server(prefix = "/_fn", endpoint = "draft_support_session", protocol = Json)]
pub async fn draft_support_session(tenant: TenantId) -> Result<SupportSessionDraft, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.support_sessions.draft(&context, &tenant).await?)
}

#[server(prefix = "/_fn", endpoint = "create_support_session", protocol = Json)]
pub async fn create_support_session(
    tenant: TenantId,
    form: SupportSessionForm,
) -> Result<SupportSessionGranted, ApiError> {
    let (console, context) = super::asked()?;
    let granted = console.support_sessions.create(&context, &tenant, form);
    Ok(granted.await?)
}

impl DialogForm for CreateSupportSession {
    const DIALOG: Dialog = paths::CREATE_SESSION;
    type Id = TenantId;
    type Form = SupportSessionForm;

    fn of(tenant: TenantId, form: SupportSessionForm) -> Self {
        Self { tenant, form }
    }

    fn done(granted: SupportSessionGranted) -> Flash {
        Flash::Granted(Box::new(granted))
    }
}

/// One page of support sessions, newest first, with the figures.
#[server(prefix = "/_fn", endpoint = "list_support_sessions", protocol = Json)]
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

#[server(prefix = "/_fn", endpoint = "support_session", protocol = Json)]
pub async fn support_session(id: SupportSessionId) -> Result<SupportSessionDetail, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.support_sessions.detail(&context, id).await?)
}

/// Ends a support session early. An empty reason is none.
#[server(prefix = "/_fn", endpoint = "revoke_support_session", protocol = Json)]
pub async fn revoke_support_session(
    id: SupportSessionId,
    reason: String,
) -> Result<RevokeAnswer, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console
        .support_sessions
        .revoke(&context, id, reason)
        .await?)
}

impl DialogForm for RevokeSupportSession {
    const DIALOG: Dialog = paths::REVOKE;
    type Id = SupportSessionId;
    type Form = RevokeForm;

    fn of(id: SupportSessionId, RevokeForm { reason, .. }: RevokeForm) -> Self {
        Self { id, reason }
    }

    fn done(answer: RevokeAnswer) -> Flash {
        Flash::Done(Done {
            message: format!("Session in {} revoked.", answer.session.tenant_name),
            audit_event: Some(answer.audit_event_id),
        })
    }
}

/// Replaces a lost token. The old one stops working immediately.
#[server(prefix = "/_fn", endpoint = "replace_token", protocol = Json)]
pub async fn replace_token(id: SupportSessionId) -> Result<SupportSessionGranted, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.support_sessions.replace_token(&context, id).await?)
}

impl DialogForm for ReplaceToken {
    const DIALOG: Dialog = paths::REPLACE_TOKEN;
    type Id = SupportSessionId;
    type Form = NoFields;

    fn of(id: SupportSessionId, _: NoFields) -> Self {
        Self { id }
    }

    fn token_of(id: &SupportSessionId) -> Option<SupportSessionId> {
        Some(*id)
    }

    fn done(granted: SupportSessionGranted) -> Flash {
        Flash::Granted(Box::new(granted))
    }
}

#[server(prefix = "/_fn", endpoint = "raise_budget", protocol = Json)]
pub async fn raise_budget(
    id: SupportSessionId,
    form: RaiseBudgetForm,
) -> Result<BudgetAnswer, ApiError> {
    let (console, context) = super::asked()?;
    let raised = console.support_sessions.raise_budget(&context, id, form);
    Ok(raised.await?)
}

impl DialogForm for RaiseBudget {
    const DIALOG: Dialog = paths::RAISE_BUDGET;
    type Id = SupportSessionId;
    type Form = RaiseBudgetForm;

    fn of(id: SupportSessionId, form: RaiseBudgetForm) -> Self {
        Self { id, form }
    }

    fn done(
        BudgetAnswer {
            session,
            audit_event_id,
        }: BudgetAnswer,
    ) -> Flash {
        let total = session.limits.requests_total.unwrap_or_default();
        let total = counted(total, "request", "requests");
        if audit_event_id.is_none() {
            let detail = format!(
                "Nothing was done now: the budget was {total} already. No further reason was recorded."
            );
            return Flash::Refused {
                problem: Problem::new(ProblemCode::Conflict, detail),
                input: Fields::new(),
            };
        }
        Flash::Done(Done {
            message: format!("Budget raised to {total}."),
            audit_event: audit_event_id,
        })
    }

    fn settles(answer: &BudgetAnswer) -> bool {
        answer.audit_event_id.is_some()
    }
}

#[server(prefix = "/_fn", endpoint = "list_access_log", protocol = Json)]
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

/// The chosen support sessions before they are revoked.
#[server(prefix = "/_fn", endpoint = "selected_support_sessions", protocol = Json)]
pub async fn selected_support_sessions(ids: Vec<String>) -> Result<SelectedSessions, ApiError> {
    use crate::domain::support_sessions::RevokeSelectedForm;

    let (console, context) = super::asked()?;
    let form = RevokeSelectedForm {
        id: ids,
        ..RevokeSelectedForm::default()
    };
    let sessions = &console.support_sessions;
    Ok(sessions.selected(&context, form).await?)
}
