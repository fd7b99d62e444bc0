//! One request between the gate and its completion.

use std::{sync::Arc, time::Instant};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::{Gate, hold::GateHandle, kill::KillSwitch, lease::Lease};
use crate::ports::Ended;

/// A request in flight, as its gate knows it.
pub(super) struct FlightState {
    pub(super) inside: bool,
    pub(super) token_hash: [u8; 32],
    pub(super) shared: Arc<Shared>,
}

/// The switches that end a request in flight from outside.
pub(super) struct Shared {
    pub(super) upstream: Arc<KillSwitch>,
    pub(super) cut: CancellationToken,
    client: Mutex<Option<CancellationToken>>,
}

impl Shared {
    pub(super) fn new(upstream: Arc<KillSwitch>) -> Self {
        Self {
            upstream,
            cut: CancellationToken::new(),
            client: Mutex::default(),
        }
    }

    pub(super) fn cut(&self) {
        // First, so that a task that notices the dead connection finds the reason.
        self.cut.cancel();
        self.upstream.kill();
        if let Some(client) = &*self.client.lock() {
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
        self.gate.state.lock().past.last_sent = Some(Instant::now());
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(flight) = self.gate.state.lock().flights.get_mut(&self.number) {
            flight.inside = false;
        }
        self.gate.changed.notify_waiters();
    }
}

/// One request between gate and completion.
pub(crate) struct Flight {
    handle: GateHandle,
    lease: Arc<Lease>,
    number: u64,
    shared: Arc<Shared>,
    done: CancellationToken,
}

impl Flight {
    pub(super) fn new(
        handle: GateHandle,
        lease: &Arc<Lease>,
        number: u64,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            handle,
            lease: Arc::clone(lease),
            number,
            shared,
            done: CancellationToken::new(),
        }
    }

    /// Cancelled when the session has ended while the request was in flight.
    pub(crate) fn cut(&self) -> &CancellationToken {
        &self.shared.cut
    }

    /// Cuts only this request, because its session has expired.
    pub(super) fn cutter(&self) -> impl FnOnce(Ended) + Send + use<> {
        let (gate, shared) = (Arc::clone(&self.handle.gate), Arc::clone(&self.shared));
        move |ended| {
            gate.state.lock().ended.get_or_insert(ended);
            shared.cut();
            gate.changed.notify_waiters();
        }
    }

    pub(crate) fn lease(&self) -> &Arc<Lease> {
        &self.lease
    }

    /// Cancelled when the request is complete.
    pub(crate) fn done(&self) -> &CancellationToken {
        &self.done
    }

    /// How the session ended, if it has.
    pub(crate) fn ended(&self) -> Option<Ended> {
        self.handle.gate.state.lock().ended
    }

    /// From now on a cut also closes the connection to the client, whether or not it is reading.
    pub(crate) fn attach_client(&self, client: CancellationToken) {
        *self.shared.client.lock() = Some(client.clone());
        if self.shared.cut.is_cancelled() {
            client.cancel();
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.done.cancel();
        self.handle.gate.state.lock().flights.remove(&self.number);
        self.handle.gate.changed.notify_waiters();
    }
}
