//! The one `h1` of a page, and where the focus goes when the page changes.

use leptos::{html, prelude::*};
use leptos_router::hooks::use_location;

use crate::paths::is_dialog;

/// The page that waits for the focus, by its path.
#[derive(Debug, Clone, Copy)]
struct Arriving(RwSignal<Option<String>>);

/// Watches the path, once, at the root of the router: after a change that JavaScript made, the new
/// page's [`PageHeading`] takes the focus (WCAG 2.4.3). Opening and closing a dialog is the
/// dialog's business.
pub fn provide_arrivals() {
    let arriving = Arriving(RwSignal::new(None));
    provide_context(arriving);
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        // Closing a dialog leads to the page that it lay over.
        let arrives =
            |before: String| before != path && !(is_dialog(&before) && before.starts_with(&path));
        if before.is_some_and(arrives) && !is_dialog(&path) {
            arriving.0.set(Some(path.clone()));
        }
        path
    });
}

/// Whether Back is under way, which leads to a place on the page: the script `back.js` says so.
pub fn is_going_back() -> bool {
    let root = document().document_element();
    root.is_some_and(|root| root.has_attribute("data-back"))
}

#[component]
pub fn PageHeading(children: Children) -> impl IntoView {
    let heading = NodeRef::<html::H1>::new();
    if let Some(Arriving(arriving)) = use_context() {
        let path = use_location().pathname.get_untracked();
        Effect::new(move || {
            let arrived = arriving.with(|arriving| arriving.as_deref() == Some(&path));
            if arrived && let Some(heading) = heading.get() {
                arriving.set(None);
                if !is_going_back() {
                    // Once it is part of the page. A heading with a tab index takes the focus then.
                    request_animation_frame(move || drop(heading.focus()));
                }
            }
        });
    }
    view! {
        <h1 node_ref=heading tabindex="-1">
            {children()}
        </h1>
    }
}
