//! What a request holds of its session's gate until it has passed, and afterwards.

use std::sync::{Arc, Mutex};

use app::domain::SupportSessionId;
use tokio_util::sync::CancellationToken;

use super::kill::KillSwitch;
use super::{Flight, FlightState, Gate, Pass, SessionGates, State, flight::Shared, lock};
use crate::ports::Ended;

/// A hold on the gate of one session.
pub(super) struct GateHandle {
    pub(super) gates: Arc<SessionGates>,
    pub(super) session: SupportSessionId,
    pub(super) gate: Arc<Gate>,
}

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
    /// If the session has ended, or has another token by now.
    pub(crate) async fn enter(self, upstream: Arc<KillSwitch>) -> Result<(Pass, Flight), Ended> {
        let gate = &self.handle.gate;
        loop {
            let changed = gate.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = lock(&gate.state);
                if let Some(ended) = state.ended {
                    return Err(ended);
                }
                if state.closers == 0 {
                    if state.replaced.contains(&self.token_hash) {
                        return Err(Ended::Revoked);
                    }
                    return Ok(self.handle.admit(&mut state, self.token_hash, upstream));
                }
            }
            changed.await;
        }
    }
}

impl Drop for RequestHandle {
    fn drop(&mut self) {
        let mut state = lock(&self.handle.gate.state);
        if let Some(coming) = state.coming.get_mut(&self.token_hash) {
            *coming -= 1;
            if *coming == 0 {
                state.coming.remove(&self.token_hash);
            }
        }
    }
}

impl GateHandle {
    fn admit(
        &self,
        state: &mut State,
        token_hash: [u8; 32],
        upstream: Arc<KillSwitch>,
    ) -> (Pass, Flight) {
        let number = state.next;
        state.next += 1;
        let shared = Arc::new(Shared {
            upstream,
            cut: CancellationToken::new(),
            client: Mutex::default(),
        });
        state.flights.insert(
            number,
            FlightState {
                inside: true,
                token_hash,
                shared: Arc::clone(&shared),
            },
        );
        let pass = Pass {
            gate: Arc::clone(&self.gate),
            lease: Arc::clone(&self.gates.lease),
            number,
        };
        let flight = Flight {
            handle: self.gates.hold(self.session),
            number,
            shared,
            done: CancellationToken::new(),
        };
        (pass, flight)
    }
}

impl Drop for GateHandle {
    fn drop(&mut self) {
        let mut gates = lock(&self.gates.gates);
        if let Some(entry) = gates.get_mut(&self.session) {
            entry.handles -= 1;
            if entry.handles == 0 {
                gates.remove(&self.session);
                // Under the lock of the gates: whoever asks finds it here or there.
                let past = lock(&self.gate.state).past;
                self.gates.past.keep(self.session, past);
            }
        }
    }
}
