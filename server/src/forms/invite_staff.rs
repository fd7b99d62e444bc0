//! Inviting a staff member.

use app::{
    domain::{
        flash::Flash,
        staff::{InviteForm, parse_email},
    },
    paths,
};
use axum::{extract::State, response::Response};

use super::{
    Forms,
    dialog::to_its_end,
    posted::Posted,
    redirect::{see_other, with_flash},
};
use crate::extract::{Asking, Refusal};

/// `POST /forms/invite-staff`. Comes back to the page, which shows the link once.
pub(crate) async fn invite(
    State(forms): State<Forms>,
    Asking(context): Asking,
    Posted { form, typed }: Posted<InviteForm>,
) -> Result<Response, Refusal> {
    let answer = async move {
        let email = typed
            .first("email")
            .and_then(|typed| parse_email(typed).ok());
        let _turn = match &email {
            Some(email) => Some(forms.flashes.take_turn(&context, email).await),
            None => None,
        };
        let invited = async { forms.console.staff.invite(&context, form?).await };
        let done = invited.await.map(|given| Flash::StaffLink(Box::new(given)));
        // The second of two clicks is refused, and the link came with the first.
        if done.is_err()
            && let Some(email) = &email
            && let Some(first) = forms
                .flashes
                .waiting_link(&context, |member| member.email == *email)
        {
            return see_other(&with_flash(paths::INVITE_STAFF, &first));
        }
        forms
            .answer(&context, paths::INVITE_STAFF, done, typed)
            .await
    };
    to_its_end(answer).await
}
