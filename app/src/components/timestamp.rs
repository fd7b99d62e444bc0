//! Instants: UTC text in the first render, the viewer's zone after hydration.

use chrono::SecondsFormat;
use leptos::prelude::*;

use super::{
    format::{self, Precision},
    viewer::use_viewer,
};
use crate::domain;

/// A stop of Tab, so that keys reach the title. That of a row's times is shown with the row's links.
const fn stop(in_row: bool) -> Option<&'static str> {
    if in_row { None } else { Some("0") }
}

/// A precise instant with its zone.
#[component]
pub fn Timestamp(
    #[prop(into)] at: Signal<domain::Timestamp>,
    #[prop(optional)] precision: Precision,
    #[prop(optional)] in_row: bool,
) -> impl IntoView {
    let viewer = use_viewer();
    view! {
        <time class="num" tabindex=stop(in_row) datetime=move || iso(at.get()) title=move || utc(at.get())>
            {move || format::instant(at.get(), viewer.offset_minutes(at.get()), precision)}
        </time>
    }
}

/// How long ago an instant was, with the precise instant as its title.
#[component]
pub fn Ago(
    #[prop(into)] at: Signal<domain::Timestamp>,
    /// The server's time when the page was made.
    #[prop(into)]
    now: Signal<domain::Timestamp>,
    #[prop(optional)] in_row: bool,
) -> impl IntoView {
    let viewer = use_viewer();
    view! {
        <time
            class="num"
            tabindex=stop(in_row)
            datetime=move || iso(at.get())
            title=move || {
                format::instant(at.get(), viewer.offset_minutes(at.get()), Precision::Second)
            }
        >
            {move || format::ago(at.get(), viewer.now_or(now.get()))}
        </time>
    }
}

/// The last time something was seen: [`Ago`], or `never`.
#[component]
pub fn LastSeen(
    #[prop(into)] at: Signal<Option<domain::Timestamp>>,
    /// The server's time when the page was made.
    #[prop(into)]
    now: Signal<domain::Timestamp>,
    #[prop(optional)] in_row: bool,
) -> impl IntoView {
    move || match at.get() {
        Some(at) => view! { <Ago at now in_row/> }.into_any(),
        None => view! { <span>"never"</span> }.into_any(),
    }
}

pub(super) fn iso(at: domain::Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn utc(at: domain::Timestamp) -> String {
    format::instant(at, 0, Precision::Second)
}

/// Since when something is as it is: the time of day today, the date before.
#[component]
pub fn Since(
    #[prop(into)] at: Signal<domain::Timestamp>,
    /// The server's time when the page was made.
    #[prop(into)]
    now: Signal<domain::Timestamp>,
    #[prop(optional)] in_row: bool,
) -> impl IntoView {
    let viewer = use_viewer();
    let text = move || {
        let (at, now) = (at.get(), now.get());
        let offset = viewer.offset_minutes(at);
        let today = format::instant(now, offset, Precision::Date);
        let precision = if format::instant(at, offset, Precision::Date) == today {
            Precision::Minute
        } else {
            Precision::Date
        };
        format!("since {}", format::instant(at, offset, precision))
    };
    view! {
        <time tabindex=stop(in_row) datetime=move || iso(at.get()) title=move || utc(at.get())>
            {text}
        </time>
    }
}
