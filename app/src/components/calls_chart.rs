//! Calls and errors of the last 24 hours, as bars that can be read one by one, and as a table.

use chrono::TimeDelta;
use leptos::prelude::*;

use super::{
    bars::{Bars, HEIGHT, Piece, Shade},
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
    let summary = format!("API calls in the last 24 hours: {all}.");
    let window = deciding(&cause);
    let shaded = window.map(|window| bars_in(window, &bars));
    let drawn = bars.iter().map(|bar| pieces(bar, top)).collect();
    let viewer = use_viewer();
    let shown = StoredValue::new(bars.clone());
    let says = move |place| {
        let offset = |at| viewer.offset_minutes(at);
        shown.with_value(|bars| bar_text(bars, place, offset))
    };
    let axis = [top, top / 2, 0].map(|value| view! { <li>{thousands(value)}</li> });
    view! {
        <Panel id="calls-chart" title="Calls and errors, 24 hours" beside=move || legend(window)>
            <div class="panel-body chart">
                <ol class="chart-axis num" aria-hidden="true">
                    {axis.collect_view()}
                </ol>
                <Bars bars=drawn says summary shaded/>
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
            <li class="shade-plain">"Calls"</li>
            <li class="shade-warn">"Errors 4xx"</li>
            <li class="shade-bad">"Errors 5xx"</li>
            {decides}
            <li>"support traffic excluded"</li>
        </ul>
    }
    .into_any()
}

/// A bar of calls, with the errors in front of it. Those with 5xx stand below the others.
fn pieces(bar: &CallBucket, top: u64) -> Vec<Piece> {
    let [calls, errors, server_errors] = heights(bar, top);
    let all = [
        (Shade::Plain, calls),
        (Shade::Warn, errors),
        (Shade::Bad, server_errors),
    ];
    all.map(|(shade, height)| Piece::standing(shade, 0.0, height))
        .to_vec()
}

/// How high the parts of a bar reach: calls, errors, and the errors with 5xx.
fn heights(bar: &CallBucket, top: u64) -> [f64; 3] {
    let server = scaled(bar.server_errors, top, HEIGHT);
    // Few of the others still stand out above them.
    let others = scaled(bar.client_errors(), top, HEIGHT);
    let errors = if others > 0.0 { server + others } else { 0.0 };
    [scaled(bar.calls, top, HEIGHT), errors, server]
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
