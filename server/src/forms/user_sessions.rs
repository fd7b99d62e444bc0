//! Force logout.

use app::domain::{TenantId, flash::Flash, problem::Problem};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};

use super::{Forms, fields::Fields};
use crate::extract::{Asking, Refusal};

const FIELDS: [&str; 2] = ["slug", "idempotency_key"];

/// `POST /forms/tenants/{id}/force-logout`: slug, `idempotency_key`.
pub(super) async fn force_logout(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    fields: Fields,
) -> Response {
    let Ok(tenant) = id.parse::<TenantId>() else {
        return Refusal(Problem::not_found("tenant")).into_response();
    };
    let page = format!("/support/tenants/{tenant}/force-logout");
    let done = match fields.only(&FIELDS, &[]) {
        Err(problem) => Err(problem),
        Ok(()) => {
            let (slug, key) = (fields.text("slug"), fields.text("idempotency_key"));
            let sessions = &forms.console.user_sessions;
            sessions
                .force_logout(&context, &tenant, slug.to_owned(), key.to_owned())
                .await
        }
    };
    match done {
        Ok(result) => forms.tell(&context, &page, Flash::LoggedOut(result)),
        Err(problem) => forms.refuse(&context, &page, problem, fields.keep(&FIELDS)),
    }
}
