//! The notice that pages of the platform were shown without the banner.

use leptos::prelude::*;

use crate::{
    components::{Notice, Outside, Tone, format::found},
    domain::access_log::PagesWithoutBanner,
    live::LiveHandle,
};

/// Nothing as long as there is no such page.
#[component]
pub(super) fn WithoutBanner(
    /// Those that are known when the page is made.
    first: PagesWithoutBanner,
    live: LiveHandle,
) -> impl IntoView {
    let pages = RwSignal::new(first);
    Effect::new(move || {
        let change = live.access_log.get();
        if let Some(now) = change.and_then(|change| change.without_banner) {
            pages.set(now);
        }
    });
    move || {
        let pages = pages.get();
        (pages.count > 0).then(|| view! { <Told pages/> })
    }
}

#[component]
fn Told(pages: PagesWithoutBanner) -> impl IntoView {
    let count = found(
        pages.count,
        "page of the platform was",
        "pages of the platform were",
    );
    let paths = pages.last.into_iter().enumerate().map(|(place, page)| {
        let comma = (place > 0).then_some(", ");
        view! { {comma} <code><Outside text=page.path/></code> }
    });
    view! {
        <Notice tone=Tone::Warn spoken=true>
            {count}
            " shown without the banner. Last: "
            {paths.collect_view()}
            ". Requests from there are recorded like all others."
        </Notice>
    }
}
