//! The state of active support sessions on this node, which proxy, forward-auth and layers share.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    admission::{allowance::Allowance, left_out::LeftOut, places::Places},
    browser::{jar::Jars, pages::Pages, refusals::Refusals},
    gate::{
        SessionGates,
        lease::{CUT_AFTER, Lease},
    },
    listener::open_files,
    telemetry,
};

/// How often the node checks whether its lease is lost.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// One process on the store. The proxy, forward-auth and layers of a process share one of these.
pub struct NodeState {
    /// The right to serve.
    pub lease: Arc<Lease>,
    /// Requests in flight, by support session. Shared with the code that ends sessions.
    pub gates: Arc<SessionGates>,
    /// The rates of the sessions.
    pub(crate) allowance: Arc<Allowance>,
    /// How many requests may be open at once.
    pub(crate) places: Arc<Places>,
    /// The upstream's cookies of sessions in browsers. They end with the session.
    pub(crate) jars: Arc<Jars>,
    /// The left-out fields that the sessions' records already name.
    pub(crate) left_out: Arc<LeftOut>,
    /// Requests of platform pages that were refused.
    pub(crate) refusals: Arc<Refusals>,
    /// The platform's pages with and without a banner.
    pub(crate) pages: Arc<Pages>,
}

impl NodeState {
    /// A node without requests in flight. It admits requests only while `lease` is held.
    pub fn new(lease: Arc<Lease>) -> Arc<Self> {
        Self::with_places(lease, open_files::connections())
    }

    /// The same, with at most `places` open requests, and an eighth of these in one support
    /// session. For a process that needs its open files for other things too.
    pub fn with_places(lease: Arc<Lease>, places: usize) -> Arc<Self> {
        let jars = Arc::new(Jars::default());
        let left_out = Arc::new(LeftOut::default());
        let allowance = Arc::new(Allowance::default());
        let refusals = Arc::new(Refusals::default());
        let pages = Arc::new(Pages::default());
        let shown = Arc::clone(&pages);
        let (held, said) = (Arc::clone(&jars), Arc::clone(&left_out));
        let (counted, told) = (Arc::clone(&allowance), Arc::clone(&refusals));
        let gates = SessionGates::telling(move |session| {
            held.forget(session);
            said.forget(session);
            counted.forget(session);
            told.forget(session);
            shown.forget(session);
        });
        Arc::new(Self {
            lease,
            gates,
            allowance,
            places: Places::new(places),
            jars,
            left_out,
            refusals,
            pages,
        })
    }
}

/// Cuts off open requests once the lease has been lost for [`CUT_AFTER`], until `end`.
pub async fn cut_what_has_no_lease(node: Arc<NodeState>, end: CancellationToken) {
    let lease = &node.lease;
    let mut every = tokio::time::interval(LOOK_EVERY);
    let mut lost = false;
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = every.tick() => {}
        }
        let standstill = lease.standstill();
        telemetry::lease(standstill.is_none());
        match (lost, standstill) {
            (false, Some(why)) => {
                tracing::error!("{}: the gateway refuses all requests", why.sentence());
            }
            (true, None) => tracing::info!("the gateway serves again"),
            _ => {}
        }
        lost = standstill.is_some();
        if lost && lease.lost_for() >= CUT_AFTER {
            let cut = node.gates.cut_all();
            if cut.requests > 0 {
                tracing::error!(
                    requests.cut = cut.requests,
                    "requests were cut off, because this node may not serve"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use app::domain::SupportSessionId;
    use uuid::Uuid;

    use super::*;
    use crate::ports::Ended;

    #[tokio::test]
    async fn the_upstreams_cookies_end_with_the_session() {
        let session = SupportSessionId::from_uuid(Uuid::nil());
        let node = NodeState::new(Lease::unlimited());
        let holds_any = || node.jars.holds_any(session);
        for end in [true, false] {
            node.jars.plant(session);
            assert!(holds_any());
            if end {
                node.gates.end(session, Ended::Expired);
            } else {
                node.gates.close(session).await.commit(Ended::Revoked);
            }
            assert!(!holds_any());
        }
        node.jars.plant(session);
        drop(node.gates.close(session).await);
        assert!(holds_any(), "it did not end after all");
    }
}
