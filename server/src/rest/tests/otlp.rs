//! OpenTelemetry's protocol: `POST /v1/traces` and `POST /v1/metrics`.

use std::{path::Path, sync::Arc};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    common::v1::{AnyValue, KeyValue, any_value::Value as Any},
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use prost::Message;

use super::*;
use crate::config::{Config, LimitConfig};

const TRACES: &str = "/v1/traces";
const METRICS: &str = "/v1/metrics";
const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// A body of `tests/otlp`.
fn corpus(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/otlp");
    std::fs::read(folder.join(name)).unwrap()
}

fn attribute(key: &str, value: Any) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// Spans of a server at noon, of these tenants.
fn spans(tenants: &[&str]) -> ExportTraceServiceRequest {
    let noon = u64::try_from(noon().timestamp_nanos_opt().unwrap()).unwrap();
    let spans = tenants.iter().map(|tenant| Span {
        kind: 2,
        start_time_unix_nano: noon - 1,
        end_time_unix_nano: noon,
        attributes: vec![
            attribute("tenant.id", Any::StringValue((*tenant).into())),
            attribute("http.response.status_code", Any::IntValue(200)),
        ],
        ..Span::default()
    });
    let scope = ScopeSpans {
        spans: spans.collect(),
        ..ScopeSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![scope],
            ..ResourceSpans::default()
        }],
    }
}

/// The body of spans in each encoding.
fn encodings(tenants: &[&str]) -> [(&'static str, Vec<u8>); 2] {
    let spans = spans(tenants);
    let json = serde_json::to_vec(&spans).unwrap();
    [(PROTOBUF, spans.encode_to_vec()), (JSON, json)]
}

async fn post(
    app: &App,
    path: &str,
    key: Option<&str>,
    (media_type, coding): (&str, Option<&str>),
    body: Vec<u8>,
) -> Answer {
    let mut request = Request::post(path).header("content-type", media_type);
    if let Some(key) = key {
        request = request.header("x-api-key", app.keys[key].as_str());
    }
    if let Some(coding) = coding {
        request = request.header("content-encoding", coding);
    }
    send(app, request.body(body.into()).unwrap()).await
}

/// The code and the message of a `google.rpc.Status`, in the encoding of the request.
fn rpc_status(answer: &Answer, media_type: &str) -> (i64, String) {
    assert_eq!(answer.headers["content-type"], media_type);
    assert!(answer.headers.contains_key("x-request-id"));
    if media_type == PROTOBUF {
        let status = RpcStatus::decode(&*answer.body).unwrap();
        return (status.code.into(), status.message);
    }
    let status = answer.json();
    let message = status["message"].as_str().unwrap_or_default();
    (status["code"].as_i64().unwrap_or(-1), message.to_owned())
}

/// How many spans were rejected, and why.
fn rejected(answer: &Answer, media_type: &str) -> (i64, String) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], media_type);
    if media_type == PROTOBUF {
        let response = ExportTraceServiceResponse::decode(&*answer.body).unwrap();
        let partial = response.partial_success.unwrap_or_default();
        return (partial.rejected_spans, partial.error_message);
    }
    let body = answer.json();
    let partial = &body["partialSuccess"];
    let count = ["rejectedSpans", "rejectedDataPoints"].map(|name| partial[name].as_str());
    let count = count.into_iter().flatten().next().unwrap_or("0");
    let message = partial["errorMessage"].as_str().unwrap_or_default();
    (count.parse().unwrap(), message.to_owned())
}

#[tokio::test]
async fn only_a_key_that_may_send_telemetry_is_heard() {
    for console in both().await {
        let app = app(&console).await;
        for (key, status, code) in [
            (None, 401, 16),
            (Some("unknown"), 401, 16),
            (Some("revoked"), 401, 16),
            (Some("expired"), 401, 16),
            (Some("elsewhere"), 403, 7),
            (Some("reader"), 403, 7),
            (Some("own"), 403, 7),
            (Some("other"), 403, 7),
            (Some("writer"), 200, 0),
            (Some("platform"), 200, 0),
        ] {
            for (media_type, body) in encodings(&["acme"]) {
                let answer = post(&app, TRACES, key, (media_type, None), body).await;
                let asked = format!("{}: {key:?} {media_type}", console.engine);
                assert_eq!(answer.status, status, "{asked}");
                if status == 200 {
                    assert_eq!(rejected(&answer, media_type), (0, String::new()));
                    continue;
                }
                let (found, message) = rpc_status(&answer, media_type);
                assert_eq!(found, code, "{asked}");
                assert!(!message.is_empty(), "{asked}");
                let asks = answer.headers.contains_key("www-authenticate");
                assert_eq!(asks, status == 401, "{asked}");
            }
        }
        // Each of the two senders has sent two bodies.
        assert_eq!(console.stored("acme").await.signals.calls_24h, 4);
        assert_eq!(console.stored("other").await.signals.calls_24h, 0);
    }
}

#[tokio::test]
async fn a_body_that_is_sent_again_counts_once_however_it_is_packed() {
    for console in both().await {
        let app = app(&console).await;
        for (media_type, body) in encodings(&["acme", "nobody", "acme"]) {
            let (packed, more) = (gzip(&body), zstd(&body));
            let mut answers = Vec::new();
            for (coding, body) in [(None, body), (Some("gzip"), packed), (Some("zstd"), more)] {
                let sent = (media_type, coding);
                let answer = post(&app, TRACES, Some("platform"), sent, body).await;
                answers.push(rejected(&answer, media_type));
            }
            assert_eq!(answers[0].0, 1);
            assert!(answers.iter().all(|one| *one == answers[0]), "{answers:?}");
        }
        let calls = console.stored("acme").await.signals.calls_24h;
        assert_eq!(calls, 4, "{}: two in each encoding", console.engine);
    }
}

#[tokio::test]
async fn what_is_rejected_is_counted_and_each_kind_of_fault_is_named_once() {
    let console = sqlite().await;
    let app = app(&console).await;
    let bad = async |path, name| {
        let answer = post(&app, path, Some("platform"), (JSON, None), corpus(name)).await;
        rejected(&answer, JSON)
    };
    let (count, message) = bad(TRACES, "bad-spans.json").await;
    assert_eq!(count, 15);
    let expected = "Not counted: \
        at: must not be more than 8 days ago (2 spans, the first with 2026-11-13T12:00:00+00:00); \
        at: must not be more than 5 minutes ahead (2 spans, the first with 2200-01-01T00:00:00+00:00); \
        status: must be an HTTP status from 100 to 599 (9 spans, the first with 0); \
        tenant_id: no tenant with this ID is registered (2 spans, the first with nobody).";
    assert_eq!(message, expected);
    let (count, message) = bad(METRICS, "bad-points.json").await;
    assert_eq!(count, 18);
    for part in [
        "sum: must be a number from 0 (4 data points)",
        "count: must be from 1 to 1,000,000 (2 data points, the first with 1000001)",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta (2 data points)",
        "data: must be a histogram or an exponential histogram (3 data points)",
    ] {
        assert!(message.contains(part), "{message}");
    }
    // One span, and the points with 1 and with 1,000,000.
    let calls = console.stored("acme").await.signals.calls_24h;
    assert_eq!(calls, 1_000_002);
}

#[tokio::test]
async fn where_nothing_is_valid_nothing_is_kept() {
    for console in both().await {
        let app = app(&console).await;
        for (which, tenant) in ["late", "later"].into_iter().enumerate() {
            let (media_type, body) = encodings(&[tenant])[which].clone();
            let sent = (media_type, None);
            let first = post(&app, TRACES, Some("platform"), sent, body.clone()).await;
            assert_eq!(rejected(&first, media_type).0, 1);
            console.register(tenant, "Late").await;
            let second = post(&app, TRACES, Some("platform"), sent, body).await;
            assert_eq!(rejected(&second, media_type), (0, String::new()));
        }
    }
}

#[tokio::test]
async fn what_sdks_send_is_counted() {
    let console = sqlite().await;
    let app = app(&console).await;
    console.clock.set("2026-11-30T14:07:00Z".parse().unwrap());
    for (name, media_type, lost) in [
        ("python-flask-old-traces.pb", PROTOBUF, 1),
        ("python-flask-new-traces.pb", PROTOBUF, 1),
        ("python-fastapi-traces.pb", PROTOBUF, 1),
        ("node-express-traces.json", JSON, 0),
    ] {
        let sent = (media_type, Some("gzip"));
        let body = gzip(&corpus(name));
        let answer = post(&app, TRACES, Some("platform"), sent, body).await;
        assert_eq!(rejected(&answer, media_type).0, lost, "{name}");
    }
    let signals = console.stored("acme").await.signals;
    assert_eq!((signals.calls_24h, signals.errors_24h), (9, 5));
}

#[tokio::test]
async fn what_is_no_export_is_refused_with_a_status() {
    let console = sqlite().await;
    let app = app(&console).await;
    let [(_, protobuf), (_, json)] = encodings(&["acme"]);
    let spaces = " ".repeat(8 * 1024 * 1024 + 1).into_bytes();
    let many = spans(&vec!["acme"; 10_001]).encode_to_vec();
    let objects = format!(r#"{{"resourceSpans":[{}{{}}]}}"#, "{},".repeat(500_000));
    for (media_type, coding, body, status) in [
        (PROTOBUF, None, b"{}".to_vec(), 400),
        (JSON, None, protobuf.clone(), 400),
        (JSON, None, b"[]".to_vec(), 400),
        (PROTOBUF, None, protobuf[..20].to_vec(), 400),
        (PROTOBUF, Some("gzip"), gzip(&protobuf)[..20].to_vec(), 400),
        (PROTOBUF, Some("zstd"), zstd(&protobuf)[..20].to_vec(), 400),
        (PROTOBUF, Some("gzip"), protobuf.clone(), 400),
        (PROTOBUF, Some("gzip"), gzip(&spaces), 413),
        (JSON, Some("zstd"), zstd(&spaces), 413),
        (JSON, None, spaces.clone(), 413),
        (PROTOBUF, None, many, 413),
        (JSON, None, objects.into_bytes(), 413),
        (JSON, Some("br"), json.clone(), 415),
        (JSON, Some("deflate"), json.clone(), 415),
    ] {
        let sent = (media_type, coding);
        let size = body.len();
        let answer = post(&app, TRACES, Some("platform"), sent, body).await;
        assert_eq!(answer.status, status, "{sent:?} {size}");
        let (code, message) = rpc_status(&answer, media_type);
        assert_eq!(code, 3, "{sent:?} {size}");
        assert!(!message.is_empty(), "{sent:?} {size}");
    }
    for media_type in ["text/plain", "application/x-ndjson", "application/grpc"] {
        let sent = (media_type, None);
        let answer = post(&app, TRACES, Some("platform"), sent, json.clone()).await;
        assert_eq!(answer.status, 415, "{media_type}");
        assert_eq!(answer.json()["code"], "unsupported_media_type");
    }
    let get = request(&app, "GET", TRACES, Some("platform"), "");
    assert_eq!(send(&app, get).await.status, 405);
    assert_eq!(console.stored("acme").await.signals.calls_24h, 0);
}

#[tokio::test]
async fn senders_are_told_when_to_try_again() {
    let mut console = sqlite().await;
    console.core.config = Arc::new(Config {
        limits: LimitConfig {
            key_reports_per_minute: 3,
            ..LimitConfig::default()
        },
        ..Config::default()
    });
    let app = app(&console).await;
    let [(media_type, body), _] = encodings(&["acme"]);
    let send = async || {
        let sent = (media_type, None);
        post(&app, TRACES, Some("platform"), sent, body.clone()).await
    };
    let held = fill(&console.core.store, Lane::Reports).await;
    let busy = send().await;
    assert_eq!(busy.status, 503);
    assert_eq!(busy.headers["retry-after"], "5");
    assert_eq!(rpc_status(&busy, media_type).0, 14);
    drop(held);
    for _ in 0..2 {
        assert_eq!(send().await.status, 200);
    }
    let refused = send().await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.headers["retry-after"], "20");
    assert!(refused.headers.contains_key("ratelimit"));
    assert_eq!(rpc_status(&refused, media_type).0, 8);
}

#[tokio::test]
async fn no_telemetry_is_read_before_its_turn() {
    let console = sqlite().await;
    let app = app(&console).await;
    app.bodies.close();
    for path in [TRACES, METRICS, "/api/v1/requests"] {
        let sent = (JSON, Some("gzip"));
        let put_off = post(&app, path, Some("platform"), sent, b"not gzip".to_vec()).await;
        assert_eq!(put_off.status, 503, "{path}");
        assert_eq!(put_off.headers["retry-after"], "5", "{path}");
    }
    // Nobody waits for a body that may not be sent.
    let refused = post(&app, TRACES, Some("reader"), (JSON, None), Vec::new()).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn a_body_at_the_address_of_the_other_signal_is_refused_and_sent_to_its_own() {
    let console = sqlite().await;
    let app = app(&console).await;
    let both = br#"{"resourceSpans":[],"resourceMetrics":[]}"#.to_vec();
    for (path, body, right) in [
        (TRACES, corpus("odd-points.json"), METRICS),
        (METRICS, corpus("odd-spans.json"), TRACES),
        (TRACES, both.clone(), METRICS),
        (METRICS, both, TRACES),
    ] {
        let answer = post(&app, path, Some("platform"), (JSON, None), body).await;
        assert_eq!(answer.status, 400, "{path}");
        let (code, message) = rpc_status(&answer, JSON);
        assert_eq!(code, 3, "{path}");
        assert!(
            message.ends_with(&format!("Send it to {right}.")),
            "{message}"
        );
    }
    let empty = br#"{"resourceSpans":[],"resourceMetrics":null}"#.to_vec();
    let answer = post(&app, TRACES, Some("platform"), (JSON, None), empty).await;
    assert_eq!(answer.status, 200);
}
