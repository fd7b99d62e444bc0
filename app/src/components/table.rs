//! Pieces of a table.

use leptos::{ev, prelude::*, wasm_bindgen::JsCast as _, web_sys::HtmlElement};

use super::{
    asked_now::{ORDER, keep_filter},
    icon::{Icon, IconName},
    viewer::use_viewer,
};
use crate::domain::page::Direction;

/// The box that scrolls when a table is wider than the page. It can be focused, so that it can be
/// scrolled with the keyboard.
#[component]
pub fn TableBox(
    /// The table's content, which is also its caption.
    #[prop(into)]
    label: String,
    children: Children,
    #[prop(into, optional)] class: String,
) -> impl IntoView {
    let region = format!("{label}, table");
    view! {
        <div class="table-box" tabindex="0" role="region" aria-label=region>
            <table class=class>
                <caption class="visually-hidden">{label}</caption>
                {children()}
            </table>
        </div>
    }
}

/// The head of a table of texts.
pub fn columns<const N: usize>(names: [&'static str; N]) -> impl IntoView {
    columns_and(names, ())
}

/// The head of a table of texts, and of a column that is something else.
pub fn columns_and<const N: usize>(names: [&'static str; N], last: impl IntoView) -> impl IntoView {
    let cells = names.map(|name| view! { <th scope="col">{name}</th> });
    view! {
        <thead>
            <tr>{cells.collect_view()} {last}</tr>
        </thead>
    }
}

/// The header of a column that can be sorted by: a button, and without JavaScript a link, to the same list in another order.
#[component]
pub fn SortHeader(
    /// The column's name, with its unit.
    #[prop(into)]
    label: String,
    /// The direction in which the list is sorted by this column, if it is.
    #[prop(into)]
    sorted: Signal<Option<Direction>>,
    /// The list, sorted by this column.
    #[prop(into)]
    href: Signal<String>,
    #[prop(optional)] numeric: bool,
) -> impl IntoView {
    let viewer = use_viewer();
    let icon = move || {
        sorted.get().map(|direction| {
            let name = match direction {
                Direction::Ascending => IconName::Up,
                Direction::Descending => IconName::Down,
            };
            view! { <Icon name size=12/> }
        })
    };
    view! {
        <th
            scope="col"
            class:numeric=numeric
            aria-sort=move || {
                sorted
                    .get()
                    .map(|direction| match direction {
                        Direction::Ascending => "ascending",
                        Direction::Descending => "descending",
                    })
            }
        >
            <a
                class="sort"
                href=href
                data-noscroll=""
                role=move || viewer.is_hydrated().then_some("button")
                on:click=move |event| keep_filter(&event, &href.get_untracked(), &ORDER)
                on:keydown=press_by_space
            >
                {label}
                {icon}
            </a>
        </th>
    }
}

/// A link that is a button is pressed by the space bar too.
fn press_by_space(event: ev::KeyboardEvent) {
    if event.key() == " " {
        event.prevent_default();
        let link = event.current_target();
        if let Some(link) = link.and_then(|link| link.dyn_into::<HtmlElement>().ok()) {
            link.click();
        }
    }
}
