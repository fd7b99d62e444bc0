//! What hides from a tenant's health, and what doesn't.

use app::domain::access_log::{Refusal, RequestEnd, RequestOutcome};
use gateway::ports::{Intent, Recorder, RefusedRequest};

use super::*;
use crate::{
    ingest::otlp::{self, Encoding, Signal},
    services::testing::{Opened, form, noon, worlds},
};
use store::testing::new_event;

/// A call of `acme` that failed and carries a request id.
fn failed(intent: &Intent) -> RequestRecord {
    RequestRecord {
        request_id: Some(intent.request_id.to_string()),
        ..calls("acme", intent.at, 500, 1)
    }
}

/// A support session in `acme` and a request in it that the gateway has recorded to be forwarded.
async fn forwarded(console: &World) -> (Opened, Intent) {
    let opened = console.open(form()).await;
    let intent = console.intent(opened.id, opened.token_hash);
    console.recorder("b").begin(intent.clone()).await.unwrap();
    (opened, intent)
}

/// Ends a request after so many milliseconds.
async fn end_after(console: &World, intent: &Intent, duration_ms: u64) {
    let end = RequestEnd {
        status: Some(200),
        outcome: RequestOutcome::Done,
        refusal: None,
        duration_ms: Some(duration_ms),
        request_bytes: None,
        response_bytes: None,
        upgrade: None,
    };
    let (request, event) = (intent.request_id, new_event(Some("acme"), 1, noon()));
    let given = (request, end, event);
    let ended = console.write(given, |(id, end, event), tx| {
        tx.complete_with_event(*id, end.clone(), event.clone());
        Box::pin(async { Ok(()) })
    });
    ended.await;
    let mut reader = console.core.store.read().await.unwrap();
    let row = reader.db().lookup_access_log_entry(request).await.unwrap();
    assert_eq!(row.unwrap().duration_ms, Some(duration_ms));
}

/// How many of the records counted, and how many were support traffic.
async fn told(console: &World, records: Vec<RequestRecord>) -> (u64, u64) {
    let report = console.ingest(records).await;
    (report.accepted, report.support_traffic)
}

#[tokio::test]
async fn support_traffic_never_counts() {
    for console in worlds().await {
        let (_, intent) = forwarded(&console).await;
        let named = failed(&intent);
        let spelled = named.request_id.as_deref().unwrap().to_uppercase();
        let record = RequestRecord {
            request_id: Some(format!(" {spelled} ")),
            method: Some("get".into()),
            path: Some("/v1/{feed}".into()),
            ..named
        };
        let at = console.engine;
        assert_eq!(told(&console, vec![record]).await, (0, 1), "{at}");
        assert_eq!(console.stored("acme").await.signals.last_seen, None);
    }
}

#[tokio::test]
async fn a_span_with_the_id_of_a_support_request_does_not_count() {
    for console in worlds().await {
        let (_, intent) = forwarded(&console).await;
        let text = |key: &str, value: &str| serde_json::json!({"key": key, "value": {"stringValue": value}});
        let id = intent.request_id.to_string();
        let span = serde_json::json!({
            "kind": 2,
            "endTimeUnixNano": intent.at.timestamp_nanos_opt().unwrap().to_string(),
            "attributes": [
                text("tenant.id", "acme"),
                text("http.request.method", "GET"),
                text("http.route", "/v1/{feed}"),
                {"key": "http.response.status_code", "value": {"intValue": 500}},
                {
                    "key": "http.request.header.x-request-id",
                    "value": {"arrayValue": {"values": [{"stringValue": id}]}},
                },
            ],
        });
        let body = serde_json::json!({
            "resourceSpans": [{"scopeSpans": [{"spans": [span, span]}]}]
        });
        let names = &console.core.config.telemetry.tenant_attributes;
        let body = body.to_string();
        let batch = otlp::read(Signal::Traces, Encoding::Json, body.as_bytes(), names);
        let batch = batch.unwrap();
        for repeated in [false, true] {
            let report = console
                .telemetry
                .ingest_any(&platform_key(), &batch, Some("k".into()))
                .await
                .unwrap();
            let found = (report.accepted, report.support_traffic, report.repeated);
            assert_eq!(found, (1, 1, repeated), "{}", console.engine);
        }
        let errors = console.stored("acme").await.signals.errors_24h;
        assert_eq!(errors, 1, "{}", console.engine);
    }
}

#[tokio::test]
async fn one_recorded_id_hides_one_call() {
    for console in worlds().await {
        let (_, intent) = forwarded(&console).await;
        let forty = vec![failed(&intent); 40];
        let at = console.engine;
        assert_eq!(told(&console, forty).await, (39, 1), "{at}");
        // Neither does the next batch, nor a record of several calls.
        assert_eq!(told(&console, vec![failed(&intent)]).await, (1, 0), "{at}");
        let (_, another) = forwarded(&console).await;
        let many = RequestRecord {
            count: 50,
            ..failed(&another)
        };
        assert_eq!(told(&console, vec![many]).await, (1, 0), "{at}");
        assert_eq!(console.stored("acme").await.signals.errors_24h, 90, "{at}");
    }
}

#[tokio::test]
async fn an_id_hides_no_call_that_is_not_the_recorded_one() {
    for console in worlds().await {
        let (_, intent) = forwarded(&console).await;
        let hour = TimeDelta::hours(1);
        let (real, text) = (failed(&intent), |text: &str| Some(text.to_owned()));
        let other_tenant = RequestRecord {
            tenant_id: id("bolt"),
            ..real.clone()
        };
        let others = [
            other_tenant,
            RequestRecord {
                at: real.at - hour,
                ..real.clone()
            },
            RequestRecord {
                method: text("POST"),
                ..real.clone()
            },
            RequestRecord {
                path: text("/v1/users"),
                ..real.clone()
            },
            RequestRecord {
                request_id: text("00000000-0000-0000-0000-0000000000c2"),
                ..real.clone()
            },
        ];
        for other in others {
            let asked = format!("{}: {other:?}", console.engine);
            assert_eq!(told(&console, vec![other]).await, (1, 0), "{asked}");
        }
        // None of them has used the id up.
        assert_eq!(
            told(&console, vec![real]).await,
            (0, 1),
            "{}",
            console.engine
        );
    }
}

#[tokio::test]
async fn a_refused_request_hides_nothing() {
    for console in worlds().await {
        let opened = console.open(form()).await;
        let request = console.intent(opened.id, opened.token_hash);
        let record = failed(&request);
        let refused = RefusedRequest {
            request,
            refusal: Refusal::OutOfScope,
            status: 403,
        };
        console.recorder("b").refuse(refused).await;
        assert_eq!(
            told(&console, vec![record]).await,
            (1, 0),
            "{}",
            console.engine
        );
    }
}

#[tokio::test]
async fn clocks_a_little_apart_and_slow_requests_are_recognised() {
    for console in worlds().await {
        let (minute, at) = (TimeDelta::minutes(1), console.engine);
        let at_time = |intent: &Intent, at| RequestRecord {
            at,
            ..failed(intent)
        };
        let (_, early) = forwarded(&console).await;
        let record = at_time(&early, early.at - minute * 5);
        assert_eq!(told(&console, vec![record]).await, (0, 1), "{at}");
        // One that is still open, as far as is known.
        let (opened, slow) = forwarded(&console).await;
        console.clock.advance(minute * 10);
        let record = at_time(&slow, console.clock.now());
        assert_eq!(told(&console, vec![record]).await, (0, 1), "{at}");
        // Of one that has ended it is known when.
        let done = console.intent(opened.id, opened.token_hash);
        console.recorder("b").begin(done.clone()).await.unwrap();
        end_after(&console, &done, 60_000).await;
        console.clock.advance(minute * 7);
        let late = at_time(&done, done.at + minute * 6 + US);
        assert_eq!(told(&console, vec![late]).await, (1, 0), "{at}");
        let in_time = at_time(&done, done.at + minute * 6);
        assert_eq!(told(&console, vec![in_time]).await, (0, 1), "{at}");
    }
}

#[tokio::test]
async fn a_batch_that_is_sent_again_hides_what_it_hid_and_counts_nothing_twice() {
    for console in worlds().await {
        let (_, intent) = forwarded(&console).await;
        let batch = || Batch::from(vec![failed(&intent), failed(&intent)]);
        let context = platform_key();
        let send = |key: &str| {
            console
                .telemetry
                .ingest(&context, batch(), Some(key.to_owned()))
        };
        let (a, b, c) = tokio::join!(send("k"), send("k"), send("other"));
        let (a, b, c) = (a.unwrap(), b.unwrap(), c.unwrap());
        let at = console.engine;
        assert_eq!(a.support_traffic, b.support_traffic, "{at}");
        assert_eq!(a.support_traffic + c.support_traffic, 1, "{at}");
        assert_eq!(a.accepted + c.accepted, 3, "{at}");
        let again = send("k").await.unwrap();
        assert!(again.repeated, "{at}");
        assert_eq!(console.stored("acme").await.signals.errors_24h, 3, "{at}");
    }
}

#[tokio::test]
async fn a_batch_cut_short_after_it_took_its_support_traffic_goes_on_with_it() {
    for console in worlds().await {
        let (_, intent) = forwarded(&console).await;
        let key = BatchKey {
            sender: actor(&platform_key().caller).id,
            key: "k".into(),
        };
        let batch = Batch::from(vec![failed(&intent)]);
        console.telemetry.claim(&key, &batch, noon()).await.unwrap();
        let taken = console
            .telemetry
            .support_traffic(&batch, Some(&key), noon())
            .await
            .unwrap();
        assert_eq!(taken.len(), 1);
        // Another batch is too late.
        assert_eq!(told(&console, vec![failed(&intent)]).await, (1, 0));
        let report = console
            .telemetry
            .ingest(&platform_key(), batch, Some("k".into()))
            .await
            .unwrap();
        assert_eq!(report.support_traffic, 1, "{}", console.engine);
    }
}

#[tokio::test]
async fn batches_at_once_hide_one_call_with_one_id() {
    for console in worlds().await {
        let (_, intent) = forwarded(&console).await;
        let context = platform_key();
        let sends = (0..8).map(|_| {
            let batch = vec![failed(&intent); 5].into();
            console.telemetry.ingest(&context, batch, None)
        });
        let reports = futures::future::join_all(sends).await;
        let hidden: u64 = reports
            .iter()
            .map(|r| r.as_ref().unwrap().support_traffic)
            .sum();
        assert_eq!(hidden, 1, "{}", console.engine);
        assert_eq!(console.stored("acme").await.signals.errors_24h, 39);
    }
}

#[tokio::test]
async fn what_telemetry_has_reported_is_forgotten_when_it_is_too_old_to_be_reported_again() {
    for console in worlds().await {
        let (_, intent) = forwarded(&console).await;
        assert_eq!(told(&console, vec![failed(&intent)]).await, (0, 1));
        console.clock.advance(TimeDelta::days(8));
        Retention::new(console.core.clone()).prune().await.unwrap();
        assert_eq!(told(&console, vec![failed(&intent)]).await, (1, 0));
        console.clock.advance(TimeDelta::days(1) + US);
        Retention::new(console.core.clone()).prune().await.unwrap();
        let left = console.run("DELETE FROM reported_requests").await;
        assert_eq!(left, 0, "{}", console.engine);
    }
}
