//! One gate per support session: what is between "the session is still active" and "the first byte
//! has gone upstream", and what is being streamed, so that an end is an end.
//!
//! A request takes a `RequestHandle` before its record is begun, and passes `RequestHandle::enter`
//! after it. A revocation closes the gate before its transaction commits ([`SessionGates::close`])
//! and waits for those inside. The gate of a session needs no memory beyond the handles: whoever
//! takes a new one after the end still has to begin a record, which the store refuses.

mod flight;
mod handle;
pub(crate) mod kill;
pub mod lease;
mod past;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use app::domain::SupportSessionId;
use tokio::sync::Notify;

use self::lease::Lease;
pub use self::past::Past;
use self::{flight::FlightState, handle::GateHandle, past::Memory};
pub(super) use self::{
    flight::{Flight, Pass},
    handle::RequestHandle,
};
use crate::{admission::rates::Rates, browser::jar::Jars, ports::Ended};

/// How long a closing gate waits for requests whose first byte has not gone upstream yet, before
/// their connections are reset.
pub const CLOSE_WAIT: Duration = Duration::from_millis(100);

/// The gates of all support sessions with requests in flight. Shared by gateway and services.
pub struct SessionGates {
    gates: Mutex<HashMap<SupportSessionId, Entry>>,
    /// What is known of sessions without requests in flight.
    past: Memory,
    /// What this node may serve with.
    lease: Arc<Lease>,
    /// How fast each session may go, whichever way in its requests take.
    rates: Rates,
    /// The upstream's cookies of sessions in browsers: they end with the session.
    jars: Jars,
}

#[derive(Default)]
struct Entry {
    gate: Arc<Gate>,
    /// How many handles there are; the entry goes with the last.
    handles: usize,
}

impl fmt::Debug for SessionGates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionGates")
            .field("sessions", &lock(&self.gates).len())
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// How many revocations are under way.
    closers: usize,
    ended: Option<Ended>,
    flights: HashMap<u64, FlightState>,
    /// The hashes of what requests on their way to the gate came with, and how many came with each.
    coming: HashMap<[u8; 32], usize>,
    /// Of those, and of what is in flight: which are the session's no more.
    replaced: HashSet<[u8; 32]>,
    next: u64,
    past: Past,
}

/// What an end has cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cut {
    /// Requests whose answer was not complete.
    pub requests: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SessionGates {
    /// Gates without anyone in flight, which open only while `lease` is held.
    pub fn new(lease: Arc<Lease>) -> Arc<Self> {
        Arc::new(Self {
            gates: Mutex::default(),
            past: Memory::default(),
            lease,
            rates: Rates::default(),
            jars: Jars::default(),
        })
    }

    /// What this node may serve with.
    pub const fn lease(&self) -> &Arc<Lease> {
        &self.lease
    }

    /// How fast each session's requests come.
    pub(super) const fn rates(&self) -> &Rates {
        &self.rates
    }

    /// The upstream's cookies of sessions in browsers.
    pub(super) const fn jars(&self) -> &Jars {
        &self.jars
    }

    /// A request's hold on its session's gate. Taken before the record is begun, so that an end, or
    /// another token, which is committed after the record finds the same gate and the request at it.
    pub(super) fn handle(
        self: &Arc<Self>,
        session: SupportSessionId,
        token_hash: [u8; 32],
    ) -> RequestHandle {
        let handle = self.hold(session);
        let mut state = lock(&handle.gate.state);
        *state.coming.entry(token_hash).or_default() += 1;
        drop(state);
        RequestHandle { handle, token_hash }
    }

    fn hold(self: &Arc<Self>, session: SupportSessionId) -> GateHandle {
        let mut gates = lock(&self.gates);
        let entry = gates.entry(session).or_insert_with(|| {
            let past = self.past.take(session);
            let entry = Entry::default();
            lock(&entry.gate.state).past = past;
            entry
        });
        entry.handles += 1;
        let gate = Arc::clone(&entry.gate);
        GateHandle {
            gates: Arc::clone(self),
            session,
            gate,
        }
    }

    /// Closes the gate of a session before its revocation is committed: no new request passes, those
    /// inside are waited for at most [`CLOSE_WAIT`] and then reset. When this has returned, no byte
    /// of a request of that session goes upstream as a first byte until the gate reopens.
    pub async fn close(self: &Arc<Self>, session: SupportSessionId) -> ClosedGate {
        let handle = self.hold(session);
        lock(&handle.gate.state).closers += 1;
        // From here on dropping `closed` reopens, even if this future is dropped while it waits.
        let closed = ClosedGate { handle };
        let gate = &closed.handle.gate;
        let empty = gate.wait(|state| !state.flights.values().any(|f| f.inside));
        if tokio::time::timeout(CLOSE_WAIT, empty).await.is_err() {
            gate.reset_inside();
        }
        closed
    }

    /// Ends a session that ended elsewhere: in another process, or by time. What is in flight is cut.
    pub fn end(&self, session: SupportSessionId, ended: Ended) -> Cut {
        let gate = self.find(session);
        let cut = gate.map(|gate| gate.end(ended)).unwrap_or_default();
        self.jars.forget(session);
        cut
    }

    /// Cuts everything that is in flight. No session ends by it.
    pub fn cut_all(&self) -> Cut {
        let gates: Vec<_> = lock(&self.gates)
            .values()
            .map(|entry| Arc::clone(&entry.gate))
            .collect();
        let requests = gates.iter().map(|gate| gate.cut_flights().requests).sum();
        Cut { requests }
    }

    /// Cuts what came with a token that is a session's no more, and lets nothing of it pass that is
    /// on its way to the gate.
    pub fn cut_token(&self, session: SupportSessionId, token_hash: &[u8; 32]) -> Cut {
        let Some(gate) = self.find(session) else {
            return Cut::default();
        };
        lock(&gate.state).replaced.insert(*token_hash);
        gate.cut_those(|flight| flight.token_hash == *token_hash)
    }

    /// The hashes of the tokens that a session's requests came with: those in flight, and those on
    /// their way to the gate.
    pub fn tokens(&self, session: SupportSessionId) -> Vec<[u8; 32]> {
        let mut hashes: Vec<_> = self.find(session).map_or_else(Vec::new, |gate| {
            let state = lock(&gate.state);
            let flights = state.flights.values().map(|flight| flight.token_hash);
            flights.chain(state.coming.keys().copied()).collect()
        });
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }

    /// What this node has done in a session.
    pub fn past(&self, session: SupportSessionId) -> Past {
        match self.find(session) {
            Some(gate) => lock(&gate.state).past,
            None => self.past.find(session),
        }
    }

    /// The sessions with requests in flight.
    pub fn sessions(&self) -> Vec<SupportSessionId> {
        lock(&self.gates).keys().copied().collect()
    }

    /// Whether a session has requests in flight, or on their way to the gate.
    pub fn is_used(&self, session: SupportSessionId) -> bool {
        lock(&self.gates).contains_key(&session)
    }

    /// How many requests of a session are in flight.
    pub fn in_flight(&self, session: SupportSessionId) -> usize {
        self.find(session)
            .map_or(0, |gate| lock(&gate.state).flights.len())
    }

    fn find(&self, session: SupportSessionId) -> Option<Arc<Gate>> {
        let gates = lock(&self.gates);
        gates.get(&session).map(|entry| Arc::clone(&entry.gate))
    }
}

impl Gate {
    /// Waits until `ready` says so.
    async fn wait(&self, ready: impl Fn(&State) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if ready(&lock(&self.state)) {
                return;
            }
            changed.await;
        }
    }

    fn reset_inside(&self) {
        let mut inside = Vec::new();
        for flight in lock(&self.state).flights.values_mut() {
            if std::mem::take(&mut flight.inside) {
                inside.push(Arc::clone(&flight.shared));
            }
        }
        // Outside the lock: a connection that is writing right now wants it to leave.
        for flight in inside {
            flight.upstream.kill();
        }
    }

    fn end(&self, ended: Ended) -> Cut {
        lock(&self.state).ended.get_or_insert(ended);
        self.cut_flights()
    }

    fn cut_flights(&self) -> Cut {
        self.cut_those(|_| true)
    }

    /// Cuts the requests in flight that `which` says, each counted once.
    fn cut_those(&self, which: impl Fn(&FlightState) -> bool) -> Cut {
        let flights: Vec<_> = {
            let mut state = lock(&self.state);
            let flights: Vec<_> = state
                .flights
                .values_mut()
                .filter(|flight| which(flight) && !flight.shared.cut.is_cancelled())
                .map(|flight| {
                    flight.inside = false;
                    Arc::clone(&flight.shared)
                })
                .collect();
            state.past.requests_cut += flights.len();
            flights
        };
        for flight in &flights {
            flight.cut();
        }
        self.changed.notify_waiters();
        Cut {
            requests: flights.len(),
        }
    }
}

/// A closed gate. [`Self::commit`] it once the revocation is committed; dropping it reopens.
#[must_use = "dropping a closed gate reopens it"]
pub struct ClosedGate {
    handle: GateHandle,
}

impl ClosedGate {
    /// The revocation is committed: what is in flight is cut and the gate stays shut.
    pub fn commit(self, ended: Ended) -> Cut {
        let cut = self.handle.gate.end(ended);
        self.handle.gates.jars.forget(self.handle.session);
        cut
    }
}

impl Drop for ClosedGate {
    fn drop(&mut self) {
        lock(&self.handle.gate.state).closers -= 1;
        self.handle.gate.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
