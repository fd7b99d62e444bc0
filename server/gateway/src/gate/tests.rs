use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{kill::KillSwitch, lease::Lease, *};

fn session() -> SupportSessionId {
    SupportSessionId::from_uuid(Uuid::nil())
}

fn enter(gates: &Arc<SessionGates>) -> (Pass, Flight, Arc<KillSwitch>) {
    let kill = KillSwitch::new();
    let entered = gates
        .handle(session(), [7; 32])
        .enter(Arc::clone(&kill), Lease::unlimited());
    let Ok((pass, flight)) = entered.now_or_never().unwrap() else {
        panic!("the gate is shut");
    };
    (pass, flight, kill)
}

#[tokio::test]
async fn closing_waits_for_requests_inside() {
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
async fn a_request_that_stays_inside_too_long_is_reset() {
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
    let mut waiting = Box::pin(
        gates
            .handle(session(), [7; 32])
            .enter(KillSwitch::new(), Lease::unlimited()),
    );
    assert!((&mut waiting).now_or_never().is_none());
    drop(closed);
    assert!(waiting.now_or_never().unwrap().is_ok());
}

#[tokio::test]
async fn two_revocations_at_once_reopen_only_when_both_have_failed() {
    let gates = SessionGates::new();
    let (first, second) = (gates.close(session()).await, gates.close(session()).await);
    let mut waiting = Box::pin(
        gates
            .handle(session(), [7; 32])
            .enter(KillSwitch::new(), Lease::unlimited()),
    );
    drop(first);
    assert!((&mut waiting).now_or_never().is_none());
    second.commit(Ended::Revoked);
    assert_eq!(waiting.now_or_never().unwrap().err(), Some(Ended::Revoked));
}

#[tokio::test]
async fn a_handle_from_before_the_end_never_passes() {
    let gates = SessionGates::new();
    let handle = gates.handle(session(), [7; 32]);
    gates.close(session()).await.commit(Ended::Revoked);
    let entered = handle.enter(KillSwitch::new(), Lease::unlimited()).await;
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
    assert!(gates.gates.lock().is_empty());
    let closed = gates.close(session()).now_or_never().unwrap();
    drop(closed);
    assert!(gates.gates.lock().is_empty());
}

#[tokio::test]
async fn what_was_cut_is_counted_once_and_remembered() {
    let gates = SessionGates::new();
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
    let gates = SessionGates::new();
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
    let gates = SessionGates::new();
    let (old, new) = ([7; 32], [8; 32]);
    let waiting = [old, new].map(|hash| gates.handle(session(), hash));
    assert_eq!(gates.tokens(session()), [old, new]);
    assert_eq!(gates.cut_token(session(), &old).requests, 0);
    let [old, new] = waiting.map(|handle| {
        handle
            .enter(KillSwitch::new(), Lease::unlimited())
            .now_or_never()
    });
    assert_eq!(old.unwrap().err(), Some(Ended::Revoked));
    assert!(new.unwrap().is_ok());
    assert!(gates.tokens(session()).is_empty());
}

#[tokio::test]
async fn cutting_everything_ends_no_session() {
    let gates = SessionGates::new();
    let (_pass, flight, kill) = enter(&gates);
    assert_eq!(gates.cut_all().requests, 1);
    assert!(kill.is_dead() && flight.cut().is_cancelled());
    assert_eq!(flight.ended(), None);
}
