//! One gate per support session: what is between "the session is still active" and "the first byte
//! has gone upstream", and what is being streamed, so that an end is an end.
//!
//! A request takes a [`GateHandle`] before its record is begun, and passes [`GateHandle::enter`]
//! after it. A revocation closes the gate before its transaction commits ([`SessionGates::close`])
//! and waits for those inside. The gate of a session needs no memory beyond the handles: whoever
//! takes a new one after the end still has to begin a record, which the store refuses.

mod flight;
mod past;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use app::domain::SupportSessionId;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub(super) use self::flight::{Flight, Pass};
pub use self::past::Past;
use self::{
    flight::{FlightState, Shared},
    past::Memory,
};
use super::{browser::jar::Jars, kill::KillSwitch, lease::Lease, ports::Ended, rates::Rates};

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

/// A hold on the gate of one session.
struct GateHandle {
    gates: Arc<SessionGates>,
    session: SupportSessionId,
    gate: Arc<Gate>,
}

/// A request on its way to the gate of its session.
pub(super) struct RequestHandle {
    handle: GateHandle,
    token_hash: [u8; 32],
}

impl RequestHandle {
    /// Passes the gate with the connection that will carry the request. Waits while a revocation is
    /// being committed.
    ///
    /// # Errors
    ///
    /// If the session has ended, or has another token by now.
    pub(super) async fn enter(self, upstream: Arc<KillSwitch>) -> Result<(Pass, Flight), Ended> {
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

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use uuid::Uuid;

    use super::*;

    fn session() -> SupportSessionId {
        SupportSessionId::from_uuid(Uuid::nil())
    }

    fn enter(gates: &Arc<SessionGates>) -> (Pass, Flight, Arc<KillSwitch>) {
        let kill = KillSwitch::new();
        let entered = gates.handle(session(), [7; 32]).enter(Arc::clone(&kill));
        let Ok((pass, flight)) = entered.now_or_never().unwrap() else {
            panic!("the gate is shut");
        };
        (pass, flight, kill)
    }

    #[tokio::test]
    async fn closing_waits_for_whoever_is_inside() {
        let gates = SessionGates::new(Lease::unlimited());
        let (pass, flight, kill) = enter(&gates);
        let mut closing = Box::pin(gates.close(session()));
        assert!((&mut closing).now_or_never().is_none());
        drop(pass);
        let closed = closing.now_or_never().expect("nobody is inside");
        assert!(
            !kill.is_dead(),
            "a stream in flight goes on until the commit"
        );
        assert_eq!(closed.commit(Ended::Revoked), Cut { requests: 1 });
        assert!(kill.is_dead());
        assert!(flight.cut().is_cancelled());
        assert_eq!(flight.ended(), Some(Ended::Revoked));
    }

    #[tokio::test]
    async fn whoever_stays_inside_too_long_is_reset() {
        let gates = SessionGates::new(Lease::unlimited());
        let (_pass, flight, kill) = enter(&gates);
        let before = tokio::time::Instant::now();
        let _closed = gates.close(session()).await;
        assert!(before.elapsed() >= CLOSE_WAIT);
        assert!(kill.is_dead());
        assert!(!flight.cut().is_cancelled(), "the commit may still fail");
    }

    #[tokio::test]
    async fn a_failed_commit_reopens_and_those_who_waited_pass() {
        let gates = SessionGates::new(Lease::unlimited());
        let closed = gates.close(session()).await;
        let mut waiting = Box::pin(gates.handle(session(), [7; 32]).enter(KillSwitch::new()));
        assert!((&mut waiting).now_or_never().is_none());
        drop(closed);
        assert!(waiting.now_or_never().unwrap().is_ok());
    }

    #[tokio::test]
    async fn two_revocations_at_once_reopen_only_when_both_have_failed() {
        let gates = SessionGates::new(Lease::unlimited());
        let (first, second) = (gates.close(session()).await, gates.close(session()).await);
        let mut waiting = Box::pin(gates.handle(session(), [7; 32]).enter(KillSwitch::new()));
        drop(first);
        assert!((&mut waiting).now_or_never().is_none());
        second.commit(Ended::Revoked);
        assert_eq!(waiting.now_or_never().unwrap().err(), Some(Ended::Revoked));
    }

    #[tokio::test]
    async fn a_handle_from_before_the_end_never_passes() {
        let gates = SessionGates::new(Lease::unlimited());
        let handle = gates.handle(session(), [7; 32]);
        gates.close(session()).await.commit(Ended::Revoked);
        let entered = handle.enter(KillSwitch::new()).await;
        assert_eq!(entered.err(), Some(Ended::Revoked));
    }

    #[tokio::test]
    async fn an_end_from_elsewhere_cuts_the_client_too() {
        let gates = SessionGates::new(Lease::unlimited());
        let (_pass, flight, kill) = enter(&gates);
        let client = CancellationToken::new();
        flight.attach_client(client.clone());
        assert_eq!(gates.end(session(), Ended::Expired).requests, 1);
        assert!(kill.is_dead() && client.is_cancelled());
        let late = CancellationToken::new();
        flight.attach_client(late.clone());
        assert!(late.is_cancelled());
    }

    #[tokio::test]
    async fn gates_are_forgotten_with_their_last_request() {
        let gates = SessionGates::new(Lease::unlimited());
        let (pass, flight, _) = enter(&gates);
        assert_eq!(gates.in_flight(session()), 1);
        drop(flight);
        drop(pass);
        assert!(lock(&gates.gates).is_empty());
        let closed = gates.close(session()).now_or_never().unwrap();
        drop(closed);
        assert!(lock(&gates.gates).is_empty());
    }

    #[tokio::test]
    async fn what_was_cut_is_counted_once_and_remembered() {
        let gates = SessionGates::new(Lease::unlimited());
        let (pass, flight, _) = enter(&gates);
        pass.sent();
        drop(pass);
        assert_eq!(gates.end(session(), Ended::Revoked).requests, 1);
        assert_eq!(gates.end(session(), Ended::Revoked).requests, 0);
        drop(flight);
        let past = gates.past(session());
        assert_eq!(past.requests_cut, 1);
        assert!(past.last_sent.is_some());
        drop(gates.handle(session(), [7; 32]));
        assert_eq!(gates.past(session()), past);
    }

    #[tokio::test]
    async fn a_token_that_was_replaced_cuts_what_came_with_it_alone() {
        let gates = SessionGates::new(Lease::unlimited());
        let (_pass, flight, _) = enter(&gates);
        assert_eq!(gates.tokens(session()), [[7; 32]]);
        assert_eq!(gates.cut_token(session(), &[8; 32]).requests, 0);
        assert!(!flight.cut().is_cancelled());
        assert_eq!(gates.cut_token(session(), &[7; 32]).requests, 1);
        assert!(flight.cut().is_cancelled());
        assert_eq!(flight.ended(), None, "the session goes on");
    }

    #[tokio::test]
    async fn a_token_that_was_replaced_passes_no_more_even_from_before() {
        let gates = SessionGates::new(Lease::unlimited());
        let (old, new) = ([7; 32], [8; 32]);
        let waiting = [old, new].map(|hash| gates.handle(session(), hash));
        assert_eq!(gates.tokens(session()), [old, new]);
        assert_eq!(gates.cut_token(session(), &old).requests, 0);
        let [old, new] = waiting.map(|handle| handle.enter(KillSwitch::new()).now_or_never());
        assert_eq!(old.unwrap().err(), Some(Ended::Revoked));
        assert!(new.unwrap().is_ok());
        assert!(gates.tokens(session()).is_empty());
    }

    #[tokio::test]
    async fn cutting_everything_ends_no_session() {
        let gates = SessionGates::new(Lease::unlimited());
        let (_pass, flight, kill) = enter(&gates);
        assert_eq!(gates.cut_all().requests, 1);
        assert!(kill.is_dead() && flight.cut().is_cancelled());
        assert_eq!(flight.ended(), None);
    }

    #[tokio::test]
    async fn the_upstreams_cookies_end_with_the_session() {
        let gates = SessionGates::new(Lease::unlimited());
        let holds_any = || gates.jars().holds_any(session());
        for end in [true, false] {
            gates.jars().plant(session());
            assert!(holds_any());
            if end {
                gates.end(session(), Ended::Expired);
            } else {
                gates.close(session()).await.commit(Ended::Revoked);
            }
            assert!(!holds_any());
        }
        gates.jars().plant(session());
        drop(gates.close(session()).await);
        assert!(holds_any(), "it did not end after all");
    }
}
