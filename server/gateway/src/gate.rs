//! One gate per support session. It guards the moment between "the session is still active" and
//! "the first byte has gone upstream". It knows the open streams, and cuts them when the session
//! ends.
//!
//! A request takes a `RequestHandle` before its record begins, and enters with it afterwards. A
//! revocation closes the gate before its transaction commits ([`SessionGates::close`]) and waits
//! for those inside. A gate exists only as long as there are handles. A request that takes a new
//! one after the end still needs a record, which the store refuses.

mod closed;
mod entrance;
mod flight;
mod handle;
mod hold;
pub(crate) mod kill;
pub mod lease;
mod past;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use app::domain::SupportSessionId;
use parking_lot::Mutex;
use tokio::sync::Notify;

use self::{flight::FlightState, handle::RequestHandle, hold::GateHandle, past::Memory};
use crate::ports::Ended;

pub use self::{closed::ClosedGate, past::Past};
pub(crate) use self::{
    entrance::Entrance,
    flight::{Flight, Pass},
};

/// How long a closing gate waits for requests whose first byte has not gone upstream yet, before
/// their connections are reset.
pub const CLOSE_WAIT: Duration = Duration::from_millis(100);

/// Called for each session that has ended on this node.
type AtEnd = Box<dyn Fn(SupportSessionId) + Send + Sync>;

/// The gates of all support sessions with requests in flight. Shared by gateway and services.
pub struct SessionGates {
    gates: Mutex<HashMap<SupportSessionId, Entry>>,
    /// Sessions without open requests.
    past: Memory,
    at_end: AtEnd,
}

#[derive(Default)]
struct Entry {
    gate: Arc<Gate>,
    /// The number of handles. The entry is removed with the last.
    handles: usize,
}

impl fmt::Debug for SessionGates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionGates")
            .field("sessions", &self.gates.lock().len())
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
    /// How many revocations are in progress.
    closers: usize,
    ended: Option<Ended>,
    flights: HashMap<u64, FlightState>,
    /// Token hashes of requests on their way to the gate, with their number.
    coming: HashMap<[u8; 32], usize>,
    /// Replaced tokens of those requests and of requests in flight.
    replaced: HashSet<[u8; 32]>,
    next: u64,
    past: Past,
}

/// The number of requests that an end has cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cut {
    /// Requests whose answer was not complete.
    pub requests: usize,
}

impl SessionGates {
    /// Empty gates, for a program that serves no requests itself.
    pub fn new() -> Arc<Self> {
        Self::telling(|_| {})
    }

    /// Empty gates. `at_end` is called for each session that has ended.
    pub(crate) fn telling(at_end: impl Fn(SupportSessionId) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            gates: Mutex::default(),
            past: Memory::default(),
            at_end: Box::new(at_end),
        })
    }

    /// A request's hold on its session's gate. Take it before the record begins. Then an end, or a
    /// replaced token, that is committed after the record finds the request at the same gate.
    pub(crate) fn handle(
        self: &Arc<Self>,
        session: SupportSessionId,
        token_hash: [u8; 32],
    ) -> RequestHandle {
        let handle = self.hold(session);
        *handle
            .gate
            .state
            .lock()
            .coming
            .entry(token_hash)
            .or_default() += 1;
        RequestHandle { handle, token_hash }
    }

    fn hold(self: &Arc<Self>, session: SupportSessionId) -> GateHandle {
        let mut gates = self.gates.lock();
        let entry = gates.entry(session).or_insert_with(|| {
            let entry = Entry::default();
            entry.gate.state.lock().past = self.past.take(session);
            entry
        });
        entry.handles += 1;
        GateHandle {
            gates: Arc::clone(self),
            session,
            gate: Arc::clone(&entry.gate),
        }
    }

    /// Closes the gate of a session before its revocation is committed: no new request passes.
    /// Waits for requests inside at most [`CLOSE_WAIT`], and then resets them. Once this has
    /// returned, no request of that session sends its first byte upstream until the gate reopens.
    pub async fn close(self: &Arc<Self>, session: SupportSessionId) -> ClosedGate {
        // From here on dropping `closed` reopens, even if this future is dropped while it waits.
        let closed = ClosedGate::of(self.hold(session));
        let gate = closed.gate();
        let empty = gate.until(|state| {
            let inside = state.flights.values().any(|flight| flight.inside);
            (!inside).then_some(())
        });
        if tokio::time::timeout(CLOSE_WAIT, empty).await.is_err() {
            gate.reset_inside();
        }
        closed
    }

    /// Ends a session here that ended elsewhere: in another process, or by time. Cuts its requests
    /// in flight.
    pub fn end(&self, session: SupportSessionId, ended: Ended) -> Cut {
        let cut = self.find(session).map(|gate| gate.end(ended));
        (self.at_end)(session);
        cut.unwrap_or_default()
    }

    /// Cuts all requests in flight. Ends no session.
    pub fn cut_all(&self) -> Cut {
        // Not under the lock of the gates, because admitting a request takes that while it holds
        // this one.
        let gates: Vec<_> = {
            let gates = self.gates.lock();
            gates.values().map(|e| Arc::clone(&e.gate)).collect()
        };
        let cut = gates.iter().map(|gate| gate.cut(|_| true).requests);
        Cut {
            requests: cut.sum(),
        }
    }

    /// Cuts off the requests of a replaced token, and stops those on their way to the gate.
    pub fn cut_token(&self, session: SupportSessionId, token_hash: &[u8; 32]) -> Cut {
        let Some(gate) = self.find(session) else {
            return Cut::default();
        };
        gate.state.lock().replaced.insert(*token_hash);
        gate.cut(|flight| flight.token_hash == *token_hash)
    }

    /// The token hashes of a session's requests: those in flight and those on their way to the
    /// gate.
    pub fn tokens(&self, session: SupportSessionId) -> Vec<[u8; 32]> {
        let mut hashes: Vec<_> = self.find(session).map_or_else(Vec::new, |gate| {
            let state = gate.state.lock();
            let flights = state.flights.values().map(|flight| flight.token_hash);
            flights.chain(state.coming.keys().copied()).collect()
        });
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }

    /// This node's past in a session.
    pub fn past(&self, session: SupportSessionId) -> Past {
        match self.find(session) {
            Some(gate) => gate.state.lock().past,
            None => self.past.find(session),
        }
    }

    /// The sessions with requests in flight.
    pub fn sessions(&self) -> Vec<SupportSessionId> {
        self.gates.lock().keys().copied().collect()
    }

    /// Whether a session has requests in flight, or on their way to the gate.
    pub fn is_used(&self, session: SupportSessionId) -> bool {
        self.gates.lock().contains_key(&session)
    }

    /// Whether a session that is used here has ended.
    pub fn has_ended(&self, session: SupportSessionId) -> bool {
        let gate = self.find(session);
        gate.is_some_and(|gate| gate.state.lock().ended.is_some())
    }

    /// How many requests of a session are in flight.
    pub fn in_flight(&self, session: SupportSessionId) -> usize {
        let gate = self.find(session);
        gate.map_or(0, |gate| gate.state.lock().flights.len())
    }

    fn find(&self, session: SupportSessionId) -> Option<Arc<Gate>> {
        let gates = self.gates.lock();
        gates.get(&session).map(|entry| Arc::clone(&entry.gate))
    }
}

impl Gate {
    /// Waits until `ready` returns something.
    async fn until<T>(&self, mut ready: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let done = ready(&mut self.state.lock());
            match done {
                Some(done) => return done,
                None => changed.await,
            }
        }
    }

    fn reset_inside(&self) {
        let mut inside = Vec::new();
        for flight in self.state.lock().flights.values_mut() {
            if std::mem::take(&mut flight.inside) {
                inside.push(Arc::clone(&flight.shared));
            }
        }
        // Outside the lock, because a connection that is writing right now needs it to leave.
        for flight in inside {
            flight.upstream.kill();
        }
    }

    fn end(&self, ended: Ended) -> Cut {
        self.state.lock().ended.get_or_insert(ended);
        self.cut(|_| true)
    }

    /// Cuts the requests in flight for which `which` is true, and counts each once.
    fn cut(&self, which: impl Fn(&FlightState) -> bool) -> Cut {
        let flights: Vec<_> = {
            let mut state = self.state.lock();
            let flights = state.flights.values_mut();
            let flights: Vec<_> = flights
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

#[cfg(test)]
mod tests;
