//! Inviting a staff member.

use app::{
    domain::{flash::Flash, staff::InviteForm},
    paths,
};
use axum::{extract::State, response::Response};

use super::{Forms, posted::Posted};
use crate::extract::Asking;

/// `POST /forms/invite-staff`. Comes back to the page, which shows the link once.
pub(crate) async fn invite(
    State(forms): State<Forms>,
    Asking(context): Asking,
    Posted { form, typed }: Posted<InviteForm>,
) -> Response {
    let invited = async { forms.console.staff.invite(&context, form?).await };
    let done = invited.await.map(|given| Flash::StaffLink(Box::new(given)));
    forms
        .answer(&context, paths::INVITE_STAFF, done, typed)
        .await
}
