//! How many tenants were in which health in the week before the demo starts: what the console would have counted, had it run
//! then. A real console shows the hours that it has counted itself, and no others.

use app::domain::{
    Timestamp,
    health::{Activity, Baseline, Health, Thresholds, Window, decide},
    telemetry::RequestRecord,
    tenants::{HealthAt, HealthCounts},
};
use chrono::{DurationRound as _, TimeDelta};
use store::{Priority, Store, StoreError};

use super::{
    DemoError, World,
    cast::Tenant,
    history::{self, FINE_FOR, Stretch},
};

/// How far back the counts go.
const WEEK: i32 = 7 * 24;

impl World {
    /// Writes the counts of the hours before this one.
    pub(super) async fn tell_past_health(
        &self,
        store: &Store,
        now: Timestamp,
    ) -> Result<(), DemoError> {
        let stretch = Stretch {
            from: now - history::REACH,
            until: now,
            started: self.state.first_started,
        };
        let hours = hours_before(&self.tenants, self.state.seed, stretch);
        let write = store.write(Priority::Normal, hours, |hours, tx| {
            Box::pin(async move {
                for hour in hours {
                    tx.keep_health_counts(hour.at, hour.counts).await?;
                }
                Ok(())
            })
        });
        let written: Result<(), StoreError> = write.await;
        Ok(written?)
    }
}

/// The counts at the end of each whole hour, oldest first.
fn hours_before(tenants: &[Tenant], seed: u64, stretch: Stretch) -> Vec<HealthAt> {
    let now = stretch.until;
    let this = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now);
    let mut hours: Vec<_> = (1..=WEEK)
        .rev()
        .map(|ago| HealthAt {
            at: this - TimeDelta::hours(1) * ago,
            counts: HealthCounts::default(),
        })
        .collect();
    for tenant in tenants {
        let records = history::of(tenant, seed, stretch);
        for hour in &mut hours {
            let end = hour.at + TimeDelta::hours(1);
            if stretch.started - tenant.age <= end {
                let activity = activity(tenant, &records, end, now);
                count(
                    &mut hour.counts,
                    decide(&activity, &Thresholds::default(), end).health,
                );
            }
        }
    }
    hours
}

const fn count(counts: &mut HealthCounts, health: Health) {
    counts.total += 1;
    match health {
        Health::Healthy => counts.healthy += 1,
        Health::Warning => counts.warning += 1,
        Health::Critical => counts.critical += 1,
        Health::Unknown => counts.unknown += 1,
    }
}

/// What was known of a tenant at an instant, from its records, oldest first.
fn activity(tenant: &Tenant, records: &[RequestRecord], at: Timestamp, now: Timestamp) -> Activity {
    let until = |at: Timestamp| records.partition_point(|record| record.at <= at);
    let within = |from: Timestamp, to: Timestamp| {
        let records = &records[until(from)..until(to)];
        records
            .iter()
            .fold(Window::default(), |mut window, record| {
                let calls = u64::from(record.count);
                window.calls += calls;
                window.errors += if record.status >= 400 { calls } else { 0 };
                window
            })
    };
    let day = at - TimeDelta::hours(24);
    let first = records.first().map_or(day, |record| record.at);
    let full_days = (day - first).num_days().clamp(0, 7);
    let baseline = within(day - TimeDelta::days(full_days), day);
    // Older records are of longer spans than this window.
    let is_fine = now - at < FINE_FOR;
    Activity {
        status: tenant.fate.status(),
        last_seen: until(at).checked_sub(1).map(|last| records[last].at),
        quarter_hour: match is_fine {
            true => within(at - TimeDelta::minutes(15), at),
            false => Window::default(),
        },
        day: within(day, at),
        baseline: Baseline {
            full_days: u32::try_from(full_days).unwrap_or_default(),
            calls: baseline.calls,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{cast, fates::Fate},
        *,
    };

    fn stretch() -> Stretch {
        let now: Timestamp = "2026-11-22T12:03:21.5Z".parse().unwrap();
        Stretch {
            from: now - history::REACH,
            until: now,
            started: now,
        }
    }

    #[test]
    fn every_hour_of_the_week_counts_the_tenants_that_there_were() {
        let now = stretch().until;
        let tenants = cast::tenants(7);
        let hours = hours_before(&tenants, 7, stretch());
        assert_eq!(hours.len(), 7 * 24);
        for pair in hours.windows(2) {
            assert_eq!(pair[1].at - pair[0].at, TimeDelta::hours(1));
        }
        for HealthAt { at, counts } in &hours {
            let there = tenants
                .iter()
                .filter(|t| now - t.age <= *at + TimeDelta::hours(1));
            assert_eq!(counts.total, there.count() as u64, "{at}");
            let HealthCounts {
                total,
                healthy,
                warning,
                critical,
                unknown,
            } = *counts;
            assert_eq!(healthy + warning + critical + unknown, total, "{at}");
        }
    }

    #[test]
    fn who_fell_silent_became_critical_a_day_later() {
        let silent: Vec<_> = cast::tenants(7)
            .into_iter()
            .filter(|tenant| tenant.fate == Fate::Silent)
            .collect();
        let hours = hours_before(&silent, 7, stretch());
        let critical: Vec<_> = hours.iter().map(|hour| hour.counts.critical).collect();
        assert_eq!(critical.last(), Some(&(silent.len() as u64)));
        assert_eq!(critical[7 * 24 - 6], 0);
    }
}
