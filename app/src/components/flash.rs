//! The message that a plain form left for the page it redirected to.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use super::OutsideLines;
use super::{
    notice::{Notice, Tone},
    problem::ProblemNotice,
    settled::suspend,
};
use crate::{
    api,
    domain::flash::{Done, Flash},
    paths::{self, is_dialog},
};

/// Takes the flash that the URL names, once. The server takes it during rendering, and the browser
/// gets the result with the page.
pub fn use_flash() -> Resource<Option<Flash>> {
    let query = use_query_map();
    let id = Memo::new(move |_| query.with(|query| query.get("flash")));
    Resource::new(
        move || id.get(),
        |id| async move { api::take_flash(id?).await.ok().flatten() },
    )
}

/// The flash of a page, which leaves it to a dialog that lies over it.
///
/// Forms further down find it as [`PageFlash`].
pub fn use_page_flash() -> Option<Resource<Option<Flash>>> {
    let path = use_location().pathname;
    let flash = (!is_dialog(&path.get_untracked())).then(use_flash)?;
    provide_context(PageFlash(flash));
    Some(flash)
}

/// The flash of a page, for its forms.
#[derive(Debug, Clone, Copy)]
pub struct PageFlash(pub Resource<Option<Flash>>);

/// `Flash::Done` as a notice.
#[component]
pub fn DoneNotice(done: Done) -> impl IntoView {
    let event = done.audit_event.map(paths::audit_event);
    view! {
        <Notice tone=Tone::Good spoken=true>
            <OutsideLines text=done.message/>
            {event
                .map(|href| {
                    view! {
                        " "
                        <a class="link" href=href>
                            "View audit event"
                        </a>
                    }
                })}
        </Notice>
    }
}

/// The result of the plain form that led to this page.
#[component]
pub fn FlashNotice(
    /// From [`use_page_flash`].
    flash: Resource<Option<Flash>>,
) -> impl IntoView {
    view! {
        <Suspense>
            {move || suspend(flash, |flash| match flash {
                Some(Flash::Done(done)) => Some(view! { <DoneNotice done/> }.into_any()),
                Some(Flash::Refused { problem, .. }) => {
                    let problem = problem.beside(&[]);
                    problem.map(|problem| view! { <ProblemNotice problem/> }.into_any())
                }
                _ => None,
            })}
        </Suspense>
    }
}
