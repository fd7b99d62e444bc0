//! Calls and errors of the last 24 hours, as bars that can be read one by one, and as a table.

use chrono::TimeDelta;
use leptos::{
    ev,
    prelude::*,
    wasm_bindgen::JsCast as _,
    web_sys::{Element, EventTarget, SvgElement},
};

use super::{
    chart::{by_hour, grouped, nice_ceiling, scaled},
    format::{Precision, counted, instant, percent_of, thousands},
    panel::Panel,
    table::TableBox,
    timestamp::Timestamp as Instant,
    viewer::use_viewer,
};
use crate::domain::{
    Timestamp,
    health::{Cause, WindowName},
    tenants::CallBucket,
};

/// How many bars fit the page.
const BARS: usize = 96;
const HEIGHT: f64 = 100.0;
const BAR: usize = 10;
/// The bar's place, in its element.
const PLACE: &str = "data-bar";

/// How long the window is that decided a tenant's health, if it lies in the chart.
fn deciding(cause: &Cause) -> Option<WindowName> {
    match cause {
        Cause::ErrorRate { window, .. } => Some(*window),
        Cause::ReducedActivity { .. } | Cause::NoIssues { .. } | Cause::TooFewCalls { .. } => {
            Some(WindowName::Day)
        }
        Cause::NeverCalled | Cause::Silent { .. } | Cause::SilenceExpected { .. } => None,
    }
}

/// How many bars at the end lie in the window.
fn bars_in(window: WindowName, bars: &[CallBucket]) -> usize {
    let length = match bars {
        [first, second, ..] => second.start - first.start,
        _ => return bars.len(),
    };
    let window = match window {
        WindowName::QuarterHour => TimeDelta::minutes(15),
        WindowName::Day => return bars.len(),
    };
    let number = window.num_seconds() / length.num_seconds().max(1);
    usize::try_from(number)
        .unwrap_or_default()
        .clamp(1, bars.len())
}

#[component]
pub fn CallsChart(
    /// Spans of equal length, oldest first, without gaps.
    buckets: Vec<CallBucket>,
    /// Why the tenant's health is what it is.
    cause: Cause,
) -> impl IntoView {
    let bars = grouped(&buckets, BARS);
    let hours = by_hour(&buckets);
    let all = grouped(&buckets, 1);
    let all = all.first().map(numbers).unwrap_or_default();
    let top = nice_ceiling(bars.iter().map(|b| b.calls).max().unwrap_or_default());
    let summary =
        format!("API calls in the last 24 hours: {all}. Arrow keys read one bar after another.");
    let window = deciding(&cause);
    let shaded = window.map(|window| bars_in(window, &bars));
    let axis = [top, top / 2, 0].map(|value| view! { <li>{thousands(value)}</li> });
    view! {
        <Panel id="calls-chart" title="Calls and errors, 24 hours" beside=move || legend(window)>
            <div class="panel-body chart">
                <ol class="chart-axis num" aria-hidden="true">
                    {axis.collect_view()}
                </ol>
                <Bars bars=bars.clone() top summary shaded/>
                <Marks bars/>
            </div>
            <details class="chart-table">
                <summary>"Show as table"</summary>
                <TableBox label="Calls and errors by hour">
                    <thead>
                        <tr>
                            <th scope="col">"Hour from"</th>
                            <th scope="col" class="numeric">"API calls"</th>
                            <th scope="col" class="numeric">"Errors 4xx"</th>
                            <th scope="col" class="numeric">"Errors 5xx"</th>
                            <th scope="col" class="numeric">"Error rate"</th>
                        </tr>
                    </thead>
                    <tbody>{hours.into_iter().map(hour_row).collect_view()}</tbody>
                </TableBox>
            </details>
        </Panel>
    }
    .into_any()
}

fn legend(window: Option<WindowName>) -> AnyView {
    let decides = window.map(|window| {
        let text = format!("decides health: {}", window.label());
        view! { <li class="legend-window">{text}</li> }
    });
    view! {
        <ul class="legend push">
            <li class="legend-calls">"Calls"</li>
            <li class="legend-4xx">"Errors 4xx"</li>
            <li class="legend-5xx">"Errors 5xx"</li>
            {decides}
            <li>"support traffic excluded"</li>
        </ul>
    }
    .into_any()
}

/// Behind the last `shaded` of so many bars.
fn window(shaded: usize, number: usize) -> impl IntoView {
    let x = ((number - shaded.min(number)) * BAR).to_string();
    view! { <rect class="chart-window" x=x y="0" width=(shaded * BAR).to_string() height="100"></rect> }
}

/// The bars are one stop of Tab; arrow keys move among them. What a bar says is shown below while it is pointed at or focused.
#[component]
fn Bars(
    bars: Vec<CallBucket>,
    /// The value at the top.
    top: u64,
    summary: String,
    /// How many at the end decide.
    shaded: Option<usize>,
) -> impl IntoView {
    let viewer = use_viewer();
    let last = bars.len().saturating_sub(1);
    let focused = RwSignal::new(last);
    let read = RwSignal::new(None::<usize>);
    let bars = StoredValue::new(bars);
    let says = move |place: usize| {
        let offset = |at| viewer.offset_minutes(at);
        bars.with_value(|bars| bar_text(bars, place, offset))
    };
    let focus_in = move |event: ev::FocusEvent| {
        if let Some(place) = place_of(event.target()) {
            focused.set(place);
            read.set(Some(place));
        }
    };
    let press = move |event: ev::KeyboardEvent| {
        let now = focused.get_untracked();
        let next = match event.key().as_str() {
            "ArrowRight" => (now + 1).min(last),
            "ArrowLeft" => now.saturating_sub(1),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        focus_bar(&event, next);
    };
    let point = move |event: ev::MouseEvent| {
        let place = place_of(event.target());
        if read.get_untracked() != place {
            read.set(place);
        }
    };
    let number = last + 1;
    let view_of = move |place: usize, bar: &CallBucket| {
        let [calls, errors, server_errors] = heights(bar, top);
        view! {
            <g
                class="bar"
                role="img"
                data-bar=place.to_string()
                tabindex=move || if focused.get() == place { "0" } else { "-1" }
                aria-label=move || says(place)
            >
                <rect class="bar-room" x=(place * BAR).to_string() y="0" width=BAR.to_string() height="100"></rect>
                {rect("bar-calls", place, calls)}
                {rect("bar-4xx", place, errors)}
                {rect("bar-5xx", place, server_errors)}
            </g>
        }
    };
    let shade = shaded.map(|shaded| window(shaded, number));
    let drawn: Vec<_> = bars.with_value(|bars| {
        let drawn = bars.iter().enumerate();
        drawn.map(|(place, bar)| view_of(place, bar)).collect()
    });
    view! {
        <svg
            class="chart-bars"
            role="group"
            aria-label=summary
            viewBox=format!("0 0 {} {HEIGHT}", number * BAR)
            preserveAspectRatio="none"
            on:keydown=press
            on:focusin=focus_in
            on:focusout=move |_| read.set(None)
            on:mousemove=point
            on:mouseleave=move |_| read.set(None)
        >
            // Tells 4xx where there are no colours.
            <pattern id="stripes" width=BAR.to_string() height="4" patternUnits="userSpaceOnUse">
                <rect width=BAR.to_string() height="2"></rect>
            </pattern>
            {shade}
            {drawn}
        </svg>
        <p class="chart-read num" aria-hidden="true">
            {move || read.get().map(says)}
        </p>
    }
}

/// How high the parts of a bar reach: calls, errors, and the errors with 5xx, which stand below the others.
fn heights(bar: &CallBucket, top: u64) -> [f64; 3] {
    let server = scaled(bar.server_errors, top, HEIGHT);
    // Few of the others still stand out above them.
    let others = scaled(bar.client_errors(), top, HEIGHT);
    let errors = if others > 0.0 { server + others } else { 0.0 };
    [scaled(bar.calls, top, HEIGHT), errors, server]
}

fn rect(class: &'static str, place: usize, height: f64) -> Option<impl IntoView + use<>> {
    (height > 0.0).then(|| {
        view! {
            <rect
                class=class
                x=(place * BAR + 1).to_string()
                y=format!("{:.2}", HEIGHT - height)
                width=(BAR - 2).to_string()
                height=format!("{height:.2}")
            ></rect>
        }
    })
}

/// `120 calls, 3 failed (2.5%; 4xx: 1, 5xx: 2)`
fn numbers(bar: &CallBucket) -> String {
    let kinds = match bar.errors {
        0 => String::new(),
        _ => format!(
            "; 4xx: {}, 5xx: {}",
            thousands(bar.client_errors()),
            thousands(bar.server_errors)
        ),
    };
    format!(
        "{}, {} failed ({}{kinds})",
        counted(bar.calls, "call", "calls"),
        thousands(bar.errors),
        percent_of(bar.errors, bar.calls)
    )
}

/// `16:30–16:45: 120 calls, 3 failed (2.5%; 4xx: 1, 5xx: 2)`, in the viewer's zone.
fn bar_text(bars: &[CallBucket], place: usize, offset: impl Fn(Timestamp) -> i32) -> String {
    let Some(bar) = bars.get(place) else {
        return String::new();
    };
    let time = |at| time_of_day(at, offset(at));
    let until = bars
        .get(place + 1)
        .map_or_else(|| "now".into(), |next| time(next.start));
    format!("{}–{until}: {}", time(bar.start), numbers(bar))
}

fn time_of_day(at: Timestamp, offset_minutes: i32) -> String {
    let text = instant(at, offset_minutes, Precision::Minute);
    text.chars().take(5).collect()
}

fn place_of(target: Option<EventTarget>) -> Option<usize> {
    let element = target?.dyn_into::<Element>().ok()?;
    let bar = element.closest("[data-bar]").ok()??;
    bar.get_attribute(PLACE)?.parse().ok()
}

fn focus_bar(event: &ev::KeyboardEvent, place: usize) {
    let chart = event
        .current_target()
        .and_then(|chart| chart.dyn_into::<Element>().ok());
    let bar = chart.and_then(|chart| {
        chart
            .query_selector(&format!("[{PLACE}='{place}']"))
            .ok()
            .flatten()
    });
    if let Some(bar) = bar.and_then(|bar| bar.dyn_into::<SvgElement>().ok()) {
        // An element with a tab index takes the focus.
        let _ = bar.focus();
    }
}

fn hour_row(hour: CallBucket) -> impl IntoView {
    view! {
        <tr>
            <th scope="row">
                <Instant at=hour.start/>
            </th>
            <td class="numeric">{thousands(hour.calls)}</td>
            <td class="numeric">{thousands(hour.client_errors())}</td>
            <td class="numeric">{thousands(hour.server_errors)}</td>
            <td class="numeric">{percent_of(hour.errors, hour.calls)}</td>
        </tr>
    }
}

/// The time of day under every eighth of the chart, in the viewer's zone. The last mark is now.
#[component]
fn Marks(bars: Vec<CallBucket>) -> impl IntoView {
    let viewer = use_viewer();
    let marks: Vec<Timestamp> = bars
        .chunks(bars.len().div_ceil(8).max(1))
        .map(|chunk| chunk[0].start)
        .collect();
    let mark = move |at: Timestamp| {
        view! { <li>{move || time_of_day(at, viewer.offset_minutes(at))}</li> }
    };
    view! {
        <ol class="chart-marks num" aria-hidden="true">
            {marks.into_iter().map(mark).collect_view()}
            <li class="chart-now">"now"</li>
        </ol>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(number: i32) -> Vec<CallBucket> {
        let start: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        (0..number)
            .map(|i| CallBucket {
                start: start + TimeDelta::minutes(15) * i,
                calls: 120,
                errors: 3,
                server_errors: 2,
            })
            .collect()
    }

    #[test]
    fn a_bar_says_its_time_and_numbers_and_the_last_one_ends_now() {
        let bars = bars(96);
        assert_eq!(
            bar_text(&bars, 0, |_| 60),
            "13:00–13:15: 120 calls, 3 failed (2.5%; 4xx: 1, 5xx: 2)"
        );
        assert_eq!(
            bar_text(&bars, 95, |_| 0),
            "11:45–now: 120 calls, 3 failed (2.5%; 4xx: 1, 5xx: 2)"
        );
        assert_eq!(bar_text(&[], 0, |_| 0), "");
        assert_eq!(
            numbers(&CallBucket::empty(bars[0].start)),
            "0 calls, 0 failed (—)"
        );
    }

    #[test]
    fn errors_of_both_kinds_are_seen_however_few() {
        let mut bar = bars(1).remove(0);
        let whole = heights(&bar, 120);
        assert!((whole[0] - 100.0).abs() < f64::EPSILON);
        assert!((whole[1] - 2.5).abs() < 0.4, "{whole:?}");
        assert!(whole[1] - whole[2] >= 0.8, "{whole:?}");
        let few = heights(&bar, 1_000_000);
        assert!(few[2] >= 1.0 && few[1] - few[2] >= 1.0, "{few:?}");
        bar.server_errors = 3;
        let [_, errors, server] = heights(&bar, 120);
        assert!(errors.abs() < f64::EPSILON && server > 0.0);
    }

    #[test]
    fn the_window_that_decides_is_as_many_bars_as_it_is_long() {
        let bars = bars(96);
        assert_eq!(bars_in(WindowName::QuarterHour, &bars), 1);
        assert_eq!(bars_in(WindowName::Day, &bars), 96);
        assert_eq!(bars_in(WindowName::QuarterHour, &[]), 0);
    }
}
