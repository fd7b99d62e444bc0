//! Without a lease nothing is forwarded and nothing is relayed.

use app::domain::access_log::RequestOutcome;
use tokio_util::sync::CancellationToken;

use crate::support::{FOR_EVER, Rig};

const OWN: &str = "/v1/tenants/acme";

#[tokio::test]
async fn without_a_lease_nothing_is_forwarded_and_with_it_everything_is_again() {
    let rig = Rig::new().await;
    let mut client = rig.client().await;
    let request = format!("{}\r\n", rig.head(&format!("GET {OWN}/x")));
    client.send(request.as_bytes()).await;
    assert_eq!(client.answer().await.status, 200);
    let before = rig.upstream.bytes();
    rig.node.lease.give_up();
    client.send(request.as_bytes()).await;
    let refused = client.answer().await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "record_unavailable")
    );
    assert_eq!(refused.header("retry-after"), Some("5"));
    assert_eq!(rig.upstream.bytes(), before);
    assert_eq!(rig.store.begun().len(), 1, "nor recorded as forwarded");
    rig.node.lease.renew(FOR_EVER);
    client.send(request.as_bytes()).await;
    assert_eq!(client.answer().await.status, 200);
}

#[tokio::test]
async fn a_request_that_waits_for_the_lease_passes_when_it_is_renewed() {
    let rig = Rig::new().await;
    rig.node.lease.give_up();
    let line = format!("GET {OWN}/x");
    let asking = rig.ask(&line);
    let renewing = async {
        tokio::task::yield_now().await;
        rig.node.lease.renew(FOR_EVER);
    };
    let (answer, ()) = tokio::join!(asking, renewing);
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn relaying_stops_in_both_directions_and_goes_on_with_the_lease() {
    let rig = Rig::new().await;
    let mut down = rig.streaming().await;
    let mut up = rig.uploading("x", &rig.upstream).await;

    rig.node.lease.give_up();
    rig.upstream.allow_chunks(2);
    up.send(b"3\r\ntwo\r\n0\r\n\r\n").await;
    // By then it would have been relayed.
    assert_eq!(rig.ask(&format!("GET {OWN}/x")).await.status, 503);
    assert!(!rig.upstream.text().contains("two"), "the upload went on");
    assert!(!down.has_read("chunk 2;"), "the stream went on");

    rig.node.lease.renew(FOR_EVER);
    down.read_until("chunk 2;").await;
    assert_eq!(up.answer().await.status, 200);
    assert!(rig.upstream.text().contains("two"));
}

#[tokio::test]
async fn an_answer_whose_lease_is_lost_meanwhile_is_not_relayed() {
    let rig = Rig::new().await;
    let mut client = rig.hanging().await;
    rig.node.lease.give_up();
    assert_eq!(rig.gates.cut_all().requests, 1);
    let answer = client.answer().await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (503, "record_unavailable")
    );
    // The upstream has it, so nobody is invited to send it again.
    assert_eq!(answer.header("retry-after"), None);
    assert!(answer.text().contains("may have reached the upstream"));
    assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
}

#[tokio::test]
async fn streams_are_cut_five_seconds_after_the_lease_was_lost() {
    let rig = Rig::new().await;
    let end = CancellationToken::new();
    let cutting = gateway::cut_what_has_no_lease(rig.node.clone(), end.clone());
    let cutting = tokio::spawn(cutting);
    let mut client = rig.streaming().await;
    rig.node.lease.give_up();
    rig.clock.advance(chrono::TimeDelta::milliseconds(4_999));
    assert_eq!(rig.ask(&format!("GET {OWN}/x")).await.status, 503);
    assert_eq!(rig.gates.in_flight(rig.session.id), 1, "not yet");
    rig.clock.advance(chrono::TimeDelta::milliseconds(1));
    let rest = client.rest().await;
    assert!(!rest.contains("0\r\n\r\n"), "it looks complete: {rest}");
    assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
    let seen = rig.upstream.until(|seen| seen[0].ended.is_some()).await;
    assert_eq!(seen[0].ended, Some(false));
    end.cancel();
    cutting.await.unwrap();
}
