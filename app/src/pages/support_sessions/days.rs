//! Support sessions over 30 days by status. Folded until someone asks.

use leptos::prelude::*;

use crate::{
    api,
    components::{
        Folded, Loaded, Shade, Stack, StackedBar, StackedChart, failed_part, format::counted,
    },
    domain::{live::LiveInterest, support_sessions::SessionsOfDay},
    live::use_live,
};

const STACK: Stack<3> = Stack {
    table: "Support sessions by day",
    parts: [
        ("Revoked", Shade::Warn),
        ("Expired", Shade::Plain),
        ("Active", Shade::Good),
    ],
    sum: "Issued",
    is_by_day: true,
    end: "today",
};

#[component]
pub(super) fn Days() -> impl IntoView {
    let live = use_live(Signal::stored(LiveInterest::default()));
    let counts = Memo::new(move |_| {
        let change = live.support_sessions;
        change.with(|change| change.as_ref().map(|change| change.counts))
    });
    let is_open = RwSignal::new(false);
    // Counted with the page, and again while it is on view and sessions begin or end.
    let days = Resource::new(
        move || is_open.get().then(|| counts.get()),
        |_| api::sessions_by_day(),
    );
    view! {
        <Folded
            id="days-title"
            title="Last 30 days"
            beside=|| "Support sessions by day and status"
            is_open
        >
            <Loaded
                resource=days
                loading="Counting support sessions…"
                show=|days| view! { <Chart days/> }
                failed=failed_part("The support sessions could not be counted.")
            />
        </Folded>
    }
    .into_any()
}

#[component]
fn Chart(days: Vec<SessionsOfDay>) -> impl IntoView {
    let values = |day: &SessionsOfDay| [day.revoked, day.expired, day.active];
    let mut sum = [0; 3];
    for day in &days {
        sum.iter_mut()
            .zip(values(day))
            .for_each(|(sum, value)| *sum += value);
    }
    if sum == [0; 3] {
        return view! {
            <p class="panel-body muted">"No support session was issued in the last 30 days."</p>
        }
        .into_any();
    }
    let summary = format!(
        "{} issued in the last 30 days: {}.",
        counted(sum.iter().sum(), "support session", "support sessions"),
        STACK.in_words(sum)
    );
    let bar = |day: &SessionsOfDay| StackedBar {
        at: day.start,
        values: values(day),
    };
    view! { <StackedChart stack=STACK bars=days.iter().map(bar).collect() summary/> }.into_any()
}
