//! Creating and revoking support sessions, replacing a lost token, raising a budget.

use app::domain::{
    SupportSessionId, TenantId,
    flash::Flash,
    problem::Problem,
    support_sessions::{RaiseBudgetForm, SupportSessionForm},
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};

use super::{
    Forms,
    fields::{Fields, Kept},
    redirect::local_path,
};
use crate::extract::{Asking, Refusal};

const SINGLE: [&str; 7] = [
    "reason",
    "ttl_minutes",
    "organization_id",
    "ticket",
    "idle_minutes",
    "creator_ip_only",
    "idempotency_key",
];
const SCOPES: &str = "scopes";

/// `POST /forms/tenants/{id}/create-session`: the fields of [`SupportSessionForm`].
pub(super) async fn create(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    fields: Fields,
) -> Response {
    let Ok(tenant) = id.parse::<TenantId>() else {
        return Refusal(Problem::not_found("tenant")).into_response();
    };
    let page = format!("/support/tenants/{tenant}/create-session");
    let created = match fields.only(&SINGLE, &[SCOPES]) {
        Err(problem) => Err(problem),
        Ok(()) => {
            let form = SupportSessionForm {
                reason: fields.text("reason").to_owned(),
                ttl_minutes: fields.text("ttl_minutes").to_owned(),
                scopes: fields.all(SCOPES),
                organization_id: fields.text("organization_id").to_owned(),
                ticket: fields.text("ticket").to_owned(),
                idle_minutes: fields.text("idle_minutes").to_owned(),
                creator_ip_only: !fields.text("creator_ip_only").is_empty(),
                idempotency_key: fields.text("idempotency_key").to_owned(),
            };
            let sessions = &forms.console.support_sessions;
            sessions.create(&context, &tenant, form).await
        }
    };
    match created {
        Ok(granted) => forms.tell(&context, &page, Flash::Granted(Box::new(granted))),
        Err(problem) => {
            let mut input = fields.keep(&SINGLE);
            input.extend(fields.keep(&[SCOPES]));
            forms.refuse(&context, &page, problem, input)
        }
    }
}

/// `POST /forms/support-sessions/{id}/revoke`: reason, next.
pub(super) async fn revoke(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    fields: Fields,
) -> Response {
    let Ok(id) = id.parse::<SupportSessionId>() else {
        return Refusal(Problem::not_found("support session")).into_response();
    };
    let detail = format!("/support/sessions/{id}");
    let revoked = match fields.only(&["reason", "next"], &[]) {
        Err(problem) => Err(problem),
        Ok(()) => {
            let reason = fields.text("reason").to_owned();
            let sessions = &forms.console.support_sessions;
            sessions.revoke(&context, id, reason).await
        }
    };
    match revoked {
        Ok(session) => {
            let message = format!("Session in {} revoked.", session.tenant_name);
            let next = local_path(fields.text("next")).unwrap_or(&detail);
            forms.tell(&context, next, Flash::Done { message })
        }
        Err(problem) => {
            let page = format!("{detail}/revoke");
            forms.refuse(&context, &page, problem, fields.keep(&["reason", "next"]))
        }
    }
}

/// `POST /forms/support-sessions/{id}/replace-token`: no fields.
pub(super) async fn replace_token(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    fields: Fields,
) -> Response {
    let Ok(id) = id.parse::<SupportSessionId>() else {
        return Refusal(Problem::not_found("support session")).into_response();
    };
    let page = format!("/support/sessions/{id}/replace-token");
    let replaced = match fields.only(&[], &[]) {
        Err(problem) => Err(problem),
        Ok(()) => {
            let sessions = &forms.console.support_sessions;
            sessions.replace_token(&context, id).await
        }
    };
    match replaced {
        Ok(granted) => forms.tell(&context, &page, Flash::Granted(Box::new(granted))),
        Err(problem) => forms.refuse(&context, &page, problem, Kept::new()),
    }
}

/// `POST /forms/support-sessions/{id}/raise-budget`: the fields of [`RaiseBudgetForm`].
pub(super) async fn raise_budget(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    fields: Fields,
) -> Response {
    const FIELDS: [&str; 2] = ["requests_total", "reason"];
    let Ok(id) = id.parse::<SupportSessionId>() else {
        return Refusal(Problem::not_found("support session")).into_response();
    };
    let detail = format!("/support/sessions/{id}");
    let raised = match fields.only(&FIELDS, &[]) {
        Err(problem) => Err(problem),
        Ok(()) => {
            let form = RaiseBudgetForm {
                requests_total: fields.text("requests_total").to_owned(),
                reason: fields.text("reason").to_owned(),
            };
            let sessions = &forms.console.support_sessions;
            sessions.raise_budget(&context, id, form).await
        }
    };
    match raised {
        Ok(session) => {
            let total = session.limits.requests_total.unwrap_or_default();
            let message = format!("Budget raised to {total} requests.");
            forms.tell(&context, &detail, Flash::Done { message })
        }
        Err(problem) => {
            let page = format!("{detail}/raise-budget");
            forms.refuse(&context, &page, problem, fields.keep(&FIELDS))
        }
    }
}
