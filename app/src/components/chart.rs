//! Calls over time: how spans are merged and scaled, and the line beside a figure.

use leptos::prelude::*;

use crate::domain::tenants::{CallBucket, Hours};

/// Merges neighbouring spans so that at most `max` remain, all of the same length but the last.
pub fn grouped(buckets: &[CallBucket], max: usize) -> Vec<CallBucket> {
    let size = buckets.len().div_ceil(max.max(1)).max(1);
    in_groups_of(buckets, size)
}

fn in_groups_of(buckets: &[CallBucket], size: usize) -> Vec<CallBucket> {
    buckets
        .chunks(size)
        .map(|chunk| {
            let mut sum = CallBucket::empty(chunk[0].start);
            for bucket in chunk {
                sum.add(bucket);
            }
            sum
        })
        .collect()
}

/// Spans merged to whole hours of UTC.
pub fn by_hour(buckets: &[CallBucket]) -> Vec<CallBucket> {
    let hour = |b: &CallBucket| b.start.timestamp().div_euclid(3_600);
    buckets
        .chunk_by(|a, b| hour(a) == hour(b))
        .flat_map(|chunk| in_groups_of(chunk, chunk.len()))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "pixels do not need 53 bits")]
pub fn scaled(value: u64, largest: u64, height: f64) -> f64 {
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

/// The smallest round number that is not below a value: the top of a scale whose half is whole too.
pub fn nice_ceiling(value: u64) -> u64 {
    let mut step = 1_u64;
    loop {
        for nice in [2, 3, 4, 6, 8, 10] {
            match step.checked_mul(nice) {
                Some(top) if top >= value && top % 2 == 0 => return top,
                Some(_) => {}
                None => return value,
            }
        }
        step = step.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::Timestamp;

    fn five_minutes(count: i32) -> Vec<CallBucket> {
        let start: Timestamp = "2026-11-21T12:05:00Z".parse().unwrap();
        (0..count)
            .map(|i| CallBucket {
                start: start + TimeDelta::minutes(5) * i,
                calls: 2,
                errors: 1,
                server_errors: 1,
            })
            .collect()
    }

    #[test]
    fn merging_keeps_every_call() {
        let bars = grouped(&five_minutes(288), 96);
        assert_eq!(bars.len(), 96);
        assert_eq!(bars.iter().map(|b| b.calls).sum::<u64>(), 576);
        assert_eq!((bars[1].calls, bars[1].errors), (6, 3));
        assert_eq!((bars[1].server_errors, bars[1].client_errors()), (3, 0));
        assert!(grouped(&[], 96).is_empty());
    }

    #[test]
    fn hours_begin_on_the_hour() {
        let hours = by_hour(&five_minutes(24));
        let counted: Vec<_> = hours.iter().map(|h| h.calls).collect();
        assert_eq!(counted, [22, 24, 2]);
        assert_eq!(hours[1].start.to_rfc3339(), "2026-11-21T13:00:00+00:00");
    }

    #[test]
    fn a_scale_ends_at_a_round_number_whose_half_is_whole() {
        let tops = [0, 1, 3, 5, 7, 130, 1_001, 60_001].map(nice_ceiling);
        assert_eq!(tops, [2, 2, 4, 6, 8, 200, 2_000, 80_000]);
        assert_eq!(nice_ceiling(224), 300);
        assert_eq!(nice_ceiling(u64::MAX), u64::MAX);
    }

    #[test]
    fn little_is_seen_and_nothing_is_not() {
        assert!(scaled(1, 1_000_000, 100.0) >= 1.0);
        assert!(scaled(0, 1_000_000, 100.0).abs() < f64::EPSILON);
        assert!((scaled(5, 5, 100.0) - 100.0).abs() < f64::EPSILON);
    }
}
