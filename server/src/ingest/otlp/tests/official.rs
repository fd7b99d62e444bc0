//! The messages of opentelemetry-proto, in both encodings: that our numbers and names are theirs.

use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::{
            ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
        },
        trace::v1::{
            ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
        },
    },
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, any_value::Value},
    metrics::v1::{
        ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
        Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data,
    },
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::Event},
};
use prost::Message;

use super::*;

const NOON: u64 = 1_795_348_800_000_000_000;

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

fn status(code: i64) -> KeyValue {
    attribute("http.response.status_code", Value::IntValue(code))
}

fn list(key: &str, values: &[&str]) -> KeyValue {
    let values = values.iter().map(|value| AnyValue {
        value: Some(Value::StringValue((*value).into())),
    });
    let values = values.collect();
    attribute(key, Value::ArrayValue(ArrayValue { values }))
}

fn resource(tenant: &str) -> Resource {
    Resource {
        attributes: vec![text("tenant.id", tenant)],
        ..Resource::default()
    }
}

fn scope(tenant: &str) -> InstrumentationScope {
    InstrumentationScope {
        name: "scope".into(),
        version: "1".into(),
        attributes: vec![text("tenant.id", tenant)],
        ..InstrumentationScope::default()
    }
}

fn span(kind: i32, failed: bool, attributes: Vec<KeyValue>) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: "GET".into(),
        kind,
        start_time_unix_nano: NOON - 12_000_000,
        end_time_unix_nano: NOON,
        attributes,
        events: vec![Event {
            name: "exception".into(),
            ..Event::default()
        }],
        status: failed.then(|| Status {
            message: "out of order".into(),
            code: 2,
        }),
        ..Span::default()
    }
}

fn export_of_traces() -> ExportTraceServiceRequest {
    let id = list("http.request.header.x-request-id", &[RECORDED_ID, "second"]);
    let path = text("url.path", "/a");
    let spans = vec![
        span(2, false, vec![status(200), path.clone(), id]),
        span(2, false, vec![status(404), text("tenant.id", "cargo")]),
        span(2, true, vec![]),
        span(2, false, vec![]),
        span(3, true, vec![status(500)]),
    ];
    let of = |scope, spans| ScopeSpans {
        scope,
        spans,
        ..ScopeSpans::default()
    };
    let last = vec![span(2, false, vec![status(201), path])];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource("acme")),
            scope_spans: vec![of(Some(scope("bolt")), spans), of(None, last)],
            ..ResourceSpans::default()
        }],
    }
}

fn both(signal: Signal, protobuf: &[u8], json: &[u8]) -> Vec<String> {
    let names = ["tenant.id".to_owned()];
    let protobuf = read(signal, Encoding::Protobuf, protobuf, &names).unwrap();
    let json = read(signal, Encoding::Json, json, &names).unwrap();
    assert_eq!(protobuf, json);
    lines(&protobuf)
}

#[test]
fn spans_of_others_are_read_as_they_mean_them() {
    let export = export_of_traces();
    let json = serde_json::to_vec(&export).unwrap();
    let found = both(Signal::Traces, &export.encode_to_vec(), &json);
    let expected = [
        format!("bolt 200 1 - /a 12 {RECORDED_ID}"),
        "cargo 404 1 - - 12 -".into(),
        "bolt 500 1 - - 12 -".into(),
        "acme 201 1 - /a 12 -".into(),
    ];
    assert_eq!(found, expected);
}

fn metric(data: Data) -> Metric {
    Metric {
        name: "http.server.request.duration".into(),
        unit: "s".into(),
        data: Some(data),
        ..Metric::default()
    }
}

fn histogram(temporality: i32, points: Vec<HistogramDataPoint>) -> Metric {
    metric(Data::Histogram(Histogram {
        data_points: points,
        aggregation_temporality: temporality,
    }))
}

fn point(count: u64, sum: f64) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: vec![status(200), text("http.request.method", "GET")],
        start_time_unix_nano: NOON - 60_000_000_000,
        time_unix_nano: NOON,
        count,
        sum: Some(sum),
        bucket_counts: vec![count, 0],
        explicit_bounds: vec![0.1],
        ..HistogramDataPoint::default()
    }
}

fn exponential(tenant: &str, flags: u32) -> ExponentialHistogramDataPoint {
    ExponentialHistogramDataPoint {
        attributes: vec![status(503), text("tenant.id", tenant)],
        time_unix_nano: NOON,
        count: 7,
        sum: Some(0.5),
        scale: 3,
        flags,
        max: Some(0.4),
        ..ExponentialHistogramDataPoint::default()
    }
}

fn export_of_metrics() -> ExportMetricsServiceRequest {
    let negative = HistogramDataPoint {
        min: Some(-1.0),
        ..point(1, 1.0)
    };
    let no_value = HistogramDataPoint {
        flags: 1,
        ..point(1, 1.0)
    };
    let gauge = NumberDataPoint {
        attributes: vec![status(200)],
        ..NumberDataPoint::default()
    };
    let metrics = vec![
        histogram(1, vec![point(3, 0.5), point(0, 0.0), negative, no_value]),
        histogram(2, vec![point(3, 0.5)]),
        metric(Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![exponential("bolt", 0), exponential("bolt", 1)],
            aggregation_temporality: 1,
        })),
        metric(Data::Gauge(Gauge {
            data_points: vec![gauge],
        })),
    ];
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource("acme")),
            scope_metrics: vec![ScopeMetrics {
                metrics,
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    }
}

#[test]
fn data_points_of_others_are_read_as_they_mean_them() {
    let export = export_of_metrics();
    let json = serde_json::to_vec(&export).unwrap();
    let found = both(Signal::Metrics, &export.encode_to_vec(), &json);
    let expected = [
        "acme 200 3 GET - - -",
        "min: must be a number from 0",
        "aggregation_temporality: must be delta: set \
         OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta",
        "bolt 503 7 - - - -",
        "data: must be a histogram or an exponential histogram",
    ];
    assert_eq!(found, expected);
}

#[test]
fn others_read_the_answers_as_we_mean_them() {
    let mut answer = Vec::new();
    write_bytes(1, &write_message(300, "why"), &mut answer);
    let traces = ExportTraceServiceResponse::decode(&*answer).unwrap();
    let expected = ExportTracePartialSuccess {
        rejected_spans: 300,
        error_message: "why".into(),
    };
    assert_eq!(traces.partial_success, Some(expected));
    let metrics = ExportMetricsServiceResponse::decode(&*answer).unwrap();
    let expected = ExportMetricsPartialSuccess {
        rejected_data_points: 300,
        error_message: "why".into(),
    };
    assert_eq!(metrics.partial_success, Some(expected));
}
