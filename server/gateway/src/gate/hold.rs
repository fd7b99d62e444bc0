//! What keeps the gate of a session in memory.

use std::sync::Arc;

use app::domain::SupportSessionId;

use super::{Gate, SessionGates};

/// A hold on the gate of one session.
pub(super) struct GateHandle {
    pub(super) gates: Arc<SessionGates>,
    pub(super) session: SupportSessionId,
    pub(super) gate: Arc<Gate>,
}

impl GateHandle {
    pub(super) fn again(&self) -> Self {
        self.gates.hold(self.session)
    }
}

impl Drop for GateHandle {
    fn drop(&mut self) {
        let mut gates = self.gates.gates.lock();
        if let Some(entry) = gates.get_mut(&self.session) {
            entry.handles -= 1;
            if entry.handles == 0 {
                gates.remove(&self.session);
                // Under the lock of the gates, so that a look-up finds it in one of the two.
                let past = self.gate.state.lock().past;
                self.gates.past.keep(self.session, past);
            }
        }
    }
}
