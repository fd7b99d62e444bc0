//! What a list is filtered by, in one line: each part can be taken away.

use leptos::prelude::*;

use super::{Outside, asked_now::keep_filter};
use crate::query::list::Chip;

/// The parts of a filter as links that take them away.
#[component]
pub fn Chips(
    #[prop(into)] chips: Signal<Vec<Chip>>,
    /// The list without any filter.
    all: &'static str,
) -> impl IntoView {
    let rows = move || {
        chips
            .get()
            .into_iter()
            .map(
                |Chip {
                     part,
                     name,
                     text,
                     without,
                 }| {
                    let href = without.clone();
                    view! {
                        <li>
                            <a
                                class="chip"
                                href=without
                                data-noscroll=""
                                on:click=move |event| keep_filter(&event, &href, &[part])
                            >
                                <span class="visually-hidden">"Remove filter "</span>
                                <span class="muted">{name} ": "</span>
                                <Outside text/>
                                <span aria-hidden="true">" ×"</span>
                            </a>
                        </li>
                    }
                },
            )
            .collect_view()
    };
    view! {
        <ul class="chips" aria-label="Active filters" hidden=move || chips.with(Vec::is_empty)>
            {rows}
            <li>
                <a class="link" href=all>
                    "Clear filters"
                </a>
            </li>
        </ul>
    }
}
