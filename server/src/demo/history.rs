//! The tenants' calls in the 8 days before the demo starts, and in a time that its clock skipped,
//! as the platform would have reported them. Each record is for many calls, and records are finer
//! closer to now.

use app::domain::{Timestamp, telemetry::RequestRecord};
use chrono::{TimeDelta, Timelike};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::cast::Tenant;

/// How far the history goes back: a little less than the console accepts.
pub(super) const REACH: TimeDelta = TimeDelta::minutes(8 * 24 * 60 - 30);

/// How long before now records are of five minutes each.
pub(super) const FINE_FOR: TimeDelta = TimeDelta::hours(2);

#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    /// The start, moved up to what the console accepts.
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    /// When the demo was first started, which fates depend on.
    pub(super) started: Timestamp,
}

/// The history of one tenant, oldest first.
pub(super) fn of(tenant: &Tenant, seed: u64, stretch: Stretch) -> Vec<RequestRecord> {
    let Stretch {
        from,
        until,
        started,
    } = stretch;
    let Ok(tenant_id) = tenant.id.parse() else {
        return Vec::new();
    };
    let begin = seed.wrapping_add(from.timestamp().unsigned_abs());
    let number = tenant.id.bytes().fold(begin, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let mut rng = StdRng::seed_from_u64(number);
    let mut records = Vec::new();
    let mut start = from.max(until - REACH).max(started - tenant.age);
    while start < until {
        let length = span(until - start).min(until - start);
        let middle = start + length / 2;
        let (calls, errors) = calls(
            &mut rng,
            tenant,
            started - middle,
            length,
            hour_shape(middle),
        );
        for (count, status) in [
            (calls - errors, 200),
            (errors, error_status(&mut rng, tenant)),
        ] {
            if count > 0 {
                records.push(RequestRecord {
                    tenant_id: app::domain::TenantId::clone(&tenant_id),
                    at: middle,
                    status,
                    count,
                    method: None,
                    path: None,
                    duration_ms: None,
                    request_id: None,
                });
            }
        }
        start += length;
    }
    records
}

/// The span of one record, `ago` before now.
fn span(ago: TimeDelta) -> TimeDelta {
    if ago > TimeDelta::hours(26) {
        TimeDelta::hours(1)
            .min(ago - TimeDelta::hours(26))
            .max(TimeDelta::minutes(1))
    } else if ago > FINE_FOR {
        TimeDelta::minutes(15)
            .min(ago - FINE_FOR)
            .max(TimeDelta::minutes(1))
    } else {
        TimeDelta::minutes(5)
    }
}

/// Fewer calls at night: from 0.6 to 1.4 around a mean of 1.
fn hour_shape(at: Timestamp) -> f64 {
    let hour = f64::from(at.hour()) + f64::from(at.minute()) / 60.0;
    1.0 + 0.4 * ((hour - 8.0) / 24.0 * std::f64::consts::TAU).sin()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "small, positive make-believe figures"
)]
fn calls(
    rng: &mut StdRng,
    tenant: &Tenant,
    ago: TimeDelta,
    length: TimeDelta,
    shape: f64,
) -> (u32, u32) {
    let share_of_day = length.num_milliseconds() as f64 / 86_400_000.0;
    let expected =
        f64::from(tenant.calls_per_day) * share_of_day * shape * tenant.fate.activity(ago);
    let calls = around(rng, expected);
    let errors = around(rng, f64::from(calls) * tenant.fate.error_share(ago));
    (calls, errors.min(calls))
}

/// A whole number around `expected`, so that many of them add up to it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small, positive make-believe figures"
)]
pub(super) fn around(rng: &mut StdRng, expected: f64) -> u32 {
    if expected <= 0.0 {
        return 0;
    }
    // As scattered as counts of independent events, but uniform, which is good enough.
    let scatter = expected.sqrt().min(expected) * rng.random_range(-1.0..1.0);
    let value = expected + scatter;
    let whole = value.floor();
    whole as u32 + u32::from(rng.random_bool((value - whole).clamp(0.0, 1.0)))
}

fn error_status(rng: &mut StdRng, tenant: &Tenant) -> u16 {
    use super::fates::Fate;
    match tenant.fate {
        Fate::Failing => super::cast::pick(rng, &[422, 502, 503]),
        _ => super::cast::pick(rng, &[404, 422, 404, 401]),
    }
}

#[cfg(test)]
mod tests {
    use app::domain::telemetry::MAX_RECORDS;

    use super::{
        super::{cast, fates::Fate},
        *,
    };

    fn now() -> Timestamp {
        "2026-11-22T12:03:21.5Z".parse().unwrap()
    }

    fn whole(tenant: &Tenant) -> Vec<RequestRecord> {
        let stretch = Stretch {
            from: now() - TimeDelta::days(30),
            until: now(),
            started: now(),
        };
        of(tenant, 7, stretch)
    }

    #[test]
    fn a_history_is_repeatable_and_lies_within_what_is_taken_in() {
        for tenant in cast::tenants(7) {
            let records = whole(&tenant);
            assert_eq!(records, whole(&tenant));
            for record in &records {
                assert!(record.at > now() - TimeDelta::days(8) && record.at <= now());
                assert!(record.at >= now() - tenant.age);
            }
        }
    }

    #[test]
    fn the_whole_history_fits_in_a_dozen_batches() {
        let records: usize = cast::tenants(7)
            .iter()
            .map(|tenant| whole(tenant).len())
            .sum();
        assert!(records < 12 * MAX_RECORDS, "{records}");
    }

    #[test]
    fn fates_show_in_the_figures() {
        let within = |records: &[RequestRecord], ago: TimeDelta, failed: bool| -> u32 {
            let counts = records
                .iter()
                .filter(|record| record.at > now() - ago && (!failed || record.status >= 400));
            counts.map(|record| record.count).sum()
        };
        for tenant in cast::tenants(7) {
            let records = whole(&tenant);
            let quarter = TimeDelta::minutes(15);
            let day = TimeDelta::hours(24);
            match tenant.fate {
                Fate::Failing => {
                    assert!(within(&records, quarter, true) >= 20, "{}", tenant.name);
                    assert!(within(&records, day, true) * 8 < within(&records, day, false));
                }
                Fate::Silent => {
                    assert_eq!(within(&records, day, false), 0);
                    assert!(!records.is_empty());
                }
                Fate::New | Fate::Pending => assert!(records.is_empty()),
                Fate::Busy => assert!(within(&records, day, false) > 6_000),
                _ => {}
            }
        }
    }
}
