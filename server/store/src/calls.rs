//! Calls in spans of 5 minutes, and the sums over windows of them.

use std::collections::BTreeMap;

use app::domain::{
    TenantId, Timestamp,
    health::{Baseline, Window},
    tenants::{CallBucket, Hours},
};
use chrono::TimeDelta;

use super::{
    Bookkeeping, Db, StoreError, in_list,
    record::{record, select},
    sql::queries,
};

/// The length of a span.
pub const SPAN: TimeDelta = TimeDelta::minutes(5);

queries! {
    Db {
        /// `quarter`, `day` and `before` are the latest starts before the last 15 minutes, the last
        /// 24 hours, and the days before these.
        fn sum_spans(tenant: &TenantId, quarter: Timestamp, day: Timestamp, before: Timestamp) -> one Sums
            = "SELECT \
                CAST(COALESCE(SUM(CASE WHEN start > :quarter THEN calls ELSE 0 END), 0) AS BIGINT) AS quarter_calls, \
                CAST(COALESCE(SUM(CASE WHEN start > :quarter THEN errors ELSE 0 END), 0) AS BIGINT) AS quarter_errors, \
                MIN(CASE WHEN start > :quarter THEN start END) AS quarter_first, \
                CAST(COALESCE(SUM(CASE WHEN start > :day THEN calls ELSE 0 END), 0) AS BIGINT) AS day_calls, \
                CAST(COALESCE(SUM(CASE WHEN start > :day THEN errors ELSE 0 END), 0) AS BIGINT) AS day_errors, \
                MIN(CASE WHEN start > :day THEN start END) AS day_first, \
                CAST(COALESCE(SUM(CASE WHEN start <= :day THEN calls ELSE 0 END), 0) AS BIGINT) AS before_calls, \
                MIN(CASE WHEN start <= :day THEN start END) AS before_first \
                FROM call_buckets WHERE tenant_id = :tenant AND start > :before";

        /// A tenant's spans that start at `since` or later, in order, leaving out those without calls.
        pub fn list_calls(tenant: &TenantId, since: Timestamp) -> all CallBucket
            = select!(CallBucket, "call_buckets WHERE tenant_id = :tenant AND start >= :since ORDER BY start");
    }
    Bookkeeping {
        /// Counts calls in the span that they name.
        pub fn add_calls(tenant: &TenantId, calls: &CallBucket)
            where (tenant, start = calls.start, calls = calls.calls, errors = calls.errors, server_errors = calls.server_errors)
            = "INSERT INTO call_buckets (tenant_id, start, calls, errors, server_errors) \
                VALUES (:tenant, :start, :calls, :errors, :server_errors) \
                ON CONFLICT (tenant_id, start) DO UPDATE SET calls = call_buckets.calls + excluded.calls, \
                errors = call_buckets.errors + excluded.errors, \
                server_errors = call_buckets.server_errors + excluded.server_errors";

        /// Deletes up to 500 spans that start before `before`. Returns how many.
        pub fn prune_calls(before: Timestamp) -> count
            = "DELETE FROM call_buckets WHERE (tenant_id, start) IN \
                (SELECT tenant_id, start FROM call_buckets WHERE start < :before ORDER BY start LIMIT 500)";
    }
}

/// The windows that decide about health, at one instant.
///
/// A span is in a window as long as any part of it is. So the last 15 minutes are 15 to 20 minutes,
/// never less. A span leaves a window as a whole, at its end plus the window's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    pub now: Timestamp,
    /// The number of full days with data of the tenant, among the 7 before the last 24 hours.
    pub full_days: u32,
}

/// The length of the short window.
pub const QUARTER_HOUR: TimeDelta = TimeDelta::minutes(15);
/// The length of the long window.
pub const DAY: TimeDelta = TimeDelta::hours(24);
/// How many days before the last 24 hours are compared with these.
pub const BASELINE_DAYS: u32 = 7;

impl Windows {
    /// The windows at `now` of a tenant that first called at `first_seen`.
    pub fn at(now: Timestamp, first_seen: Option<Timestamp>) -> Self {
        let days = first_seen.map_or(0, |first| (now - DAY - first).num_days());
        Self {
            now,
            full_days: u32::try_from(days).unwrap_or(0).min(BASELINE_DAYS),
        }
    }

    /// How long before now the compared days begin.
    pub fn baseline_length(&self) -> TimeDelta {
        DAY * i32::try_from(self.full_days + 1).unwrap_or(i32::MAX)
    }

    /// The latest start of a span that has left a window of this length.
    fn left(&self, length: TimeDelta) -> Timestamp {
        self.now - length - SPAN
    }
}

/// Sums over the windows, and when the first span leaves each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSums {
    /// The last 15 minutes.
    pub quarter_hour: Window,
    /// The last 24 hours.
    pub day: Window,
    /// The days before these.
    pub baseline: Baseline,
    /// When the first span leaves any of the windows; `None` without spans.
    pub next_leaves_at: Option<Timestamp>,
}

struct Sums {
    quarter_calls: u64,
    quarter_errors: u64,
    quarter_first: Option<Timestamp>,
    day_calls: u64,
    day_errors: u64,
    day_first: Option<Timestamp>,
    before_calls: u64,
    before_first: Option<Timestamp>,
}

record! { Sums {
    quarter_calls; quarter_errors; quarter_first; day_calls; day_errors; day_first; before_calls; before_first;
} }

record! { CallBucket { start; calls; errors; server_errors } }

/// How many hours [`Db::list_hours`] returns.
const HOURS: usize = 24;

impl Db<'_> {
    /// A tenant's calls in the windows.
    pub async fn sum_calls(
        &mut self,
        tenant: &TenantId,
        windows: Windows,
    ) -> Result<WindowSums, StoreError> {
        let before = windows.left(windows.baseline_length());
        let (quarter, day) = (windows.left(QUARTER_HOUR), windows.left(DAY));
        let sums = self.sum_spans(tenant, quarter, day, before).await?;
        let leaves = |first: Option<Timestamp>, length| first.map(|start| start + SPAN + length);
        let next_leaves_at = [
            leaves(sums.quarter_first, QUARTER_HOUR),
            leaves(sums.day_first, DAY),
            leaves(sums.before_first, windows.baseline_length()),
        ];
        Ok(WindowSums {
            quarter_hour: Window {
                calls: sums.quarter_calls,
                errors: sums.quarter_errors,
            },
            day: Window {
                calls: sums.day_calls,
                errors: sums.day_errors,
            },
            baseline: Baseline {
                full_days: windows.full_days,
                calls: sums.before_calls,
            },
            next_leaves_at: next_leaves_at.into_iter().flatten().min(),
        })
    }

    /// Calls and errors of these tenants in each of the last 24 hours, including the current span.
    /// Tenants without calls are left out.
    pub async fn list_hours(
        &mut self,
        tenants: &[TenantId],
        now: Timestamp,
    ) -> Result<BTreeMap<TenantId, Hours>, StoreError> {
        let span = SPAN.num_seconds() * 1_000_000;
        let end = (now.timestamp_micros().div_euclid(span) + 1) * span;
        let first = end - DAY.num_seconds() * 1_000_000;
        let mut found: BTreeMap<TenantId, Hours> = BTreeMap::new();
        for tenants in tenants.chunks(in_list::LENGTH) {
            let list = in_list::sql(
                "SELECT tenant_id, (start - $101) / 3600000000 AS hour, CAST(SUM(calls) AS BIGINT) AS calls, \
                 CAST(SUM(errors) AS BIGINT) AS errors FROM call_buckets WHERE tenant_id IN ",
            );
            let query = self.assembled(format!(
                "{list} AND start >= $101 AND start < $102 GROUP BY tenant_id, hour"
            ));
            let rows: Vec<(TenantId, i64, u64, u64)> = in_list::bind(query, tenants)
                .bind(first)
                .bind(end)
                .fetch_all()
                .await?;
            for (tenant, hour, calls, errors) in rows {
                let hours = found.entry(tenant).or_insert_with(|| Hours {
                    calls: vec![0; HOURS],
                    errors: vec![0; HOURS],
                });
                let place = usize::try_from(hour).unwrap_or(HOURS);
                if place < HOURS {
                    hours.calls[place] = calls;
                    hours.errors[place] = errors;
                }
            }
        }
        Ok(found)
    }
}
