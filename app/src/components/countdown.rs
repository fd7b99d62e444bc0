//! Time left until a deadline of the server.

use chrono::TimeDelta;
use leptos::prelude::*;

use super::{
    announcer::{Stage, use_announcer},
    format::{self, Precision},
    timestamp::iso,
    viewer::use_viewer,
};
use crate::domain::{SupportSessionId, Timestamp};

/// `08:12 left` with the precise end time. Driven by the server's deadline and the wall clock, so
/// that it survives a sleeping tab. Announced at 5 minutes, at 1 minute and at the end only.
#[component]
pub fn Countdown(
    #[prop(into)] until: Signal<Timestamp>,
    /// The server's time when the page was made.
    #[prop(into)]
    now: Signal<Timestamp>,
    /// The subject of the announcement: `Ida Brandt’s session in Acme`.
    #[prop(into)]
    what: String,
    /// The support session that ends.
    of: SupportSessionId,
    /// Shows only the time left, because the page shows the end elsewhere.
    #[prop(optional)]
    short: bool,
) -> impl IntoView {
    let viewer = use_viewer();
    let left = Memo::new(move |_| {
        // Whole seconds, so that the text changes when it has to only.
        let left = until.get() - viewer.now_or(now.get());
        TimeDelta::seconds((left.num_milliseconds().max(0) + 999) / 1_000)
    });
    let stage = Memo::new(move |_| Stage::of(left.get()));
    let announcer = use_announcer();
    Effect::new(move |before: Option<Stage>| {
        let stage = stage.get();
        if before.is_some_and(|before| before < stage) {
            announcer.say(of, stage, stage.announcement(&what));
        } else if before.is_some_and(|before| before > stage) {
            announcer.has_time(of, stage);
        }
        stage
    });
    view! {
        <span class="countdown" data-stage=move || stage.get().name()>
            <span class="num">
                {move || match stage.get() {
                    Stage::Ended => "ended".to_owned(),
                    _ => format!("{} left", format::clock_span(left.get())),
                }}
            </span>
            <time class=if short { "visually-hidden" } else { "countdown-end num" } datetime=move || iso(until.get())>
                {move || {
                    let at = until.get();
                    format!(
                        "until {}",
                        format::instant(at, viewer.offset_minutes(at), Precision::Time),
                    )
                }}
            </time>
        </span>
    }
}
