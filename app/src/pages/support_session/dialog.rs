//! What the page of a support session and the dialogs over it ask for.

use leptos::prelude::*;

use crate::{
    api::{self, ApiError},
    components::DialogPage,
    domain::{
        SupportSessionId, flash::Flash, problem::Problem, support_sessions::SupportSessionDetail,
    },
};

/// Asks for the session that the URL names.
pub(super) async fn load(id: String) -> Result<SupportSessionDetail, ApiError> {
    api::support_session(parse_id(&id)?).await
}

pub(super) fn parse_id(id: &str) -> Result<SupportSessionId, Problem> {
    id.parse()
        .map_err(|_| Problem::not_found("support session"))
}

/// The page of a dialog over the page of a support session. Where the session can't be had, the page
/// below says so.
#[component]
pub(in crate::pages) fn SessionDialogPage(
    /// The title of the page.
    title: &'static str,
    /// The dialog.
    show: fn(SupportSessionDetail, Option<Flash>) -> AnyView,
) -> impl IntoView {
    view! {
        <DialogPage
            title
            loading="Loading the support session…"
            load
            show=move |_, detail, flash| {
                detail.map_or_else(|_| ().into_any(), |detail| show(detail, flash))
            }
        />
    }
}
