//! Filters that a person keeps under a name, below the filters of a list. Plain forms, with and without JavaScript.

use leptos::prelude::*;

use crate::{
    api,
    components::{Outside, Settled},
    domain::{
        saved_views::{FilteredList, SavedView, VIEW_NAME_MAX},
        shown::in_sentence,
    },
    paths,
};

#[component]
pub(super) fn SavedViews(
    list: FilteredList,
    /// The address of the list as it is filtered now.
    #[prop(into)]
    address: Signal<String>,
    /// Whether there is a filter to keep.
    #[prop(into)]
    is_filtered: Signal<bool>,
) -> impl IntoView {
    let views = Resource::new(|| (), move |()| api::saved_views(list));
    view! {
        <Settled
            resource=views
            show=move |views| {
                let views = views.unwrap_or_default();
                view! { <Views list views address is_filtered/> }
            }
        />
    }
}

#[component]
fn Views(
    list: FilteredList,
    views: Vec<SavedView>,
    address: Signal<String>,
    is_filtered: Signal<bool>,
) -> impl IntoView {
    let links = views.iter().map(|view| {
        let (href, name) = (view.address.clone(), view.name.clone());
        let this = href.clone();
        let is_current = move || address.with(|address| *address == this).then_some("true");
        view! {
            <a class="chip" href=href aria-current=is_current>
                <Outside text=name/>
            </a>
        }
    });
    let links = links.collect_view();
    let is_empty = views.is_empty();
    let edits = views
        .into_iter()
        .map(|view| view! { <Edit list view address/> })
        .collect_view();
    view! {
        <div class="bar saved-views" hidden=move || is_empty && !is_filtered.get()>
            <span class="muted" hidden=is_empty>
                "Saved views"
            </span>
            {links}
            <details class="push">
                <summary>{if is_empty { "Save this view" } else { "Save or edit views" }}</summary>
                <div class="saved-views-forms">
                    <form
                        class="bar"
                        method="post"
                        action=paths::forms::SAVED_VIEW
                        hidden=move || !is_filtered.get()
                    >
                        <Hidden list id=String::new() address/>
                        <input
                            name="name"
                            required
                            maxlength=VIEW_NAME_MAX.to_string()
                            aria-label="Name of this view"
                            placeholder="Name of this view"
                            autocomplete="off"
                        />
                        <button type="submit" class="button small">
                            "Save view"
                        </button>
                    </form>
                    {edits}
                </div>
            </details>
        </div>
    }
}

/// Renames a view, or deletes it.
#[component]
fn Edit(list: FilteredList, view: SavedView, address: Signal<String>) -> impl IntoView {
    let name = in_sentence(&view.name);
    let id = view.id.to_string();
    view! {
        <div class="bar">
            <form class="bar" method="post" action=paths::forms::SAVED_VIEW>
                <Hidden list id=id.clone() address/>
                <input
                    name="name"
                    required
                    maxlength=VIEW_NAME_MAX.to_string()
                    value=view.name
                    aria-label=format!("Name of the view {name}")
                    autocomplete="off"
                />
                <button type="submit" class="button small">
                    "Rename"
                    <span class="visually-hidden">{format!(" view {name}")}</span>
                </button>
            </form>
            <form method="post" action=paths::forms::SAVED_VIEW>
                <Hidden list id address/>
                <input type="hidden" name="delete" value="1"/>
                <button type="submit" class="button small danger">
                    "Delete"
                    <span class="visually-hidden">{format!(" view {name}")}</span>
                </button>
            </form>
        </div>
    }
}

#[component]
fn Hidden(list: FilteredList, id: String, address: Signal<String>) -> impl IntoView {
    view! {
        <input type="hidden" name="list" value=list.as_str()/>
        <input type="hidden" name="id" value=id/>
        <input type="hidden" name="address" value=move || address.get()/>
    }
}
