//! Slows down password guessing, per account and per address. Never locks an account.
//!
//! An attempt is counted as failed before the password is checked, so that simultaneous attempts
//! can't avoid the throttle. It is withdrawn when it succeeds. Attempts that come too early are
//! refused without being counted, so they don't delay the next chance. Most of them don't reach the
//! store ([`Memory`]).

mod memory;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    net::{IpAddr, Ipv6Addr},
};

use app::domain::{
    Timestamp,
    problem::{Problem, ProblemCode},
};
use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use store::{Bookkeeping, StoreError, sign_in_failures::SignInFailures};

pub(super) use self::memory::Memory;
use crate::limits::try_again_in;

/// How many failures of an account cause no delay.
const FREE_PER_ACCOUNT: u64 = 5;
/// How many failures from an address cause no delay, because an office may share one.
const FREE_PER_ADDRESS: u64 = 20;
/// The longest delay. A guesser gets 1,440 attempts a day, and the owner of the account never waits
/// longer.
const LONGEST_DELAY: TimeDelta = TimeDelta::seconds(60);
/// Without another failure for this long, all are forgotten.
pub(in crate::services) const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(24);
/// If the account signed in from an address this recently, the address is its owner's, and a
/// guesser elsewhere does not slow it down.
pub(in crate::services) const KNOWN_ADDRESS_FOR: TimeDelta = TimeDelta::days(30);

/// One attempt to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    subjects: Vec<(String, u64)>,
    account: Option<String>,
    counted: Vec<Counted>,
}

/// A subject among whose failures the attempt was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Counted {
    subject: String,
    at: Timestamp,
    /// The time of the latest failure before it.
    before: Timestamp,
    /// When the next one may come.
    next_at: Timestamp,
}

/// When the next attempt on an account or from an address may come.
#[derive(Debug)]
pub(super) struct NotBefore {
    pub(super) subject: String,
    pub(super) at: Timestamp,
}

impl Attempt {
    /// An attempt on the account with this e-mail address. `None` if the text can't be one, because
    /// people type passwords into the wrong field, and these are not kept.
    ///
    /// `is_known_address` says that the account has signed in from there before.
    pub(super) fn new(email: Option<&str>, ip: Option<&str>, is_known_address: bool) -> Self {
        let account = email.map(account_subject);
        let mut subjects = Vec::new();
        if let Some(account) = account.clone().filter(|_| !is_known_address) {
            subjects.push((account, FREE_PER_ACCOUNT));
        }
        if let Some(ip) = ip {
            subjects.push((subject("address", &network(ip)), FREE_PER_ADDRESS));
        }
        // Locks are taken in ascending order.
        subjects.sort();
        Self {
            subjects,
            account,
            counted: Vec::new(),
        }
    }

    /// Counts the attempt as failed, or refuses it because it comes too early. The refusal is a
    /// value, so the transaction can commit.
    pub(super) async fn begin(
        mut self,
        tx: &mut Bookkeeping<'_>,
        now: Timestamp,
    ) -> Result<Result<Self, Vec<NotBefore>>, StoreError> {
        let mut counted = Vec::with_capacity(self.subjects.len());
        let mut early = Vec::new();
        for (subject, free) in &self.subjects {
            let before = tx.lock_sign_in_failures(subject).await?;
            let failures = remembered(before, now);
            let at = before.last_failure_at + delay(failures, *free);
            let subject = subject.clone();
            if at > now {
                early.push(NotBefore { subject, at });
            } else {
                let next_at = now + delay(failures + 1, *free);
                counted.push((subject, failures + 1, before.last_failure_at, next_at));
            }
        }
        if !early.is_empty() {
            return Ok(Err(early));
        }
        for (subject, failures, before, next_at) in counted {
            let failures = SignInFailures {
                failures,
                last_failure_at: now,
            };
            tx.set_sign_in_failures(&subject, failures).await?;
            self.counted.push(Counted {
                subject,
                at: now,
                before,
                next_at,
            });
        }
        Ok(Ok(self))
    }

    /// When attempts on the same account and from the same address may come again, unless this one succeeds.
    pub(super) fn next(&self) -> impl Iterator<Item = NotBefore> {
        self.counted.iter().map(|counted| NotBefore {
            subject: counted.subject.clone(),
            at: counted.next_at,
        })
    }

    /// Withdraws the attempt: it was never checked.
    pub(super) async fn withdraw(&self, tx: &mut Bookkeeping<'_>) -> Result<(), StoreError> {
        for counted in &self.counted {
            counted.take_back(tx).await?;
        }
        Ok(())
    }

    /// Withdraws the attempt because it succeeded. Forgets the account's failures, but not the
    /// address's others, so that one known password doesn't allow guessing more.
    pub(super) async fn succeed(&self, tx: &mut Bookkeeping<'_>) -> Result<(), StoreError> {
        // Locks are taken in ascending order.
        let counted = self
            .counted
            .iter()
            .map(|counted| (&counted.subject, Some(counted)));
        let account = self.account.iter().map(|account| (account, None));
        let subjects: BTreeMap<_, _> = counted.chain(account).collect();
        for (subject, counted) in subjects {
            match counted {
                Some(counted) => counted.take_back(tx).await?,
                None => tx.forget_sign_in_failures(subject).await?,
            }
        }
        Ok(())
    }
}

impl Counted {
    async fn take_back(&self, tx: &mut Bookkeeping<'_>) -> Result<(), StoreError> {
        tx.forgive_sign_in_failure(&self.subject, self.at, self.before)
            .await
    }
}

fn remembered(before: SignInFailures, now: Timestamp) -> u64 {
    if now - before.last_failure_at >= FORGOTTEN_AFTER {
        0
    } else {
        before.failures
    }
}

/// How long after the latest failure the next attempt is refused: 1, 2, 4, … seconds once the free
/// ones are used up.
fn delay(failures: u64, free: u64) -> TimeDelta {
    match failures.checked_sub(free) {
        None => TimeDelta::zero(),
        Some(beyond) => TimeDelta::seconds(1 << beyond.min(6)).min(LONGEST_DELAY),
    }
}

/// The refusal of an attempt that comes too early by this much.
pub(super) fn too_early(wait: TimeDelta) -> Problem {
    // Rounded up, so that waiting that long is enough.
    let seconds = (wait.num_milliseconds() + 999) / 1000;
    let seconds = u64::try_from(seconds).unwrap_or_default().max(1);
    let mut problem = Problem::new(
        ProblemCode::RateLimited,
        format!("Too many failed attempts. {}", try_again_in(seconds)),
    );
    problem.retry_after_seconds = Some(seconds);
    problem
}

/// The owner of one IPv6 address has at least a /64.
fn network(ip: &str) -> String {
    match ip.parse() {
        Ok(IpAddr::V6(ip)) => {
            let prefix = ip.to_bits() & !u128::from(u64::MAX);
            format!("{}/64", Ipv6Addr::from_bits(prefix))
        }
        _ => ip.to_owned(),
    }
}

/// The subject under which the failures of an account are counted.
pub(crate) fn account_subject(email: &str) -> String {
    subject("account", email)
}

/// The subject of failures from a network that are only counted.
pub(super) fn counted_subject(network: &str) -> String {
    subject("counted", network)
}

fn subject(kind: &str, name: &str) -> String {
    let digest = Sha256::digest(format!("{kind}:{name}"));
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_second_is_not_several() {
        for (ms, said) in [
            (1, "1 second."),
            (1_000, "1 second."),
            (1_001, "2 seconds."),
        ] {
            let detail = too_early(TimeDelta::milliseconds(ms)).detail;
            assert!(
                detail.ends_with(&format!("Try again in {said}")),
                "{detail}"
            );
        }
    }

    #[test]
    fn the_delay_grows_and_has_an_end() {
        let seconds: Vec<_> = (0..14).map(|n| delay(n, 5).num_seconds()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(delay(u64::MAX, 5), LONGEST_DELAY);
    }

    #[test]
    fn nothing_is_kept_of_who_tried() {
        let attempt = Attempt::new(Some("ana@example.com"), Some("203.0.113.7"), false);
        let text = format!("{attempt:?}");
        assert!(!text.contains("ana") && !text.contains("203.0"), "{text}");
    }

    #[test]
    fn neighbours_in_one_ipv6_network_count_as_one_address() {
        let of = |ip| Attempt::new(None, Some(ip), false);
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("203.0.113.7"), of("203.0.113.8"));
    }

    #[test]
    fn a_guesser_elsewhere_does_not_slow_the_owners_own_address() {
        let known = Attempt::new(Some("ana@example.com"), Some("203.0.113.7"), true);
        assert_eq!(known.subjects.len(), 1);
        assert!(known.account.is_some());
    }
}
