//! The limits of a session besides its scopes, and a record that does not come.

use std::sync::Arc;

use app::domain::access_log::{Refusal, RequestOutcome};
use chrono::TimeDelta;

use gateway::{
    entropy::SeededEntropy,
    token::{Token, TokenKind},
};

use crate::support::{Rig, Wanted, client::PATIENCE, frames::FrameClient, noon, upstream::Seen};

const OWN: &str = "/v1/tenants/acme";

async fn ask(rig: &Rig) -> (u16, String) {
    let answer = rig.ask(&format!("GET {OWN}/x")).await;
    (answer.status, answer.code())
}

/// As if it came through the trusted proxy for this client.
async fn ask_from(rig: &Rig, ip: &str) -> u16 {
    let head = rig.head(&format!("GET {OWN}/x"));
    let answer = rig
        .raw(&format!("{head}X-Forwarded-For: {ip}\r\n\r\n"))
        .await;
    answer.status
}

fn refusals(rig: &Rig) -> Vec<Refusal> {
    let refused = rig.store.refused();
    refused.into_iter().map(|refused| refused.refusal).collect()
}

#[tokio::test]
async fn a_stolen_token_is_of_no_use_elsewhere_and_takes_nothing_from_its_holder() {
    let rig = Rig::new().await;
    rig.store.bound(|limits| {
        limits.only_from = Some("203.0.113.24".into());
        limits.requests_per_minute = Some(2);
    });
    for elsewhere in ["198.51.100.7", "203.0.113.240", "2001:db8::1", "nonsense"] {
        for _ in 0..3 {
            assert_eq!(ask_from(&rig, elsewhere).await, 403, "{elsewhere}");
        }
    }
    // Addresses left of the last hop are the client's own claim.
    assert_eq!(ask_from(&rig, "203.0.113.24, 198.51.100.7").await, 403);
    assert_eq!(rig.upstream.bytes(), 0);
    assert!(refusals(&rig).iter().all(|r| *r == Refusal::WrongAddress));
    for _ in 0..2 {
        assert_eq!(ask_from(&rig, "203.0.113.24").await, 200);
    }
    assert_eq!(rig.upstream.requests(), 2);
}

#[tokio::test]
async fn more_requests_than_the_rate_are_told_when_to_come_again() {
    let rig = Rig::new().await;
    rig.store
        .bound(|limits| limits.requests_per_minute = Some(6));
    for _ in 0..6 {
        assert_eq!(ask(&rig).await.0, 200);
    }
    let answer = rig.ask(&format!("GET {OWN}/x")).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (429, "rate_limited")
    );
    assert_eq!(answer.header("retry-after"), Some("10"));
    // A request that is refused for another reason counts as well.
    rig.clock.set(noon() + TimeDelta::seconds(10));
    assert_eq!(rig.ask("GET /v1/tenants/bolt/x").await.status, 403);
    assert_eq!(ask(&rig).await.0, 429);
    rig.clock.set(noon() + TimeDelta::seconds(20));
    assert_eq!(ask(&rig).await.0, 200);
    assert_eq!(rig.upstream.requests(), 7);
    let limited = refusals(&rig);
    let limited = limited.iter().filter(|r| **r == Refusal::RateLimited);
    assert_eq!(limited.count(), 2, "recorded as far as the recorder wants");
}

#[tokio::test]
async fn a_session_that_was_idle_for_too_long_takes_nothing_more() {
    let rig = Rig::new().await;
    let end = noon() + TimeDelta::minutes(5);
    rig.store.bound(|limits| limits.idle_ends_at = Some(end));
    rig.clock.set(end - TimeDelta::microseconds(1));
    assert_eq!(ask(&rig).await.0, 200);
    rig.clock.set(end);
    assert_eq!(ask(&rig).await, (401, "session_expired".into()));
    assert_eq!(rig.upstream.requests(), 1);
    assert_eq!(refusals(&rig), [Refusal::SessionExpired]);
}

#[tokio::test]
async fn a_total_that_is_used_up_is_told_and_recorded() {
    let rig = Rig::new().await;
    rig.store.use_up();
    assert_eq!(ask(&rig).await, (403, "budget_exhausted".into()));
    assert_eq!(rig.upstream.bytes(), 0);
    assert_eq!(refusals(&rig), [Refusal::BudgetExhausted]);
}

#[tokio::test]
async fn a_session_has_no_more_requests_open_than_its_share() {
    let rig = Rig::with(Wanted {
        places: Some(24),
        ..Wanted::default()
    })
    .await;
    let line = format!("GET {OWN}/hang");
    let mut open = Vec::new();
    for count in 1..=3 {
        open.push(rig.asking(&line).await);
        let arrived = |seen: &[Seen]| seen.iter().filter(|s| s.requests == 1).count() == count;
        rig.upstream.until(arrived).await;
    }
    let answer = rig.ask(&format!("GET {OWN}/x")).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (429, "too_many_at_once")
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(refusals(&rig), [Refusal::TooManyAtOnce]);
    assert_eq!(rig.upstream.requests(), 3);
    // Another session is served meanwhile, and the first one again once a request has ended.
    let (_, token) = rig.another_session();
    let head = rig
        .head(&format!("GET {OWN}/x"))
        .replace(&rig.token, &token);
    assert_eq!(rig.raw(&format!("{head}\r\n")).await.status, 200);
    drop(open.pop());
    rig.store.completed(2).await;
    assert_eq!(ask(&rig).await.0, 200);
}

#[tokio::test]
async fn http_2_opens_no_more_upstream_than_the_node_may_have_open() {
    let rig = Rig::with(Wanted {
        places: Some(8),
        ..Wanted::default()
    })
    .await;
    let authority = rig.address.to_string();
    let path = format!("{OWN}/hang");
    let mut tokens = vec![rig.token.clone()];
    let of_seed = |seed| Token::generate(TokenKind::SupportSession, &SeededEntropy::new(seed));
    for token in (20..28).map(of_seed) {
        rig.store.add(&token, None, &["read_only"]);
        tokens.push(token.expose().to_owned());
    }
    let mut client = FrameClient::connect(rig.address).await;
    for (number, token) in (0..).zip(&tokens) {
        let bearer = format!("Bearer {token}");
        let fields = [
            (":method", "GET"),
            (":scheme", "http"),
            (":authority", authority.as_str()),
            (":path", path.as_str()),
            ("authorization", bearer.as_str()),
        ];
        // Each session has one place, so the second request of each is too many.
        for stream in [4 * number + 1, 4 * number + 3] {
            client.headers(stream, &fields, true).await;
        }
        let refused = client.answer(4 * number + 3).await;
        let code = if number < 8 {
            "too_many_at_once"
        } else {
            "overloaded"
        };
        assert_eq!(refused.code(), code, "{number}");
    }
    let last = client.answer(33).await;
    assert_eq!(
        (last.status, last.code().as_str()),
        (Some(503), "overloaded")
    );
    rig.upstream.until(|seen| seen.len() == 8).await;
    assert!(refusals(&rig).contains(&Refusal::Overloaded));
    // An end frees the places.
    drop(client);
    rig.store.completed(8).await;
    assert_eq!(ask(&rig).await.0, 200);
}

async fn impatient() -> Rig {
    Rig::with(Wanted {
        more: "record_timeout_ms = 300",
        ..Wanted::default()
    })
    .await
}

#[tokio::test]
async fn a_record_that_comes_too_late_is_completed_as_refused_and_its_request_is_never_sent() {
    let rig = impatient().await;
    rig.store.hold_records();
    assert_eq!(ask(&rig).await, (503, "record_unavailable".into()));
    assert!(rig.store.completed(0).await.is_empty());
    rig.store.release_records();
    let completed = &rig.store.completed(1).await[0];
    assert_eq!(completed.outcome, RequestOutcome::Refused);
    assert_eq!(completed.refusal, Some(Refusal::RecordUnavailable));
    assert_eq!(completed.status, Some(503));
    assert_eq!(completed.request_id, rig.store.begun()[0].request_id);
    assert_eq!(rig.upstream.bytes(), 0);
    assert_eq!(ask(&rig).await.0, 200, "and then all is well");
}

#[tokio::test]
async fn a_store_that_does_not_answer_at_all_holds_up_nobody_for_long() {
    let rig = impatient().await;
    rig.store.hold_lookups();
    assert_eq!(ask(&rig).await, (503, "record_unavailable".into()));
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn unknown_tokens_in_any_number_leave_no_row_while_a_recorded_request_passes() {
    let rig = Arc::new(Rig::new().await);
    let flood = (0..8).map(|flooder| {
        let rig = Arc::clone(&rig);
        tokio::spawn(async move {
            for number in 0..50 {
                let head = format!("GET {OWN}/x HTTP/1.1\r\nHost: {}\r\n", rig.address);
                let token = format!("scst_{flooder}x{number}");
                let bytes = format!("{head}Authorization: Bearer {token}\r\n\r\n");
                assert_eq!(rig.raw(&bytes).await.status, 401);
            }
        })
    });
    let flood: Vec<_> = flood.collect();
    for _ in 0..10 {
        assert_eq!(ask(&rig).await.0, 200);
    }
    let flooded = tokio::time::timeout(PATIENCE * 6, futures::future::join_all(flood)).await;
    for done in flooded.expect("the flood ends") {
        done.unwrap();
    }
    assert_eq!(rig.store.begun().len(), 10);
    assert!(rig.store.refused().is_empty());
}
