//! The layer in front of axum's handlers: what is served, recorded, and cut. Attacks are in
//! `attacks`, and odd targets, by every way in, in `odd_targets`.

mod attacks;
mod handlers;
mod odd_targets;
mod rig;

use std::sync::Arc;

use app::domain::access_log::RequestOutcome;
use chrono::TimeDelta;
use http::header;

use self::rig::{Place, Rig, json_of, rules_by_host, until};
use crate::support::client::{Client, PATIENCE};

#[tokio::test]
async fn a_handler_gets_the_session_after_its_request_was_recorded() {
    for place in [
        Place::Nested,
        Place::NestedDeeply,
        Place::Outermost,
        Place::AroundRouters,
        Place::PassingOthers,
    ] {
        let rig = Rig::new(place).await;
        let answer = rig.ask("GET /v1/tenants/acme/look?a=b").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let told = json_of(&answer);
        assert_eq!(told["tenant"], "acme");
        assert_eq!(told["staff"], "Ada");
        assert_eq!(told["scope"], "read_only");
        assert_eq!(told["recorded"], true);
        assert_eq!(told["live"], true);
        assert_eq!(told["ip"], "127.0.0.1");
        assert_eq!(told["original"], "/v1/tenants/acme/look?a=b");
        let request_id = told["request"].as_str().unwrap();
        assert_eq!(answer.header("x-request-id"), Some(request_id));
        assert_eq!(told["request_header"], request_id);
        let begun = &rig.store.begun()[0];
        assert_eq!(begun.path, "/v1/tenants/acme/look");
        assert_eq!(begun.query.as_deref(), Some("a=b"));
        assert_eq!(begun.ip.to_string(), "127.0.0.1");
        let completed = &rig.store.completed(1).await[0];
        assert_eq!(completed.outcome, RequestOutcome::Done);
        assert_eq!(completed.status, Some(200));
        assert_eq!(completed.response_bytes, answer.body.len() as u64);
    }
}

#[tokio::test]
async fn an_open_answer_is_cut_and_never_looks_complete() {
    let rig = Rig::new(Place::Nested).await;
    let mut client = Client::connect(rig.address).await;
    let head = rig.head("GET /v1/tenants/acme/hang");
    client.send(format!("{head}\r\n").as_bytes()).await;
    client.read_until("first;").await;
    assert_eq!(rig.revoke().await, 1);
    let rest = client.rest().await;
    assert!(!rest.contains("0\r\n\r\n"), "no last chunk: {rest:?}");
    let completed = &rig.store.completed(1).await[0];
    assert_eq!(completed.outcome, RequestOutcome::Cut);
    assert_eq!(completed.status, Some(200));
    assert_eq!(completed.response_bytes, 6);
    assert_eq!(rig.gates.in_flight(rig.session.id), 0);
}

#[tokio::test]
async fn a_handler_that_has_not_answered_is_dropped_when_its_session_ends() {
    for (expires, code) in [(false, "session_revoked"), (true, "session_expired")] {
        let rig = Rig::new(Place::Nested).await;
        let mut client = rig.reached("wait").await;
        if expires {
            rig.clock.advance(TimeDelta::minutes(15));
        } else {
            rig.revoke().await;
        }
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.code().as_str()), (401, code));
        let mut dropped = rig.seen.dropped.subscribe();
        let dropped = dropped.wait_for(|count| *count == 1);
        let dropped = tokio::time::timeout(PATIENCE, dropped).await;
        assert!(dropped.is_ok(), "the handler goes on");
        assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
    }
}

#[tokio::test]
async fn a_body_is_counted_and_breaks_off_when_its_session_ends() {
    let rig = Rig::new(Place::Nested).await;
    let head = rig.head("POST /v1/tenants/acme/notes");
    let whole = rig
        .raw(&format!("{head}Content-Length: 4\r\n\r\nnote"))
        .await;
    assert_eq!((whole.status, whole.text().as_str()), (200, "4"));
    assert_eq!(rig.store.completed(1).await[0].request_bytes, 4);
    let mut client = Client::connect(rig.address).await;
    client
        .send(format!("{head}Content-Length: 8\r\n\r\nnote").as_bytes())
        .await;
    let gates = Arc::clone(&rig.gates);
    until(|| gates.in_flight(rig.session.id) > 0).await;
    rig.revoke().await;
    client.send(b"more").await;
    let answer = client.answer().await;
    assert_eq!(answer.code(), "session_revoked");
    assert_eq!(rig.calls(), 1, "the second note was never whole");
    assert_eq!(rig.store.completed(2).await[1].outcome, RequestOutcome::Cut);
}

#[tokio::test]
async fn an_answer_without_a_body_is_complete_with_its_head() {
    let rig = Rig::new(Place::Nested).await;
    let mut client = Client::connect(rig.address).await;
    for path in ["look", "hang"] {
        let head = rig.head(&format!("HEAD /v1/tenants/acme/{path}"));
        client.send(format!("{head}\r\n").as_bytes()).await;
        let answer = client.answer_to(true).await;
        assert_eq!(answer.status, 200);
        let length = answer.header(header::CONTENT_LENGTH.as_str());
        assert_eq!(length.is_some(), path == "look");
    }
    let completed = rig.store.completed(2).await;
    assert!(completed.iter().all(|c| c.outcome == RequestOutcome::Done));
    assert_eq!(rig.gates.in_flight(rig.session.id), 0);
}

#[tokio::test]
async fn handlers_see_one_form_of_a_request_whatever_the_protocol() {
    for place in [Place::Nested, Place::AroundRouters] {
        let rig = Rig::new(place).await;
        let in_1 = json_of(&rig.ask("GET /v1/tenants/acme/look?a").await);
        let authority = rig.address.to_string();
        let request = rig.in_http_2("GET", &authority, "/v1/tenants/acme/look?a");
        let (status, in_2) = rig.handed(request).await;
        assert_eq!(status, 200, "{in_2}");
        for what in ["uri", "original", "host", "headers"] {
            assert_eq!(in_1[what], in_2[what], "{what}");
        }
        assert_eq!(in_2["host"], authority);
        assert_eq!(rig.store.begun().len(), 2);
    }
}

#[tokio::test]
async fn a_tenants_own_host_name_is_told_whichever_the_client_used() {
    let wanted = rig::Wanted {
        rules: rules_by_host(),
        ..rig::Wanted::default()
    };
    let rig = Rig::with(Place::Nested, wanted).await;
    let own = rig.address.to_string();
    for host in [own.as_str(), "acme.api.example"] {
        let request = rig.in_http_2("GET", host, "/v1/tenants/acme/look");
        let (status, told) = rig.handed(request).await;
        assert_eq!(
            (status, told["host"].as_str()),
            (200, Some("acme.api.example"))
        );
        assert_eq!(told["original"], "/v1/tenants/acme/look");
    }
    let request = rig.in_http_2("GET", "bolt.api.example", "/v1/tenants/acme/look");
    assert_eq!(rig.handed(request).await.0, 421);
    assert_eq!(rig.calls(), 2);
}

#[tokio::test]
async fn a_body_that_is_read_after_the_answer_gives_nothing_more() {
    let rig = Rig::new(Place::Nested).await;
    let mut client = Client::connect(rig.address).await;
    let head = rig.head("POST /v1/tenants/acme/parted");
    client
        .send(format!("{head}Content-Length: 8\r\n\r\n").as_bytes())
        .await;
    assert_eq!(client.answer().await.status, 200);
    client.send(b"too late").await;
    let mut read = rig.seen.read.subscribe();
    let read = read.wait_for(Option::is_some);
    let read = *tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    assert_eq!(read, Some(Err(0)));
    let completed = &rig.store.completed(1).await[0];
    assert_eq!(completed.outcome, RequestOutcome::Done);
    assert_eq!(completed.request_bytes, 0);
}

#[tokio::test]
async fn a_session_goes_as_fast_as_it_may_and_no_faster() {
    let rig = Rig::new(Place::Nested).await;
    rig.store
        .bound(|limits| limits.requests_per_minute = Some(1));
    assert_eq!(rig.ask("GET /v1/tenants/acme/look").await.status, 200);
    let refused = rig.ask("GET /v1/tenants/acme/look").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(rig.calls(), 1);
}
