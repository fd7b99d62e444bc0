//! The audit events of failed sign-ins, and their limit.
//!
//! The throttle limits the attempts from one address and on one account. This limits the events of
//! many. The first few attempts on unknown accounts in a span have an event each. All others are
//! counted, and one event per span and node says how many there were, and from where.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use app::domain::{
    StaffId, Timestamp,
    audit::{AuditAction, AuditOutcome, CountedSignIns, NetworkCount, SignInFailure},
    caller::{Caller, Context, Origin},
};
use chrono::TimeDelta;
use ipnet::IpNet;
use parking_lot::Mutex;
use store::{Priority, StoreError};
use tokio_util::sync::CancellationToken;

use super::{StaffSessions, throttle::counted_subject};
use crate::services::ServiceError;

/// How many attempts on unknown accounts have an event each in [`COUNTED_EVERY`].
const UNKNOWN: u32 = 10;
/// How many other failures have one in a minute.
const KNOWN: u32 = 60;
const KNOWN_PER: TimeDelta = TimeDelta::minutes(1);
/// How often one event says how many had no separate event.
const COUNTED_EVERY: TimeDelta = TimeDelta::minutes(10);
/// From how many networks failures are counted separately.
const NETWORKS: usize = 1_000;
/// How many of these are named: the ones with the most failures.
const NAMED: usize = 20;

/// The failed sign-ins of this process.
#[derive(Default)]
pub(super) struct FailedSignIns(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    unknown: Span,
    known: Span,
    /// Failures without an event since the last one that had one.
    left_out: u64,
    counted: Option<Counted>,
}

impl Seen {
    fn put(&mut self, counted: Counted) {
        let at = counted.first_at;
        self.counted.get_or_insert(Counted::none(at)).add(counted);
    }
}

/// A span of time in which a limited number may have an event.
#[derive(Default)]
struct Span {
    since: Option<Timestamp>,
    recorded: u32,
}

impl Span {
    fn admits(&mut self, now: Timestamp, most: u32, per: TimeDelta) -> bool {
        // If the clock was set back, a new span begins, instead of none for hours.
        if self
            .since
            .is_none_or(|since| now - since >= per || now < since)
        {
            self.since = Some(now);
            self.recorded = 0;
        }
        let admits = self.recorded < most;
        self.recorded += u32::from(admits);
        admits
    }
}

/// Failures without a separate event.
#[derive(Debug, Clone)]
struct Counted {
    first_at: Timestamp,
    last_at: Timestamp,
    count: u64,
    networks: BTreeMap<String, u64>,
}

impl Counted {
    const fn none(at: Timestamp) -> Self {
        Self {
            first_at: at,
            last_at: at,
            count: 0,
            networks: BTreeMap::new(),
        }
    }

    fn add(&mut self, other: Self) {
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
        self.count += other.count;
        for (network, count) in other.networks {
            if self.networks.len() >= NETWORKS && !self.networks.contains_key(&network) {
                // One attempt each from many networks must not hide the network that follows.
                let least = self.networks.iter().min_by_key(|(_, count)| **count);
                let least = least.map(|(network, _)| network.clone());
                least.and_then(|network| self.networks.remove(&network));
            }
            *self.networks.entry(network).or_default() += count;
        }
    }

    /// The content of their event.
    fn told(&self, node: String) -> CountedSignIns {
        let mut networks: Vec<_> = self.networks.iter().collect();
        networks.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        networks.truncate(NAMED);
        let named: u64 = networks.iter().map(|(_, count)| **count).sum();
        let networks = networks.into_iter().map(|(network, count)| NetworkCount {
            network: network.clone(),
            count: *count,
        });
        CountedSignIns {
            count: self.count,
            first_at: self.first_at,
            last_at: self.last_at,
            networks: networks.collect(),
            elsewhere: self.count - named,
            node,
        }
    }
}

impl FailedSignIns {
    /// If one more may have its own event, how many before it had none. Otherwise it is counted.
    fn pass(&self, now: Timestamp, is_known: bool, ip: Option<&str>) -> Option<u64> {
        let mut seen = self.0.lock();
        let admits = match is_known {
            true => seen.known.admits(now, KNOWN, KNOWN_PER),
            false => seen.unknown.admits(now, UNKNOWN, COUNTED_EVERY),
        };
        if admits {
            return Some(std::mem::take(&mut seen.left_out));
        }
        seen.left_out += 1;
        let mut one = Counted::none(now);
        one.count = 1;
        one.networks
            .extend(ip.and_then(network).map(|network| (network, 1)));
        seen.put(one);
        None
    }

    fn put(&self, counted: Counted) {
        self.0.lock().put(counted);
    }

    fn take(&self) -> Option<Counted> {
        self.0.lock().counted.take()
    }
}

/// The network of an address, as networks are given to one owner.
fn network(ip: &str) -> Option<String> {
    let ip: IpAddr = ip.parse().ok()?;
    let length = if ip.is_ipv4() { 24 } else { 48 };
    let network = IpNet::new(ip, length).ok()?;
    Some(network.trunc().to_string())
}

impl StaffSessions {
    /// Records a failed attempt. The typed text is not recorded, because it may be a password.
    pub(super) async fn record_failure(
        &self,
        context: &Context,
        staff_id: Option<StaffId>,
        why: SignInFailure,
    ) -> Result<(), ServiceError> {
        let ip = context.origin.ip.as_deref();
        let pass = self.failed.pass(self.core.now(), staff_id.is_some(), ip);
        let Some(left_out) = pass else {
            return self.wait_as_if_recorded(ip).await;
        };
        let action = AuditAction::StaffSignInFailed { why, left_out };
        self.append_failure(context, staff_id, action).await
    }

    /// Waits for a commit, as if the failure was recorded. Otherwise the time of the answer would
    /// show who has an account.
    async fn wait_as_if_recorded(&self, ip: Option<&str>) -> Result<(), ServiceError> {
        let subject = counted_subject(ip.and_then(network).as_deref().unwrap_or_default());
        let waited: Result<(), StoreError> = self
            .core
            .store
            .write(Priority::Normal, subject, |subject, tx| {
                Box::pin(async move { tx.lock_sign_in_failures(subject).await.map(drop) })
            })
            .await;
        Ok(waited?)
    }

    /// Records the counted ones regularly, and a last time at `end`.
    pub async fn record_counted_failures(self, end: CancellationToken) {
        let every = COUNTED_EVERY.to_std().unwrap_or(Duration::MAX);
        while end
            .run_until_cancelled(tokio::time::sleep(every))
            .await
            .is_some()
        {
            self.record_counted().await;
        }
        self.record_counted().await;
    }

    pub(super) async fn record_counted(&self) {
        let Some(counted) = self.failed.take() else {
            return;
        };
        let system = Context {
            caller: Caller::System,
            origin: Origin::default(),
        };
        let told = counted.told(self.core.config.node_name());
        let action = AuditAction::StaffSignInsCounted(told);
        if let Err(error) = self.append_failure(&system, None, action).await {
            tracing::warn!(%error, failed = counted.count, "can't record how many sign-ins have failed");
            self.failed.put(counted);
        }
    }

    async fn append_failure(
        &self,
        context: &Context,
        staff_id: Option<StaffId>,
        action: AuditAction,
    ) -> Result<(), ServiceError> {
        let resource = staff_id.map_or_else(|| "unknown".into(), |id| id.to_string());
        let mut event = self.core.event(context, None, resource, action);
        event.outcome = AuditOutcome::Failure;
        self.core.append(event).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::testing::{anonymous, both, from_address, noon, staff_id};

    #[test]
    fn a_flood_of_failures_is_counted_but_not_recorded_one_by_one() {
        let failed = FailedSignIns::default();
        let start = Timestamp::UNIX_EPOCH;
        let pass = |at| failed.pass(at, true, None);
        for _ in 0..KNOWN {
            assert_eq!(pass(start), Some(0));
        }
        assert_eq!(pass(start), None);
        assert_eq!(pass(start + KNOWN_PER - TimeDelta::microseconds(1)), None);
        assert_eq!(pass(start + KNOWN_PER), Some(2));
        assert_eq!(pass(start + KNOWN_PER), Some(0));
        assert_eq!(failed.take().unwrap().count, 2);
    }

    #[test]
    fn any_number_of_networks_takes_no_more_memory() {
        let failed = FailedSignIns::default();
        for number in 0..20_000_u32 {
            let ip = std::net::Ipv4Addr::from_bits(number * 256).to_string();
            failed.pass(noon(), false, Some(&ip));
        }
        let counted = failed.take().unwrap();
        assert_eq!(counted.count, u64::from(20_000 - UNKNOWN));
        assert_eq!(counted.networks.len(), NETWORKS);
        let told = counted.told(String::new());
        assert_eq!(told.networks.len(), NAMED);
        assert_eq!(told.elsewhere, told.count - NAMED as u64);
        // The one network that most come from is named, even if it comes last.
        failed.put(counted);
        for _ in 0..100 {
            failed.pass(noon(), false, Some("203.0.113.7"));
        }
        let told = failed.take().unwrap().told(String::new());
        assert_eq!(told.networks[0].network, "203.0.113.0/24");
        assert_eq!(told.networks[0].count, 100);
    }

    #[tokio::test]
    async fn failed_sign_ins_of_nobody_leave_a_few_events_and_one_that_counts_the_others() {
        for world in both().await {
            let fails = async |ip: &str, staff, why| {
                let context = from_address(anonymous().caller, ip);
                let failed = world.sessions.record_failure(&context, staff, why);
                failed.await.unwrap();
            };
            for number in 0..200_u32 {
                let ip = format!("198.51.{}.{}", number % 2, number);
                fails(&ip, None, SignInFailure::UnknownAccount).await;
                world.clock.advance(TimeDelta::seconds(1));
            }
            // A flood of those hides none of a staff member.
            let known = Some(staff_id(1));
            fails("192.0.2.1", known, SignInFailure::WrongPassword).await;
            world.sessions.record_counted().await;
            world.sessions.record_counted().await;

            let mut reader = world.core.store.read().await.unwrap();
            let events = reader.db().list_audit_chain("system", 0).await.unwrap();
            let names: Vec<_> = events.iter().map(|event| event.action.as_str()).collect();
            let mut expected = vec!["staff.sign_in_failed"; 11];
            expected.push("staff.sign_ins_counted");
            assert_eq!(names, expected, "{}", world.engine);
            assert_eq!(events[10].metadata["left_out"], 190, "{}", world.engine);
            let told = &events[11].metadata;
            assert_eq!(told["count"], 190, "{}", world.engine);
            assert_eq!(told["first_at"], "2026-11-22T12:00:10Z");
            assert_eq!(told["last_at"], "2026-11-22T12:03:19Z");
            assert_eq!(told["networks"][1]["count"], 95);
            assert_eq!(told["networks"][0]["network"], "198.51.0.0/24");
        }
    }

    #[tokio::test]
    async fn one_that_is_only_counted_waits_for_a_commit_like_one_that_is_recorded() {
        let world = crate::services::testing::sqlite().await;
        let nobody = anonymous();
        for known in [None, Some(staff_id(1))] {
            for _ in 0..100 {
                let before = world.core.store.batch_commits();
                let failed =
                    world
                        .sessions
                        .record_failure(&nobody, known, SignInFailure::WrongPassword);
                failed.await.unwrap();
                assert_eq!(world.core.store.batch_commits(), before + 1, "{known:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_was_counted_is_recorded_at_the_end_and_waits_for_a_store_that_fails() {
        for world in both().await {
            let nobody = anonymous();
            for _ in 0..=UNKNOWN {
                let why = SignInFailure::UnknownAccount;
                let failed = world.sessions.record_failure(&nobody, None, why);
                failed.await.unwrap();
            }
            world.run("ALTER TABLE audit_log RENAME TO away").await;
            world.sessions.record_counted().await;
            world.run("ALTER TABLE away RENAME TO audit_log").await;
            let end = CancellationToken::new();
            end.cancel();
            world.sessions.clone().record_counted_failures(end).await;
            let actions = world.actions("system").await;
            let counted = actions.iter().filter(|a| *a == "staff.sign_ins_counted");
            assert_eq!(counted.count(), 1, "{}", world.engine);
        }
    }
}
