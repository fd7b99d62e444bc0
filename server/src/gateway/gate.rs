//! One gate per support session: what is between "the session is still active" and "the first byte
//! has gone upstream", and what is being streamed, so that an end is an end.
//!
//! A request takes a [`GateHandle`] before its record is begun, and passes [`GateHandle::enter`]
//! after it. A revocation closes the gate before its transaction commits ([`SessionGates::close`])
//! and waits for those inside. The gate of a session needs no memory beyond the handles: whoever
//! takes a new one after the end still has to begin a record, which the store refuses.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use app::domain::SupportSessionId;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{kill::KillSwitch, ports::Ended};

/// How long a closing gate waits for requests whose first byte has not gone upstream yet, before
/// their connections are reset.
pub const CLOSE_WAIT: Duration = Duration::from_millis(100);

/// The gates of all support sessions with requests in flight. Shared by gateway and services.
#[derive(Default)]
pub struct SessionGates {
    gates: Mutex<HashMap<SupportSessionId, Entry>>,
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
            .finish()
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
    next: u64,
}

struct FlightState {
    inside: bool,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: Arc<KillSwitch>,
    cut: CancellationToken,
    client: Mutex<Option<CancellationToken>>,
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
    /// Gates without anyone in flight.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A hold on a session's gate. Taken before the record is begun, so that an end which commits
    /// after the record finds the same gate.
    pub(super) fn handle(self: &Arc<Self>, session: SupportSessionId) -> GateHandle {
        let mut gates = lock(&self.gates);
        let entry = gates.entry(session).or_default();
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
        let handle = self.handle(session);
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
        self.find(session)
            .map(|gate| gate.end(ended))
            .unwrap_or_default()
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
        let flights: Vec<_> = {
            let mut state = lock(&self.state);
            state
                .flights
                .values_mut()
                .map(|flight| {
                    flight.inside = false;
                    Arc::clone(&flight.shared)
                })
                .collect()
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

impl Shared {
    fn cut(&self) {
        // First, so that whoever notices the dead connection finds the reason.
        self.cut.cancel();
        self.upstream.kill();
        if let Some(client) = &*lock(&self.client) {
            client.cancel();
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
        self.handle.gate.end(ended)
    }

    /// The session goes on with another token: what is in flight is cut, and the gate reopens.
    pub fn cut_in_flight(self) -> Cut {
        self.handle.gate.cut_flights()
    }
}

impl Drop for ClosedGate {
    fn drop(&mut self) {
        lock(&self.handle.gate.state).closers -= 1;
        self.handle.gate.changed.notify_waiters();
    }
}

/// A hold on the gate of one session.
pub(super) struct GateHandle {
    gates: Arc<SessionGates>,
    session: SupportSessionId,
    gate: Arc<Gate>,
}

impl GateHandle {
    /// Passes the gate with the connection that will carry the request. Waits while a revocation is
    /// being committed.
    ///
    /// # Errors
    ///
    /// If the session has ended.
    pub(super) async fn enter(self, upstream: Arc<KillSwitch>) -> Result<(Pass, Flight), Ended> {
        loop {
            let changed = self.gate.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = lock(&self.gate.state);
                if let Some(ended) = state.ended {
                    return Err(ended);
                }
                if state.closers == 0 {
                    return Ok(self.admit(&mut state, upstream));
                }
            }
            changed.await;
        }
    }

    fn admit(&self, state: &mut State, upstream: Arc<KillSwitch>) -> (Pass, Flight) {
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
                shared: Arc::clone(&shared),
            },
        );
        let pass = Pass {
            gate: Arc::clone(&self.gate),
            number,
        };
        let flight = Flight {
            handle: self.gates.handle(self.session),
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
            }
        }
    }
}

/// Held until the first byte of the request has gone upstream.
pub(super) struct Pass {
    gate: Arc<Gate>,
    number: u64,
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
pub(super) struct Flight {
    handle: GateHandle,
    number: u64,
    shared: Arc<Shared>,
    done: CancellationToken,
}

impl Flight {
    /// Cancelled when the session has ended while the request was in flight.
    pub(super) fn cut(&self) -> &CancellationToken {
        &self.shared.cut
    }

    /// Cuts this request alone.
    pub(super) fn cutter(&self) -> Cutter {
        Cutter {
            gate: Arc::clone(&self.handle.gate),
            shared: Arc::clone(&self.shared),
        }
    }

    /// Cancelled when the request is complete.
    pub(super) fn done(&self) -> &CancellationToken {
        &self.done
    }

    /// How the session ended, if it has.
    pub(super) fn ended(&self) -> Option<Ended> {
        lock(&self.handle.gate.state).ended
    }

    /// From now on a cut also ends what carries the answer to the client (a connection, or one stream
    /// of it), whether or not it is reading.
    pub(super) fn attach_client(&self, client: CancellationToken) {
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
pub(super) struct Cutter {
    gate: Arc<Gate>,
    shared: Arc<Shared>,
}

impl Cutter {
    pub(super) fn cut(&self, ended: Ended) {
        lock(&self.gate.state).ended.get_or_insert(ended);
        self.shared.cut();
        self.gate.changed.notify_waiters();
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
        let entered = gates.handle(session()).enter(Arc::clone(&kill));
        let Ok((pass, flight)) = entered.now_or_never().unwrap() else {
            panic!("the gate is shut");
        };
        (pass, flight, kill)
    }

    #[tokio::test]
    async fn closing_waits_for_whoever_is_inside() {
        let gates = SessionGates::new();
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
        let gates = SessionGates::new();
        let (_pass, flight, kill) = enter(&gates);
        let before = tokio::time::Instant::now();
        let _closed = gates.close(session()).await;
        assert!(before.elapsed() >= CLOSE_WAIT);
        assert!(kill.is_dead());
        assert!(!flight.cut().is_cancelled(), "the commit may still fail");
    }

    #[tokio::test]
    async fn a_failed_commit_reopens_and_those_who_waited_pass() {
        let gates = SessionGates::new();
        let closed = gates.close(session()).await;
        let mut waiting = Box::pin(gates.handle(session()).enter(KillSwitch::new()));
        assert!((&mut waiting).now_or_never().is_none());
        drop(closed);
        assert!(waiting.now_or_never().unwrap().is_ok());
    }

    #[tokio::test]
    async fn two_revocations_at_once_reopen_only_when_both_have_failed() {
        let gates = SessionGates::new();
        let (first, second) = (gates.close(session()).await, gates.close(session()).await);
        let mut waiting = Box::pin(gates.handle(session()).enter(KillSwitch::new()));
        drop(first);
        assert!((&mut waiting).now_or_never().is_none());
        second.commit(Ended::Revoked);
        assert_eq!(waiting.now_or_never().unwrap().err(), Some(Ended::Revoked));
    }

    #[tokio::test]
    async fn a_handle_from_before_the_end_never_passes() {
        let gates = SessionGates::new();
        let handle = gates.handle(session());
        gates.close(session()).await.commit(Ended::Revoked);
        let entered = handle.enter(KillSwitch::new()).await;
        assert_eq!(entered.err(), Some(Ended::Revoked));
    }

    #[tokio::test]
    async fn an_end_from_elsewhere_cuts_the_client_too() {
        let gates = SessionGates::new();
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
        let gates = SessionGates::new();
        let (pass, flight, _) = enter(&gates);
        assert_eq!(gates.in_flight(session()), 1);
        drop(flight);
        drop(pass);
        assert!(lock(&gates.gates).is_empty());
        let closed = gates.close(session()).now_or_never().unwrap();
        drop(closed);
        assert!(lock(&gates.gates).is_empty());
    }
}
