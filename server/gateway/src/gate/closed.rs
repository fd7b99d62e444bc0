//! The proof that a session's gate is closed.

use super::{Cut, Gate, hold::GateHandle};
use crate::ports::Ended;

/// A closed gate. [`Self::commit`] it once the revocation is committed. Dropping it reopens the
/// gate.
#[must_use = "dropping a closed gate reopens it"]
pub struct ClosedGate {
    handle: GateHandle,
}

impl ClosedGate {
    pub(super) fn of(handle: GateHandle) -> Self {
        handle.gate.state.lock().closers += 1;
        Self { handle }
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.handle.gate
    }

    /// Call this once the revocation is committed: it cuts open requests, and the gate stays
    /// closed.
    pub fn commit(self, ended: Ended) -> Cut {
        let cut = self.gate().end(ended);
        (self.handle.gates.at_end)(self.handle.session);
        cut
    }
}

impl Drop for ClosedGate {
    fn drop(&mut self) {
        self.gate().state.lock().closers -= 1;
        self.gate().changed.notify_waiters();
    }
}
