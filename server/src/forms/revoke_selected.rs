//! Revoking the support sessions that were chosen in the list.

use app::{
    domain::{
        flash::Flash,
        problem::Problem,
        support_sessions::{RevokeSelectedForm, revoked_before},
    },
    paths,
};
use axum::{extract::State, response::Response};

use super::{Forms, posted::Posted};
use crate::{extract::Asking, services::flash::Flashes};

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
        let sent = form
            .sent_as()
            .map(|form| Flashes::of_caller(&context, &form));
        let whole = sent.as_ref().map(|sent| format!("{sent} {}", form.reason));
        let _turn = match &sent {
            Some(sent) => Some(forms.flashes.take_turn(&context, sent).await),
            None => None,
        };
        if let Some(before) = sent.as_deref().and_then(|sent| forms.flashes.sent(sent)) {
            let is_same_reason = whole.is_some_and(|whole| forms.flashes.sent(&whole).is_some());
            return Ok(revoked_before(before.at, before.count, is_same_reason));
        }
        let sessions = &forms.console.support_sessions;
        let done = sessions.revoke_selected(&context, form).await?;
        for sent in sent.into_iter().chain(whole) {
            forms.flashes.note_sent(sent, done.revoked.len());
        }
        Ok::<_, Problem>(done.in_words())
    };
    let done = revoked.await.map(Flash::done);
    let next = if done.is_ok() {
        paths::SUPPORT_SESSIONS
    } else {
        &page
    };
    forms.answer(&context, next, done, typed).await
}
