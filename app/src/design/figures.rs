//! Figures: cards, pagers and charts.

use chrono::TimeDelta;
use leptos::prelude::*;

use super::now;
use crate::{
    components::{
        CallsChart, HealthBadge, Pager, PagerLinks, Panel, Shade, SignalCard, Sparkline, Stack,
        StackedBar, StackedChart, StatCard,
    },
    domain::{
        health::{Cause, Health, WindowName},
        tenants::{CallBucket, Hours},
    },
};

#[component]
pub(super) fn Cards() -> impl IntoView {
    let card = |health: Health, value: &str, note: &str, current: bool| {
        let (value, note) = (value.to_owned(), note.to_owned());
        view! {
            <StatCard
                label=move || view! { <HealthBadge health/> }
                value=Signal::stored(value)
                note=Signal::stored(note)
                href=Signal::stored("#cards".to_owned())
                current
            />
        }
    };
    let hours = Hours {
        calls: (0..24).map(|hour| 100 + hour * 37 % 41).collect(),
        errors: (0..24).map(|hour| if hour > 20 { 60 } else { 2 }).collect(),
    };
    view! {
        <div class="cards">
            {card(Health::Healthy, "221", "89% of 248 tenants", false)}
            {card(Health::Warning, "10,000+", "4% of 248 tenants", true)}
            {card(Health::Critical, "0", "none", false)}
            <SignalCard label="Error rate" note=|| "412 of 18,420 calls">
                "2.2%"
                <Sparkline hours/>
            </SignalCard>
            <SignalCard label="Health status" note=|| "since 11:47 UTC">
                <HealthBadge health=Health::Critical large=true/>
            </SignalCard>
        </div>
    }
    .into_any()
}

#[component]
pub(super) fn Pagers() -> impl IntoView {
    let to = |there: bool| there.then(|| "#pagers".to_owned());
    let pager = |rows: &str, back: bool, on: bool| {
        let links = PagerLinks {
            rows: rows.to_owned(),
            first: to(back),
            previous: to(back),
            next: to(on),
            last: to(on),
        };
        view! {
            <div class="card">
                <Pager links=Signal::stored(links) label=rows/>
            </div>
        }
    };
    view! {
        {pager("Rows 51–100 of 10,000+", true, true)}
        {pager("Rows 1–50 of 1,284", false, true)}
        {pager("Rows 1–7 of 7", false, false)}
        {pager("No rows", false, false)}
    }
    .into_any()
}

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

/// So many spans of five minutes, the last three of which fail.
fn spans(number: u32) -> Vec<CallBucket> {
    let span = |place: u32| {
        let ago = TimeDelta::minutes(5 * i64::from(number - place));
        let calls = u64::from(40 + place * 37 % 29);
        let is_failing = place + 3 >= number;
        let errors = if is_failing {
            calls * 6 / 10
        } else {
            calls % 5
        };
        CallBucket {
            start: now() - ago,
            calls,
            errors,
            server_errors: if is_failing { errors / 2 } else { 0 },
        }
    };
    (0..number).map(span).collect()
}

fn hours(number: u32) -> Vec<StackedBar<4>> {
    let bar = |place: u32| StackedBar {
        at: now() - TimeDelta::hours(i64::from(number - place)),
        values: [u64::from(4 + place % 5), u64::from(9 + place % 7), 220, 7],
    };
    (0..number).map(bar).collect()
}

#[component]
pub(super) fn Charts() -> impl IntoView {
    let failing = Cause::ErrorRate {
        window: WindowName::QuarterHour,
        calls: 88,
        errors: 51,
        threshold_percent: 20.0,
    };
    let stacked = |id, number: u32| {
        let bars = hours(number);
        view! {
            <Panel id title="Last 7 days">
                <StackedChart stack=STACK bars summary="Sample.".to_owned()/>
            </Panel>
        }
    };
    view! {
        <CallsChart buckets=spans(288) cause=failing/>
        <CallsChart buckets=spans(1) cause=Cause::TooFewCalls { calls: 1, needed: 20 }/>
        <CallsChart buckets=Vec::new() cause=Cause::NeverCalled/>
        {stacked("full", 168)}
        {stacked("one-bar", 1)}
    }
    .into_any()
}
