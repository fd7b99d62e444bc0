//! Revoking the support sessions that were chosen in the list.

use app::{
    domain::{flash::Flash, problem::ProblemCode, support_sessions::RevokeSelectedForm},
    paths,
};
use axum::{extract::State, response::Response};

use super::{Forms, posted::Posted};
use crate::extract::Asking;

/// `POST /forms/support-sessions/revoke-selected`. Goes on to the list, which tells what was done.
pub(crate) async fn revoke_selected(
    State(forms): State<Forms>,
    Asking(context): Asking,
    Posted {
        form,
        kept,
        sign_in,
    }: Posted<RevokeSelectedForm>,
) -> Response {
    let ids = kept.get("id").cloned().unwrap_or_default();
    let page = paths::revoke_selected(ids.iter().map(String::as_str));
    let revoked = async {
        let form = form?;
        // The second of two clicks waits for the first.
        let _turn = match form.idempotency_key.as_str() {
            "" => None,
            key => Some(forms.flashes.take_turn(&context, key).await),
        };
        forms
            .console
            .support_sessions
            .revoke_selected(&context, form)
            .await
    };
    match revoked.await {
        Ok(done) => {
            let message = done.in_words();
            forms.tell(&context, paths::SUPPORT_SESSIONS, Flash::done(message))
        }
        Err(problem) if problem.code == ProblemCode::Unauthenticated => {
            forms.keep_typed(&context, &page, (kept, sign_in)).await
        }
        Err(problem) => forms.refuse(&context, &page, problem, kept),
    }
}
