//! Pictures of calls over time, each with the same figures as text.

use leptos::prelude::*;

use super::{
    format::{Precision, counted, instant, percent_of, thousands},
    panel::Panel,
    table::TableBox,
    timestamp::Timestamp as Instant,
    viewer::use_viewer,
};
use crate::domain::{
    Timestamp,
    tenants::{CallBucket, Hours},
};

/// How many bars fit the page.
const BARS: usize = 96;
const HEIGHT: f64 = 100.0;

/// Merges neighbouring spans so that at most `max` remain, all of the same length but the last.
pub fn grouped(buckets: &[CallBucket], max: usize) -> Vec<CallBucket> {
    let size = buckets.len().div_ceil(max.max(1)).max(1);
    in_groups_of(buckets, size)
}

fn in_groups_of(buckets: &[CallBucket], size: usize) -> Vec<CallBucket> {
    buckets
        .chunks(size)
        .map(|chunk| CallBucket {
            start: chunk[0].start,
            calls: chunk.iter().map(|b| b.calls).sum(),
            errors: chunk.iter().map(|b| b.errors).sum(),
        })
        .collect()
}

/// Spans merged to whole hours of UTC.
fn by_hour(buckets: &[CallBucket]) -> Vec<CallBucket> {
    let hour = |b: &CallBucket| b.start.timestamp().div_euclid(3_600);
    buckets
        .chunk_by(|a, b| hour(a) == hour(b))
        .flat_map(|chunk| in_groups_of(chunk, chunk.len()))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "pixels do not need 53 bits")]
fn scaled(value: u64, largest: u64, height: f64) -> f64 {
    if largest == 0 || value == 0 {
        return 0.0;
    }
    // Any value above zero stays visible.
    (value as f64 / largest as f64 * height).max(1.0)
}

/// Calls over time beside a figure, and errors among them. Empty without calls. Decorative: the figures carry
/// the meaning.
#[component]
pub fn Sparkline(hours: Hours) -> impl IntoView {
    const WIDTH: f64 = 96.0;
    const HEIGHT: f64 = 28.0;
    let largest = hours.calls.iter().copied().max().unwrap_or_default();
    if largest == 0 {
        return None;
    }
    let line = |values: &[u64]| {
        #[expect(clippy::cast_precision_loss, reason = "pixels do not need 53 bits")]
        let step = WIDTH / (values.len().saturating_sub(1).max(1) as f64);
        let mut x = -step;
        let points = values.iter().map(|value| {
            x += step;
            let y = HEIGHT - 1.0 - scaled(*value, largest, HEIGHT - 2.0);
            // Whole pixels, since a page has thousands of these numbers.
            format!("{x:.1},{y:.0}")
        });
        points.collect::<Vec<_>>().join(" ")
    };
    let failed = hours.errors.iter().any(|errors| *errors > 0);
    Some(view! {
        <svg
            class="sparkline"
            width=WIDTH.to_string()
            height=HEIGHT.to_string()
            viewBox=format!("0 0 {WIDTH} {HEIGHT}")
            aria-hidden="true"
        >
            <polyline points=line(&hours.calls)></polyline>
            {failed.then(|| view! { <polyline class="errors" points=line(&hours.errors)></polyline> })}
        </svg>
    })
}

/// Calls and errors of the last 24 hours as bars, and by hour as a table.
#[component]
pub fn CallsChart(
    /// Spans of equal length, oldest first, without gaps.
    buckets: Vec<CallBucket>,
) -> impl IntoView {
    let bars = grouped(&buckets, BARS);
    let hours = by_hour(&buckets);
    let calls = buckets.iter().map(|b| b.calls).sum();
    let errors = buckets.iter().map(|b| b.errors).sum();
    let largest = bars.iter().map(|b| b.calls).max().unwrap_or_default();
    let summary = format!(
        "API calls in the last 24 hours: {}, of which {} failed.",
        thousands(calls),
        thousands(errors)
    );
    view! {
        <Panel id="calls-chart" title="Calls and errors, 24 hours" beside=legend>
            <div class="panel-body chart">
                <p class="chart-scale num" aria-hidden="true">
                    {counted(largest, "call", "calls")}
                </p>
                <svg
                    class="chart-bars"
                    role="img"
                    aria-label=summary
                    viewBox=format!("0 0 {} {HEIGHT}", bars.len().max(1) * 10)
                    preserveAspectRatio="none"
                >
                    {bars.iter().enumerate().map(|(i, bar)| bar_view(i, bar, largest)).collect_view()}
                </svg>
                <HourMarks bars=bars.clone()/>
            </div>
            <details class="chart-table">
                <summary>"Show as table"</summary>
                <TableBox label="Calls and errors by hour">
                    <thead>
                        <tr>
                            <th scope="col">"Hour from"</th>
                            <th scope="col" class="numeric">"API calls"</th>
                            <th scope="col" class="numeric">"Errors"</th>
                            <th scope="col" class="numeric">"Error rate"</th>
                        </tr>
                    </thead>
                    <tbody>{hours.into_iter().map(hour_row).collect_view()}</tbody>
                </TableBox>
            </details>
        </Panel>
    }
}

fn legend() -> AnyView {
    view! {
        <ul class="legend push">
            <li class="legend-calls">"Calls"</li>
            <li class="legend-errors">"Errors"</li>
            <li>"support traffic excluded"</li>
        </ul>
    }
    .into_any()
}

fn bar_view(index: usize, bar: &CallBucket, largest: u64) -> impl IntoView + use<> {
    let x = (index * 10 + 1).to_string();
    let (calls, errors) = (
        scaled(bar.calls, largest, HEIGHT),
        scaled(bar.errors, largest, HEIGHT),
    );
    let rect = |class: &'static str, height: f64| {
        (height > 0.0).then(|| {
            view! {
                <rect
                    class=class
                    x=x.clone()
                    y=format!("{:.2}", HEIGHT - height)
                    width="8"
                    height=format!("{height:.2}")
                ></rect>
            }
        })
    };
    view! {
        {rect("bar-calls", calls)}
        {rect("bar-errors", errors)}
    }
}

fn hour_row(hour: CallBucket) -> impl IntoView {
    view! {
        <tr>
            <th scope="row">
                <Instant at=hour.start/>
            </th>
            <td class="numeric">{thousands(hour.calls)}</td>
            <td class="numeric">{thousands(hour.errors)}</td>
            <td class="numeric">{percent_of(hour.errors, hour.calls)}</td>
        </tr>
    }
}

/// The time of day under every eighth of the chart, in the viewer's zone.
#[component]
fn HourMarks(bars: Vec<CallBucket>) -> impl IntoView {
    let viewer = use_viewer();
    let marks: Vec<Timestamp> = bars
        .chunks(bars.len().div_ceil(8).max(1))
        .map(|chunk| chunk[0].start)
        .collect();
    view! {
        <ol class="chart-marks num" aria-hidden="true">
            {marks
                .into_iter()
                .map(|at| {
                    view! {
                        <li>
                            {move || {
                                let text = instant(at, viewer.offset_minutes(at), Precision::Minute);
                                text.chars().take(5).collect::<String>()
                            }}
                        </li>
                    }
                })
                .collect_view()}
        </ol>
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn five_minutes(count: i32) -> Vec<CallBucket> {
        let start: Timestamp = "2026-11-21T12:05:00Z".parse().unwrap();
        (0..count)
            .map(|i| CallBucket {
                start: start + TimeDelta::minutes(5) * i,
                calls: 2,
                errors: 1,
            })
            .collect()
    }

    #[test]
    fn merging_keeps_every_call() {
        let bars = grouped(&five_minutes(288), BARS);
        assert_eq!(bars.len(), 96);
        assert_eq!(bars.iter().map(|b| b.calls).sum::<u64>(), 576);
        assert_eq!((bars[1].calls, bars[1].errors), (6, 3));
        assert!(grouped(&[], BARS).is_empty());
    }

    #[test]
    fn hours_begin_on_the_hour() {
        let hours = by_hour(&five_minutes(24));
        let counted: Vec<_> = hours.iter().map(|h| h.calls).collect();
        assert_eq!(counted, [22, 24, 2]);
        assert_eq!(hours[1].start.to_rfc3339(), "2026-11-21T13:00:00+00:00");
    }

    #[test]
    fn little_is_seen_and_nothing_is_not() {
        assert!(scaled(1, 1_000_000, 100.0) >= 1.0);
        assert!(scaled(0, 1_000_000, 100.0).abs() < f64::EPSILON);
        assert!((scaled(5, 5, 100.0) - 100.0).abs() < f64::EPSILON);
    }
}
