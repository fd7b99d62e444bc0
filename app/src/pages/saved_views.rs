//! Filters that a person keeps under a name, below the filters of a list. Plain forms, with and without JavaScript.

use leptos::{prelude::*, reactive::computed::ScopedFuture};

use crate::{
    api,
    components::{Outside, PageFlash, Settled, WrittenIn},
    domain::{
        flash::Flash,
        saved_views::{FilteredList, SavedView, SavedViewForm, VIEW_NAME_MAX},
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
    let flash = use_context();
    let views = Resource::new(
        || (),
        move |()| {
            // The page and its flash may be gone by the time that the views are there.
            let typed = typed(flash);
            async move {
                (
                    api::saved_views(list).await.unwrap_or_default(),
                    typed.await,
                )
            }
        },
    );
    view! {
        <Settled
            resource=views
            show=move |(views, typed)| view! { <Views list views typed address is_filtered/> }
        />
    }
}

/// What someone has typed that was not done: before a sign-in, or because it was refused.
fn typed(flash: Option<PageFlash>) -> impl Future<Output = SavedViewForm> + Send {
    let flash = flash.map(|PageFlash(flash)| ScopedFuture::new_untracked(flash.into_future()));
    async move {
        let flash = match flash {
            Some(flash) => flash.await,
            None => None,
        };
        let kept = flash.as_ref().and_then(Flash::kept::<SavedViewForm>);
        kept.filter(|kept| kept.delete.is_empty())
            .unwrap_or_default()
    }
}

#[component]
fn Views(
    list: FilteredList,
    views: Vec<SavedView>,
    typed: SavedViewForm,
    address: Signal<String>,
    is_filtered: Signal<bool>,
) -> impl IntoView {
    let is_typed = !typed.name.is_empty();
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
        .map(|view| {
            let is_typed = is_typed && typed.id == view.id.to_string();
            let name = if is_typed { &typed.name } else { &view.name };
            view! { <Edit list name=name.clone() view address/> }
        })
        .collect_view();
    let new = Some(typed.name).filter(|_| typed.id.is_empty());
    view! {
        <div class="bar saved-views" hidden=move || is_empty && !is_filtered.get()>
            <span class="muted" hidden=is_empty>
                "Saved views"
            </span>
            {links}
            <details class="push" open=is_typed>
                <summary>{if is_empty { "Save this view" } else { "Save or edit views" }}</summary>
                <div class="saved-views-forms">
                    <form
                        class="bar"
                        method="post"
                        action=paths::forms::SAVED_VIEW
                        data-keep-edited=""
                        hidden=move || !is_filtered.get()
                    >
                        <Hidden list id=String::new() address/>
                        <input
                            name="name"
                            required
                            maxlength=VIEW_NAME_MAX.to_string()
                            aria-label="Name of this view"
                            placeholder="Name of this view"
                            value=new
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
fn Edit(
    list: FilteredList,
    view: SavedView,
    /// What stands in its field.
    name: String,
    address: Signal<String>,
) -> impl IntoView {
    let typed = name;
    let name = in_sentence(&view.name);
    let id = view.id.to_string();
    view! {
        <div class="bar">
            <form class="bar" method="post" action=paths::forms::SAVED_VIEW data-keep-edited="">
                <Hidden list id=id.clone() address/>
                <input
                    name="name"
                    required
                    maxlength=VIEW_NAME_MAX.to_string()
                    value=typed
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
        <WrittenIn/>
        <input type="hidden" name="list" value=list.as_str()/>
        <input type="hidden" name="id" value=id/>
        <input type="hidden" name="address" value=move || address.get()/>
    }
}
