//! One request between the gate and its completion.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use tokio_util::sync::CancellationToken;

use super::{Gate, GateHandle, lock};
use super::{kill::KillSwitch, lease::Lease};
use crate::ports::Ended;

/// A request in flight, as its gate knows it.
pub(super) struct FlightState {
    pub(super) inside: bool,
    pub(super) token_hash: [u8; 32],
    pub(super) shared: Arc<Shared>,
}

/// What ends a request in flight from outside.
pub(super) struct Shared {
    pub(super) upstream: Arc<KillSwitch>,
    pub(super) cut: CancellationToken,
    pub(super) client: Mutex<Option<CancellationToken>>,
}

impl Shared {
    pub(super) fn cut(&self) {
        // First, so that whoever notices the dead connection finds the reason.
        self.cut.cancel();
        self.upstream.kill();
        if let Some(client) = &*lock(&self.client) {
            client.cancel();
        }
    }
}

/// Held until the first byte of the request has gone upstream.
pub(crate) struct Pass {
    pub(super) gate: Arc<Gate>,
    pub(super) lease: Arc<Lease>,
    pub(super) number: u64,
}

impl Pass {
    /// Whether the first byte may go upstream at this very instant.
    pub(crate) fn is_good(&self) -> bool {
        self.lease.is_held()
    }

    /// The first byte has gone upstream.
    pub(crate) fn sent(&self) {
        lock(&self.gate.state).past.last_sent = Some(Instant::now());
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(flight) = lock(&self.gate.state).flights.get_mut(&self.number) {
            flight.inside = false;
        }
        self.gate.changed.notify_waiters();
    }
}

/// One request between gate and completion.
pub(crate) struct Flight {
    pub(super) handle: GateHandle,
    pub(super) number: u64,
    pub(super) shared: Arc<Shared>,
    pub(super) done: CancellationToken,
}

impl Flight {
    /// Cancelled when the session has ended while the request was in flight.
    pub(crate) fn cut(&self) -> &CancellationToken {
        &self.shared.cut
    }

    /// Cuts this request alone.
    pub(crate) fn cutter(&self) -> Cutter {
        Cutter {
            gate: Arc::clone(&self.handle.gate),
            shared: Arc::clone(&self.shared),
        }
    }

    /// What this node may serve with.
    pub(crate) fn lease(&self) -> &Arc<Lease> {
        self.handle.gates.lease()
    }

    /// Cancelled when the request is complete.
    pub(crate) fn done(&self) -> &CancellationToken {
        &self.done
    }

    /// How the session ended, if it has.
    pub(crate) fn ended(&self) -> Option<Ended> {
        lock(&self.handle.gate.state).ended
    }

    /// From now on a cut also closes the connection to the client, whether or not it is reading.
    pub(crate) fn attach_client(&self, client: CancellationToken) {
        *lock(&self.shared.client) = Some(client.clone());
        if self.shared.cut.is_cancelled() {
            client.cancel();
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.done.cancel();
        lock(&self.handle.gate.state).flights.remove(&self.number);
        self.handle.gate.changed.notify_waiters();
    }
}

/// Cuts one request whose session has ended by time.
pub(crate) struct Cutter {
    gate: Arc<Gate>,
    shared: Arc<Shared>,
}

impl Cutter {
    pub(crate) fn cut(&self, ended: Ended) {
        lock(&self.gate.state).ended.get_or_insert(ended);
        self.shared.cut();
        self.gate.changed.notify_waiters();
    }
}
