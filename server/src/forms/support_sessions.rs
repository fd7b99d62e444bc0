//! Creating and revoking support sessions, replacing a lost token, raising a budget.

use app::{
    domain::{
        SupportSessionId, TenantId,
        flash::Flash,
        form::NoFields,
        support_sessions::{RaiseBudgetForm, RevokeForm, SupportSessionForm},
    },
    paths,
};
use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{Forms, known, posted::Posted, redirect::local_path};
use crate::extract::{Asking, Refusal};

const SESSION: &str = "support session";

pub(crate) async fn create(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    Posted { form, kept }: Posted<SupportSessionForm>,
) -> Result<Response, Refusal> {
    let tenant: TenantId = known(&id, "tenant")?;
    let page = paths::CREATE_SESSION.page(&tenant);
    let sessions = &forms.console.support_sessions;
    let created = async { sessions.create(&context, &tenant, form?).await };
    let done = created
        .await
        .map(|granted| Flash::Granted(Box::new(granted)));
    Ok(forms.answer(&context, &page, done, kept))
}

pub(crate) async fn revoke(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    Posted { form, kept }: Posted<RevokeForm>,
) -> Result<Response, Refusal> {
    let id: SupportSessionId = known(&id, SESSION)?;
    let detail = paths::support_session(id);
    let sessions = &forms.console.support_sessions;
    let revoked = async {
        let RevokeForm { reason, next } = form?;
        Ok((sessions.revoke(&context, id, reason).await?, next))
    };
    Ok(match revoked.await {
        Ok((session, next)) => {
            let message = format!("Session in {} revoked.", session.tenant_name);
            let next = local_path(&next).unwrap_or(&detail);
            forms.tell(&context, next, Flash::Done { message })
        }
        Err(problem) => forms.refuse(&context, &paths::REVOKE.page(id), problem, kept),
    })
}

pub(crate) async fn replace_token(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    Posted { form, kept }: Posted<NoFields>,
) -> Result<Response, Refusal> {
    let id: SupportSessionId = known(&id, SESSION)?;
    let page = paths::REPLACE_TOKEN.page(id);
    let sessions = &forms.console.support_sessions;
    let replaced = async {
        let NoFields {} = form?;
        sessions.replace_token(&context, id).await
    };
    let done = replaced
        .await
        .map(|granted| Flash::Granted(Box::new(granted)));
    Ok(forms.answer(&context, &page, done, kept))
}

pub(crate) async fn raise_budget(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    Posted { form, kept }: Posted<RaiseBudgetForm>,
) -> Result<Response, Refusal> {
    let id: SupportSessionId = known(&id, SESSION)?;
    let detail = paths::support_session(id);
    let sessions = &forms.console.support_sessions;
    let raised = async { sessions.raise_budget(&context, id, form?).await };
    Ok(match raised.await {
        Ok(session) => {
            let total = session.limits.requests_total.unwrap_or_default();
            let message = format!("Budget raised to {total} requests.");
            forms.tell(&context, &detail, Flash::Done { message })
        }
        Err(problem) => forms.refuse(&context, &paths::RAISE_BUDGET.page(id), problem, kept),
    })
}
