//! Revoking the support sessions that were chosen in the list.

use app::{
    domain::{flash::Flash, support_sessions::RevokeSelectedForm},
    paths,
};
use axum::{extract::State, response::Response};

use super::{Forms, posted::Posted};
use crate::extract::Asking;

/// `POST /forms/support-sessions/revoke-selected`. Goes on to the list, which tells what was done.
pub(crate) async fn revoke_selected(
    State(forms): State<Forms>,
    Asking(context): Asking,
    Posted { form, typed }: Posted<RevokeSelectedForm>,
) -> Response {
    let ids = typed.kept.get("id").cloned().unwrap_or_default();
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
    let done = revoked.await.map(|done| Flash::done(done.in_words()));
    let next = if done.is_ok() {
        paths::SUPPORT_SESSIONS
    } else {
        &page
    };
    forms.answer(&context, next, done, typed).await
}
