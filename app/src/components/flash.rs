//! What a plain form left for the page that it redirected to.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::icon::{Icon, IconName};
use crate::{api, domain::flash::Flash};

/// Takes the flash that the URL names, once. The server takes it while rendering; the browser is
/// handed the result with the page.
pub fn use_flash() -> Resource<Option<Flash>> {
    let query = use_query_map();
    let id = Memo::new(move |_| query.with(|query| query.get("flash")));
    Resource::new(
        move || id.get(),
        |id| async move { api::take_flash(id?).await.ok().flatten() },
    )
}

/// What was typed into a field of a refused form; empty if nothing was.
pub fn kept_input(flash: Option<&Flash>, field: &str) -> String {
    match flash {
        Some(Flash::Refused { input, .. }) => input
            .get(field)
            .and_then(|values| values.first().cloned())
            .unwrap_or_default(),
        _ => String::new(),
    }
}

/// `Flash::Done` as a notice.
#[component]
pub fn DoneNotice(
    /// What was done, in a sentence.
    #[prop(into)]
    message: String,
) -> impl IntoView {
    view! {
        <div class="notice good" role="status">
            <Icon name=IconName::Good size=18/>
            <p>{message}</p>
        </div>
    }
}
