//! A request's hold on its session's gate until it has passed.

use std::sync::Arc;

use super::{
    State,
    flight::{Flight, FlightState, Pass, Shared},
    hold::GateHandle,
    kill::KillSwitch,
    lease::Lease,
};
use crate::ports::Ended;

/// A request on its way to the gate of its session.
pub(crate) struct RequestHandle {
    pub(super) handle: GateHandle,
    pub(super) token_hash: [u8; 32],
}

impl RequestHandle {
    /// Passes the gate with the connection that will carry the request. Waits while a revocation is
    /// being committed.
    ///
    /// # Errors
    ///
    /// If the session has ended, or its token was replaced.
    pub(crate) async fn enter(
        self,
        upstream: Arc<KillSwitch>,
        lease: Arc<Lease>,
    ) -> Result<(Pass, Flight), Ended> {
        let enter = |state: &mut State| {
            if let Some(ended) = state.ended {
                Some(Err(ended))
            } else if state.closers > 0 {
                None
            } else if state.replaced.contains(&self.token_hash) {
                Some(Err(Ended::Revoked))
            } else {
                Some(Ok(self.admit(state, &upstream, &lease)))
            }
        };
        self.handle.gate.until(enter).await
    }

    fn admit(
        &self,
        state: &mut State,
        upstream: &Arc<KillSwitch>,
        lease: &Arc<Lease>,
    ) -> (Pass, Flight) {
        let number = state.next;
        state.next += 1;
        let shared = Arc::new(Shared::new(Arc::clone(upstream)));
        let flight = FlightState {
            inside: true,
            token_hash: self.token_hash,
            shared: Arc::clone(&shared),
        };
        state.flights.insert(number, flight);
        let pass = Pass {
            gate: Arc::clone(&self.handle.gate),
            lease: Arc::clone(lease),
            number,
        };
        (
            pass,
            Flight::new(self.handle.again(), lease, number, shared),
        )
    }
}

impl Drop for RequestHandle {
    fn drop(&mut self) {
        let mut state = self.handle.gate.state.lock();
        if let Some(coming) = state.coming.get_mut(&self.token_hash) {
            *coming -= 1;
            if *coming == 0 {
                state.coming.remove(&self.token_hash);
            }
        }
    }
}
