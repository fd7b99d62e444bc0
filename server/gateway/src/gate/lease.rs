//! The right to serve, for a second at a time. A node holds it after it has applied all changes.
//!
//! A node renews its lease by a heartbeat to the store, once it has applied every change that the
//! store had then. The lease is counted from the moment before the heartbeat was sent. So at T +
//! [`LEASE`] every node that still holds a lease has applied a change that was committed at T.
//! Without a lease no request goes upstream, nothing more is relayed, and after [`CUT_AFTER`]
//! streams are cut off.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::sync::{Notify, futures::OwnedNotified};

use crate::clock::Clock;

/// How long a lease is held, from the moment before its heartbeat was sent.
pub const LEASE: Duration = Duration::from_secs(1);
/// How long streams may wait for a lease before they are cut.
pub const CUT_AFTER: Duration = Duration::from_secs(5);
/// How long a request may wait for a lease, so that a machine that was busy for a moment refuses
/// nobody.
pub(crate) const WAIT: Duration = Duration::from_secs(1);

/// Why a node may not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standstill {
    /// The store has not answered for [`LEASE`].
    OutOfTouch,
    /// Another node on the store has other rules, and nobody knows which are right.
    RulesDiffer,
}

impl Standstill {
    /// What is wrong, for load balancers and supervisors.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::OutOfTouch => "this node has lost contact with the data store",
            Self::RulesDiffer => "the nodes on this data store have different rules",
        }
    }
}

/// The right to serve, on this node.
pub struct Lease {
    /// `None` without other nodes: in tests of the gateway alone.
    clock: Option<Arc<dyn Clock>>,
    /// Until when it is held, in nanoseconds since boot.
    until: AtomicU64,
    /// Whether it is withheld because the nodes' rules differ.
    rules_differ: AtomicBool,
    renewed: Arc<Notify>,
}

impl Lease {
    /// A lease that is not held until it is renewed.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Self::by(Some(clock))
    }

    /// A lease that never ends, for a store with only one process.
    pub fn unlimited() -> Arc<Self> {
        Self::by(None)
    }

    fn by(clock: Option<Arc<dyn Clock>>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            until: AtomicU64::new(0),
            rules_differ: AtomicBool::new(false),
            renewed: Arc::default(),
        })
    }

    /// Holds it for [`LEASE`] from `sent`, the time since boot just before the heartbeat was sent.
    pub fn renew(&self, sent: Duration) {
        self.rules_differ.store(false, Ordering::Release);
        self.until.fetch_max(nanos(sent + LEASE), Ordering::AcqRel);
        self.renewed.notify_waiters();
    }

    /// Gives the lease up, because it may rest on outdated data.
    pub fn give_up(&self) {
        if let Some(clock) = &self.clock {
            let now = nanos(clock.since_boot());
            self.until.fetch_min(now, Ordering::AcqRel);
        }
    }

    /// Gives it up until it is renewed, because the nodes' rules differ.
    pub fn withhold(&self) {
        self.rules_differ.store(true, Ordering::Release);
        self.give_up();
    }

    /// Why it is not held, if it isn't.
    pub fn standstill(&self) -> Option<Standstill> {
        if self.is_held() {
            None
        } else if self.rules_differ.load(Ordering::Acquire) {
            Some(Standstill::RulesDiffer)
        } else {
            Some(Standstill::OutOfTouch)
        }
    }

    /// Whether it is held now.
    pub fn is_held(&self) -> bool {
        self.left().is_none_or(|left| !left.is_zero())
    }

    /// For how long it has not been held.
    pub fn lost_for(&self) -> Duration {
        let Some(clock) = &self.clock else {
            return Duration::ZERO;
        };
        let now = nanos(clock.since_boot());
        Duration::from_nanos(now.saturating_sub(self.until.load(Ordering::Acquire)))
    }

    /// For how long it is still held; `None` for ever.
    fn left(&self) -> Option<Duration> {
        let clock = self.clock.as_ref()?;
        let now = nanos(clock.since_boot());
        let until = self.until.load(Ordering::Acquire);
        Some(Duration::from_nanos(until.saturating_sub(now)))
    }

    /// Completes once it is held.
    pub(crate) async fn held(self: &Arc<Self>) {
        let mut hold = Hold::new(Arc::clone(self));
        std::future::poll_fn(|cx| hold.poll_held(cx)).await;
    }

    /// Waits for the lease for at most [`WAIT`]. Returns whether it is held.
    pub(crate) async fn held_soon(self: &Arc<Self>) -> bool {
        self.is_held() || tokio::time::timeout(WAIT, self.held()).await.is_ok()
    }

    /// Does `work`, but gives up once the lease has been lost for [`WAIT`], because then the lease
    /// is why it hangs.
    pub(crate) async fn while_held<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let lost = async {
            while let Some(left) = self.left()
                && (!left.is_zero() || self.lost_for() < WAIT)
            {
                let rest = left + WAIT.saturating_sub(self.lost_for());
                tokio::time::sleep(rest).await;
            }
            if self.clock.is_none() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            done = work => Some(done),
            () = lost => None,
        }
    }
}

fn nanos(since_boot: Duration) -> u64 {
    // 584 years.
    u64::try_from(since_boot.as_nanos()).unwrap_or(u64::MAX)
}

/// Lets something through only while the lease is held.
pub(crate) struct Hold {
    lease: Arc<Lease>,
    waiting: Option<Pin<Box<OwnedNotified>>>,
}

impl Hold {
    pub(crate) const fn new(lease: Arc<Lease>) -> Self {
        Self {
            lease,
            waiting: None,
        }
    }

    /// Ready while the lease is held. Act on it before the next await.
    pub(crate) fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.lease.is_held() {
                self.waiting = None;
                return Poll::Ready(());
            }
            match &mut self.waiting {
                Some(waiting) => {
                    std::task::ready!(waiting.as_mut().poll(cx));
                    self.waiting = None;
                }
                none => {
                    let renewed = Arc::clone(&self.lease.renewed).notified_owned();
                    // Before the lease is checked again, so that no renewal in between is missed.
                    none.insert(Box::pin(renewed)).as_mut().enable();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use futures::FutureExt;

    use super::*;
    use crate::clock::ManualClock;

    fn lease() -> (ManualClock, Arc<Lease>) {
        let clock = ManualClock::at(chrono::DateTime::UNIX_EPOCH);
        clock.advance(TimeDelta::hours(1));
        let lease = Lease::new(Arc::new(clock.clone()));
        (clock, lease)
    }

    #[test]
    fn it_counts_from_before_the_heartbeat_was_sent() {
        let (clock, lease) = lease();
        assert!(!lease.is_held(), "nobody has said that it is");
        let sent = clock.since_boot();
        clock.advance(TimeDelta::milliseconds(900));
        lease.renew(sent);
        assert!(lease.is_held());
        clock.advance(TimeDelta::milliseconds(99));
        assert!(lease.is_held());
        clock.advance(TimeDelta::milliseconds(1));
        assert!(!lease.is_held());
        clock.advance(TimeDelta::seconds(3));
        assert_eq!(lease.lost_for(), Duration::from_secs(3));
    }

    #[test]
    fn a_heartbeat_that_comes_late_shortens_nothing() {
        let (clock, lease) = lease();
        let late = clock.since_boot();
        clock.advance(TimeDelta::milliseconds(500));
        lease.renew(clock.since_boot());
        lease.renew(late);
        clock.advance(TimeDelta::milliseconds(999));
        assert!(lease.is_held());
    }

    #[test]
    fn a_wall_clock_that_is_set_changes_nothing() {
        let (clock, lease) = lease();
        lease.renew(clock.since_boot());
        clock.set(clock.now() - TimeDelta::days(1));
        assert!(lease.is_held());
        clock.set(clock.now() + TimeDelta::days(400));
        assert!(lease.is_held());
        clock.advance(TimeDelta::seconds(1));
        assert!(!lease.is_held());
    }

    #[test]
    fn given_up_it_is_lost_at_once() {
        let (clock, lease) = lease();
        lease.renew(clock.since_boot());
        lease.give_up();
        assert!(!lease.is_held());
    }

    #[test]
    fn withheld_it_says_why_until_it_is_renewed() {
        let (clock, lease) = lease();
        assert_eq!(lease.standstill(), Some(Standstill::OutOfTouch));
        lease.renew(clock.since_boot());
        assert_eq!(lease.standstill(), None);
        lease.withhold();
        assert_eq!(lease.standstill(), Some(Standstill::RulesDiffer));
        clock.advance(TimeDelta::milliseconds(1));
        lease.renew(clock.since_boot());
        assert_eq!(lease.standstill(), None);
        assert_eq!(Lease::unlimited().standstill(), None);
    }

    #[tokio::test]
    async fn who_waits_for_it_goes_on_when_it_is_renewed() {
        let (clock, lease) = lease();
        let mut waiting = Box::pin(lease.held());
        assert!((&mut waiting).now_or_never().is_none());
        lease.renew(clock.since_boot());
        assert!((&mut waiting).now_or_never().is_some());
    }

    #[tokio::test]
    async fn what_hangs_is_given_up_once_the_lease_is_lost() {
        let (clock, lease) = lease();
        lease.renew(clock.since_boot());
        assert_eq!(lease.while_held(async { 7 }).await, Some(7));
        clock.advance(TimeDelta::seconds(2));
        let hangs = std::future::pending::<()>();
        assert_eq!(lease.while_held(hangs).await, None);
        let unlimited = Lease::unlimited();
        let hangs = unlimited.while_held(std::future::pending::<()>());
        assert!(hangs.now_or_never().is_none());
    }
}
