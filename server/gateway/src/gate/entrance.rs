//! A recorded request before its session's gate.

use std::sync::Arc;

use app::domain::access_log::Refusal;

use super::{
    flight::{Flight, Pass},
    handle::RequestHandle,
    kill::KillSwitch,
    lease::Lease,
};
use crate::{
    clock::Clock,
    ports::{Ended, KnownSession},
};

/// Everything with which a request passes the gate.
pub(crate) struct Entrance {
    pub(crate) handle: RequestHandle,
    pub(crate) session: Arc<KnownSession>,
    pub(crate) lease: Arc<Lease>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Entrance {
    /// Passes the gate, checks the clock once more, and makes expiry cut the request. `upstream`
    /// ends the connection that carries it.
    ///
    /// # Errors
    ///
    /// If the session has ended since the record was committed, or this node may no longer serve.
    pub(crate) async fn enter(self, upstream: Arc<KillSwitch>) -> Result<(Pass, Flight), Refusal> {
        let Self {
            handle,
            session,
            lease,
            clock,
        } = self;
        if !lease.held_soon().await {
            return Err(Refusal::RecordUnavailable);
        }
        let entered = handle.enter(upstream, lease).await;
        let (pass, flight) = entered.map_err(Ended::refusal)?;
        if let Some(ended) = session.ended_at(clock.now()) {
            return Err(ended.refusal());
        }
        // Expiry needs no action.
        let expiry = clock.sleep_until(session.expires_at);
        let (done, cut) = (flight.done().clone(), flight.cutter());
        tokio::spawn(async move {
            tokio::select! {
                () = done.cancelled() => {}
                () = expiry => cut(Ended::Expired),
            }
        });
        Ok((pass, flight))
    }
}
