//! How often one caller may send requests, on this node.
//!
//! Limits come after authentication, and count by key or by staff member. Failed sign-ins are
//! counted by account and address (`services::staff_sessions`), and requests of support sessions at
//! the gateway by session.

use std::sync::Arc;

use app::domain::{
    ApiKeyId, StaffId,
    caller::Caller,
    problem::{Problem, ProblemCode},
};
use gateway::{
    clock::Clock,
    rates::{Level, Quota, Rates, TooFast},
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::LimitConfig;

/// The quotas that apply (draft-ietf-httpapi-ratelimit-headers-10, §3).
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The remaining quotas (the same, §4).
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// A kind of request with its own limit, so that none can use up what another needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Policy {
    /// Pages of a staff member.
    Pages,
    /// What open pages fetch: server functions that read, and live streams.
    Calls,
    /// Acts of a staff member: plain forms, and server functions that act. Reading can't use this
    /// up, so a session can always be revoked.
    Acts,
    /// What a key reads.
    Requests,
    /// Requests of the running platform: telemetry, registrations, introspection.
    Reports,
    /// Audit logs as files. Each writes an event that stays for years.
    Exports,
}

impl Policy {
    const fn name(self) -> &'static str {
        match self {
            Self::Pages => "pages",
            Self::Calls => "calls",
            Self::Acts => "acts",
            Self::Requests => "requests",
            Self::Reports => "reports",
            Self::Exports => "exports",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Key(ApiKeyId),
    Staff(StaffId),
}

/// The limits of this node. Cheap to clone.
#[derive(Clone)]
pub struct Limits(Arc<Inner>);

struct Inner {
    config: LimitConfig,
    clock: Arc<dyn Clock>,
    rates: Rates<(Policy, Who)>,
}

/// A request that was counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    policy: Policy,
    quota: Quota,
    level: Result<Level, TooFast>,
}

impl Limits {
    /// Limits with full buckets.
    pub fn new(config: LimitConfig, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            config,
            clock,
            rates: Rates::default(),
        }))
    }

    /// Counts a request. `None` if nothing limits this caller.
    pub(crate) fn count(&self, policy: Policy, caller: &Caller) -> Option<Counted> {
        let who = match caller {
            Caller::Key(key) => Who::Key(key.id),
            Caller::Staff(staff) => Who::Staff(staff.staff_id),
            Caller::Support(support) => Who::Staff(support.staff_id),
            Caller::Anonymous | Caller::Cli { .. } | Caller::System => return None,
        };
        let quota = self.0.config.quota(policy, caller)?;
        let now = self.0.clock.now();
        Some(Counted {
            policy,
            quota,
            level: self.0.rates.take((policy, who), quota, now),
        })
    }
}

impl LimitConfig {
    fn quota(&self, policy: Policy, caller: &Caller) -> Option<Quota> {
        let own = match (policy, caller) {
            (Policy::Requests | Policy::Reports, Caller::Key(key)) => key.requests_per_minute,
            _ => None,
        };
        if let Some(own) = own {
            return Some(Quota::per_minute(own.into()));
        }
        let quota = match policy {
            Policy::Pages | Policy::Calls | Policy::Acts => {
                Quota::per_minute(self.staff_requests_per_minute)
            }
            Policy::Requests => Quota::per_minute(self.key_requests_per_minute),
            Policy::Reports => Quota::per_minute(self.key_reports_per_minute),
            Policy::Exports => Quota::per_hour(self.exports_per_hour),
        };
        (quota.units > 0).then_some(quota)
    }
}

/// `Try again in 1 second.`
pub(crate) fn try_again_in(seconds: u64) -> String {
    let unit = if seconds == 1 { "second" } else { "seconds" };
    format!("Try again in {seconds} {unit}.")
}

impl Counted {
    /// Why the request is refused, if it is.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let seconds = self.level.err()?.retry_after_seconds.max(1);
        let detail = format!("Too many requests. {}", try_again_in(seconds));
        Some(Problem {
            retry_after_seconds: Some(seconds),
            ..Problem::new(ProblemCode::RateLimited, detail)
        })
    }

    /// Says in a response which limit applies and what is left.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let (name, units) = (self.policy.name(), self.quota.units);
        let window = self.quota.window.num_seconds();
        let (left, seconds) = match self.level {
            Ok(level) => (level.remaining, level.full_in_seconds),
            Err(too_fast) => (0, too_fast.retry_after_seconds),
        };
        for (field, text) in [
            (
                RATE_LIMIT_POLICY,
                format!("\"{name}\";q={units};w={window}"),
            ),
            (RATE_LIMIT, format!("\"{name}\";r={left};t={seconds}")),
        ] {
            // Names and numbers are always valid header values.
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(field, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use app::domain::caller::KeyCaller;
    use chrono::TimeDelta;
    use gateway::clock::ManualClock;
    use uuid::Uuid;

    use super::*;
    use crate::services::testing::noon;

    fn key(number: u128) -> Caller {
        Caller::Key(KeyCaller {
            id: ApiKeyId::from_uuid(Uuid::from_u128(number)),
            name: "k".into(),
            tenant_id: None,
            rights: Vec::new(),
            requests_per_minute: None,
        })
    }

    fn limits() -> (Limits, ManualClock) {
        let clock = ManualClock::at(noon());
        let config = LimitConfig {
            key_requests_per_minute: 2,
            key_reports_per_minute: 0,
            exports_per_hour: 1,
            ..LimitConfig::default()
        };
        (Limits::new(config, Arc::new(clock.clone())), clock)
    }

    #[test]
    fn each_key_and_each_policy_has_its_own_bucket() {
        let (limits, clock) = limits();
        let is_refused = |policy, caller: &Caller| {
            let counted = limits.count(policy, caller).unwrap();
            counted.problem().is_some()
        };
        let (one, two) = (key(1), key(2));
        assert!(!is_refused(Policy::Requests, &one));
        assert!(!is_refused(Policy::Requests, &one));
        assert!(is_refused(Policy::Requests, &one));
        assert!(!is_refused(Policy::Requests, &two), "another key");
        assert!(!is_refused(Policy::Exports, &one), "something else");
        assert!(is_refused(Policy::Exports, &one));
        clock.advance(TimeDelta::seconds(30));
        assert!(!is_refused(Policy::Requests, &one), "half a minute later");
        assert!(is_refused(Policy::Exports, &one), "an hour's worth");
    }

    #[test]
    fn a_keys_own_limit_takes_the_place_of_the_configured_ones() {
        let (limits, _) = limits();
        let mut own = key(1);
        if let Caller::Key(key) = &mut own {
            key.requests_per_minute = Some(3);
        }
        for policy in [Policy::Requests, Policy::Reports] {
            for left in [2, 1, 0] {
                let counted = limits.count(policy, &own).unwrap();
                let mut headers = HeaderMap::new();
                counted.tell(&mut headers);
                let told = headers[RATE_LIMIT].to_str().unwrap();
                assert!(told.contains(&format!("r={left};")), "{told}");
            }
            assert!(limits.count(policy, &own).unwrap().problem().is_some());
        }
        let exports = || limits.count(Policy::Exports, &own).unwrap().problem();
        assert!(exports().is_none());
        assert!(exports().is_some(), "the configured limit");
    }

    #[test]
    fn zero_is_no_limit_and_nobody_is_not_counted() {
        let (limits, _) = limits();
        assert!(limits.count(Policy::Reports, &key(1)).is_none());
        assert!(limits.count(Policy::Pages, &Caller::Anonymous).is_none());
    }

    #[test]
    fn a_response_says_what_applies_and_what_is_left() {
        let (limits, _) = limits();
        let mut told = Vec::new();
        for _ in 0..3 {
            let counted = limits.count(Policy::Requests, &key(1)).unwrap();
            let mut headers = HeaderMap::new();
            counted.tell(&mut headers);
            assert_eq!(headers[RATE_LIMIT_POLICY], "\"requests\";q=2;w=60");
            told.push(headers[RATE_LIMIT].to_str().unwrap().to_owned());
        }
        let expected =
            ["r=1;t=30", "r=0;t=60", "r=0;t=30"].map(|left| format!("\"requests\";{left}"));
        assert_eq!(told, expected);
    }
}
