//! What a number was made up of over time, as stacked bars and as a table.

use chrono::TimeDelta;
use leptos::prelude::*;

use super::{
    bars::{Bars, HEIGHT, Piece, Shade},
    chart::{nice_ceiling, scaled},
    format::{Precision, instant, thousands},
    table::TableBox,
    viewer::{Viewer, use_viewer},
};
use crate::domain::Timestamp;

/// What all bars have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stack<const N: usize> {
    /// The title of the table.
    pub table: &'static str,
    /// Name and colour of each part, from the ground up.
    pub parts: [(&'static str, Shade); N],
    /// The name of the sum.
    pub sum: &'static str,
    /// Whether a bar is a whole day, or else an instant.
    pub is_by_day: bool,
    /// What stands below the last bar.
    pub end: &'static str,
}

/// How large each part was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackedBar<const N: usize> {
    pub at: Timestamp,
    pub values: [u64; N],
}

impl<const N: usize> StackedBar<N> {
    fn sum(&self) -> u64 {
        self.values.iter().sum()
    }

    fn pieces(&self, parts: [(&str, Shade); N], top: u64) -> Vec<Piece> {
        let mut floor = 0.0;
        let piece = |(shade, value)| {
            let height = scaled(value, top, HEIGHT);
            floor += height;
            Piece::standing(shade, floor - height, height)
        };
        let shades = parts.into_iter().map(|(_, shade)| shade);
        shades.zip(self.values).map(piece).collect()
    }
}

impl<const N: usize> Stack<N> {
    /// `1 active, 2,000 expired, 4 revoked`
    pub fn in_words(&self, values: [u64; N]) -> String {
        let part = |((name, _), value): ((&str, _), _)| {
            format!("{} {}", thousands(value), name.to_lowercase())
        };
        let parts: Vec<_> = self.parts.into_iter().zip(values).map(part).collect();
        parts.join(", ")
    }

    /// The day, or the day and the minute, in the reader's zone.
    fn time(&self, at: Timestamp, offset: impl Fn(Timestamp) -> i32) -> String {
        if self.is_by_day {
            // Its middle counts, since where clocks change it begins an hour beside.
            let middle = at + TimeDelta::hours(12);
            return instant(middle, offset(middle), Precision::Date);
        }
        let date = instant(at, offset(at), Precision::Date);
        format!("{date} {}", instant(at, offset(at), Precision::Minute))
    }
}

#[component]
pub fn StackedChart<const N: usize>(
    stack: Stack<N>,
    /// Oldest first.
    bars: Vec<StackedBar<N>>,
    /// What all of them say together.
    summary: String,
) -> impl IntoView {
    let viewer = use_viewer();
    let top = nice_ceiling(bars.iter().map(StackedBar::sum).max().unwrap_or_default());
    let axis = [top, top / 2, 0].map(|value| view! { <li>{thousands(value)}</li> });
    let drawn = bars
        .iter()
        .map(|bar| bar.pieces(stack.parts, top))
        .collect();
    let legend = stack
        .parts
        .map(|(name, shade)| view! { <li class=shade.class()>{name}</li> });
    let marks: Vec<_> = bars
        .chunks(bars.len().div_ceil(6).max(1))
        .map(|bars| bars[0].at)
        .collect();
    let mark = move |at: Timestamp| {
        view! { <li>{move || stack.time(at, |at| viewer.offset_minutes(at)).get(5..10).map(str::to_owned)}</li> }
    };
    let rows = bars
        .iter()
        .rev()
        .map(|bar| row(stack, *bar, viewer))
        .collect_view();
    let shown = StoredValue::new(bars);
    let says = move |place: usize| {
        let bar = shown.with_value(|bars| bars.get(place).copied());
        bar.map(|bar| {
            let time = stack.time(bar.at, |at| viewer.offset_minutes(at));
            format!("{time}: {}", stack.in_words(bar.values))
        })
        .unwrap_or_default()
    };
    view! {
        <div class="panel-body">
            <ul class="legend">{legend.collect_view()}</ul>
            <div class="chart">
                <ol class="chart-axis num" aria-hidden="true">
                    {axis.collect_view()}
                </ol>
                <Bars bars=drawn says summary/>
                <ol class="chart-marks num" aria-hidden="true">
                    {marks.into_iter().map(mark).collect_view()}
                    <li class="chart-now">{stack.end}</li>
                </ol>
            </div>
        </div>
        <details class="chart-table">
            <summary>"Show as table"</summary>
            <TableBox label=stack.table>
                <Head stack/>
                <tbody>{rows}</tbody>
            </TableBox>
        </details>
    }
    .into_any()
}

#[component]
fn Head<const N: usize>(stack: Stack<N>) -> impl IntoView {
    let numbers = stack
        .parts
        .into_iter()
        .map(|(name, _)| name)
        .chain([stack.sum]);
    view! {
        <thead>
            <tr>
                <th scope="col">{if stack.is_by_day { "Day" } else { "Time" }}</th>
                {numbers.map(|name| view! { <th scope="col" class="numeric">{name}</th> }).collect_view()}
            </tr>
        </thead>
    }
}

fn row<const N: usize>(stack: Stack<N>, bar: StackedBar<N>, viewer: Viewer) -> impl IntoView {
    let values = bar.values.into_iter().chain([bar.sum()]);
    view! {
        <tr>
            <th scope="row" class="num">
                {move || stack.time(bar.at, |at| viewer.offset_minutes(at))}
            </th>
            {values.map(|value| view! { <td class="numeric">{thousands(value)}</td> }).collect_view()}
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: Stack<2> = Stack {
        table: "Sessions",
        parts: [("Revoked", Shade::Bad), ("Active", Shade::Good)],
        sum: "Issued",
        is_by_day: true,
        end: "today",
    };

    #[test]
    fn parts_stand_on_each_other_and_the_smallest_is_seen() {
        let bar = StackedBar {
            at: Timestamp::UNIX_EPOCH,
            values: [1, 999],
        };
        let pieces = bar.pieces(STACK.parts, 1_000);
        let standing = [
            Piece::standing(Shade::Bad, 0.0, 1.0),
            Piece::standing(Shade::Good, 1.0, 99.9),
        ];
        assert_eq!(pieces, standing);
    }

    #[test]
    fn a_bar_says_its_day_or_its_minute_and_its_parts() {
        assert_eq!(STACK.in_words([1, 2_000]), "1 revoked, 2,000 active");
        let start = Timestamp::UNIX_EPOCH;
        assert_eq!(STACK.time(start, |_| 60), "1970-01-01");
        // The day began before clocks went back an hour.
        assert_eq!(STACK.time(start - TimeDelta::hours(1), |_| 0), "1970-01-01");
        let at = Stack {
            is_by_day: false,
            ..STACK
        };
        assert_eq!(at.time(start, |_| 60), "1970-01-01 01:00 UTC+1");
    }
}
