//! Tenants by health over the last week. Folded until someone asks.

use leptos::prelude::*;

use crate::{
    api,
    components::{
        Folded, Loaded, Shade, Stack, StackedBar, StackedChart, failed_part, format::counted,
    },
    domain::tenants::HealthAt,
};

const STACK: Stack<4> = Stack {
    table: "Tenants by health and hour",
    parts: [
        ("Critical", Shade::Bad),
        ("Warning", Shade::Warn),
        ("Healthy", Shade::Good),
        ("Unknown", Shade::Plain),
    ],
    sum: "Tenants",
    is_by_day: false,
    end: "now",
};

#[component]
pub(super) fn History() -> impl IntoView {
    let is_open = RwSignal::new(false);
    // Read with the page, and again when it is opened.
    let hours = Resource::new(move || is_open.get(), |_| api::health_history());
    view! {
        <Folded
            id="history-title"
            title="Last 7 days"
            beside=|| "Tenants by health, hour by hour"
            is_open
        >
            <Loaded
                resource=hours
                loading="Reading the last 7 days…"
                show=|hours| view! { <Chart hours/> }
                failed=failed_part("The health of the last days could not be read.")
            />
        </Folded>
    }
    .into_any()
}

#[component]
fn Chart(hours: Vec<HealthAt>) -> impl IntoView {
    let bar = |hour: &HealthAt| StackedBar {
        at: hour.at,
        values: [
            hour.counts.critical,
            hour.counts.warning,
            hour.counts.healthy,
            hour.counts.unknown,
        ],
    };
    let bars: Vec<_> = hours.iter().map(bar).collect();
    let Some(last) = bars.last() else {
        return view! {
            <p class="panel-body muted">"The console counts tenants every hour. The first hour shows here in a few minutes."</p>
        }
        .into_any();
    };
    let worst = bars
        .iter()
        .map(|bar| bar.values[0])
        .max()
        .unwrap_or_default();
    let summary = format!(
        "Tenants by health in the last 7 days. At most {} at once. Now: {}.",
        counted(worst, "critical tenant", "critical tenants"),
        STACK.in_words(last.values)
    );
    view! { <StackedChart stack=STACK bars summary/> }.into_any()
}
