//! Bodies as they are sent (`tests/otlp`), and bodies that nobody should send.

mod hostile;
mod official;

use std::path::Path;

use app::domain::{Timestamp, telemetry::RequestRecord};

use super::*;
use crate::ingest::validate;

const RECORDED_ID: &str = "01937e2c-7b6a-7cc0-8000-000000000001";
const NO_TENANT: &str =
    "tenant.id: is missing: set it on the span or data point, its scope or its resource";

/// A body of the corpus.
fn body(name: &str) -> Vec<u8> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/otlp");
    std::fs::read(corpus.join(name)).unwrap()
}

fn kind_of(name: &str) -> (Signal, Encoding) {
    let signal = match name.contains("metrics") || name.contains("points") {
        true => Signal::Metrics,
        false => Signal::Traces,
    };
    let encoding = match name.rsplit_once('.') {
        Some((_, "pb")) => Encoding::Protobuf,
        _ => Encoding::Json,
    };
    (signal, encoding)
}

fn read_by(name: &str, tenant_attribute: &str) -> Batch {
    let (signal, encoding) = kind_of(name);
    let names = [tenant_attribute.to_owned()];
    read(signal, encoding, &body(name), &names).unwrap()
}

/// Tenant, status, count, method, path, milliseconds and request id of a record.
fn line(record: &RequestRecord) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        record.tenant_id.to_string(),
        record.status.to_string(),
        record.count.to_string(),
        or_dash(record.method.clone()),
        or_dash(record.path.clone()),
        or_dash(record.duration_ms.map(|ms| ms.to_string())),
        or_dash(record.request_id.clone()),
    ]
    .join(" ")
}

fn lines(batch: &Batch) -> Vec<String> {
    let records = batch.records.iter().enumerate();
    let lines = records.map(|(index, record)| match record {
        Ok(record) => line(record),
        Err(rejected) => {
            assert_eq!(rejected.index, index);
            let field = rejected.field.as_deref().unwrap_or_default();
            format!("{field}: {}", rejected.message)
        }
    });
    lines.collect()
}

/// The lines without the milliseconds, which differ each time that something real is recorded.
fn steady(batch: &Batch) -> Vec<String> {
    let mut batch = batch.clone();
    for record in batch.records.iter_mut().flatten() {
        assert!(record.duration_ms.is_some(), "{record:?}");
        record.duration_ms = None;
    }
    lines(&batch)
}

#[test]
fn the_spans_of_real_instrumentations_are_calls() {
    for (name, route, failure, lost) in [
        (
            "python-flask-old-traces.pb",
            "/invoices/<int:id>",
            500,
            None,
        ),
        (
            "python-flask-new-traces.pb",
            "/invoices/<int:id>",
            500,
            None,
        ),
        (
            "python-flask-both-traces.pb",
            "/invoices/<int:id>",
            500,
            None,
        ),
        ("python-fastapi-traces.pb", "/invoices/{id}", 503, None),
        (
            "node-express-traces.json",
            "/invoices/:id",
            503,
            Some("acme"),
        ),
        ("node-express-traces.pb", "/invoices/:id", 503, Some("acme")),
    ] {
        let lost = lost.map_or_else(
            || NO_TENANT.to_owned(),
            |tenant| format!("{tenant} 404 1 GET /nothing - {RECORDED_ID}"),
        );
        let expected = [
            format!("acme 200 1 GET {route} - {RECORDED_ID}"),
            format!("acme {failure} 1 GET {route} - {RECORDED_ID}"),
            lost,
        ];
        assert_eq!(steady(&read_by(name, "tenant.id")), expected, "{name}");
    }
}

#[test]
fn a_call_is_about_the_end_of_its_span() {
    let batch = read_by("node-express-traces.json", "tenant.id");
    let record = batch.records[0].as_ref().unwrap();
    assert_eq!(
        record.at.timestamp_nanos_opt(),
        Some(1_796_047_575_455_495_532)
    );
    assert_eq!(record.duration_ms, Some(12));
}

#[test]
fn the_histograms_of_real_instrumentations_count_calls() {
    for (name, route, failure) in [
        ("python-flask-old-metrics.pb", "/invoices/<int:id>", 500),
        ("python-flask-both-metrics.pb", "/invoices/<int:id>", 500),
        ("node-express-metrics.json", "/invoices/:id", 503),
    ] {
        let expected = [
            format!("invoices 200 1 GET {route} - -"),
            format!("invoices {failure} 1 GET {route} - -"),
            "invoices 404 1 GET - - -".to_owned(),
        ];
        let mut found = lines(&read_by(name, "service.name"));
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn cumulative_metrics_are_refused_with_what_to_set() {
    let batch = read_by("python-fastapi-cumulative-metrics.pb", "service.name");
    let lines = lines(&batch);
    assert_eq!(lines.len(), 3);
    for line in lines {
        let wanted = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta";
        assert!(line.contains(wanted), "{line}");
    }
}

#[test]
fn everything_that_the_specification_allows_in_spans_is_read() {
    let id = RECORDED_ID;
    let expected = [
        "cargo 200 1 GET /v1/invoices/7 12 -".to_owned(),
        "bolt 200 1 GET /v1/invoices/7 12 -".into(),
        "bolt 201 1 POST /v1/users 12 -".into(),
        "bolt 304 1 GET / 12 -".into(),
        "acme 204 1 PURGE /cache 12 -".into(),
        "acme 200 1 GET /empty-route 12 -".into(),
        format!("acme 404 1 GET /v1/{{id}} 12 {id}"),
        format!("acme 200 1 - /v1/{{id}} 12 {id}"),
        "acme 500 1 - - 12 -".into(),
        "acme 200 1 - - - -".into(),
        "acme 200 1 - - - -".into(),
        "42 200 1 - - 12 -".into(),
        NO_TENANT.into(),
        "tenant.id: must be 1 to 128 characters of A–Z, a–z, 0–9, '.', '_', ':' and '-', and not \
         just dots"
            .into(),
        NO_TENANT.into(),
    ];
    assert_eq!(lines(&read_by("odd-spans.json", "tenant.id")), expected);
}

#[test]
fn everything_that_the_specification_allows_in_metrics_is_read() {
    let expected = [
        "acme 200 3 GET /v1/{id} - -",
        "bolt 503 2 GET /v1/{id} - -",
        "acme 500 4 GET - - -",
        "acme 200 5 GET - - -",
    ];
    assert_eq!(lines(&read_by("odd-points.json", "tenant.id")), expected);
}

#[test]
fn the_first_configured_attribute_that_is_there_names_the_tenant() {
    let names = ["customer", "tenant.id", "service.name"].map(str::to_owned);
    let span = |attributes: &str| {
        format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[{}]}},"scopeSpans":[{{"spans":[{{"kind":2,
            "endTimeUnixNano":"1","attributes":[{},{attributes}]}}]}}]}}]}}"#,
            r#"{"key":"service.name","value":{"stringValue":"s"}}"#,
            r#"{"key":"http.status_code","value":{"intValue":"200"}}"#,
        )
    };
    for (attributes, tenant) in [
        (r#"{"key":"tenant.id","value":{"stringValue":"t"}}"#, "t"),
        (
            r#"{"key":"tenant.id","value":{"stringValue":"t"}},{"key":"customer","value":{"intValue":7}}"#,
            "7",
        ),
        (r#"{"key":"other","value":{"stringValue":"o"}}"#, "s"),
        (
            r#"{"key":"customer","value":{"arrayValue":{"values":[{"stringValue":"l"}]}}}"#,
            "l",
        ),
    ] {
        let body = span(attributes);
        let batch = read(Signal::Traces, Encoding::Json, body.as_bytes(), &names).unwrap();
        let record = batch.records[0].as_ref().unwrap();
        assert_eq!(record.tenant_id.as_str(), tenant, "{attributes}");
    }
}

/// What the rules for records say to what a body has.
fn faults(batch: &Batch) -> Vec<String> {
    let noon: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    let records = batch.records.iter().enumerate();
    let faults = records.map(|(index, record)| match record {
        Ok(record) => validate(index, record, noon).err(),
        Err(rejected) => Some(rejected.clone()),
    });
    let fields = faults.map(|fault| fault.map_or_else(String::new, |one| one.field.unwrap()));
    fields.collect()
}

#[test]
fn what_can_not_be_counted_is_refused_by_its_field() {
    let spans = faults(&read_by("bad-spans.json", "tenant.id"));
    let expected = [&[""][..], &["at"; 4], &["status"; 9], &["", ""]].concat();
    assert_eq!(spans, expected);

    let points = faults(&read_by("bad-points.json", "tenant.id"));
    let sums = ["", "sum", "sum", "sum", "sum", "min", "max"];
    let counts = ["", "count", "count", "at", "at", "status", "tenant.id", ""];
    let kinds = [
        "aggregation_temporality",
        "aggregation_temporality",
        "data",
        "data",
        "data",
    ];
    assert_eq!(points, [&sums[..], &counts, &kinds].concat());
}

#[test]
fn no_text_of_a_client_hides_its_call() {
    let batch = read_by("client-texts-spans.json", "tenant.id");
    let expected = [
        "acme 500 1 - - 12 -",
        "acme 500 1 - - 12 -",
        "acme 500 1 - - - -",
    ];
    assert_eq!(lines(&batch), expected);
    assert_eq!(faults(&batch), ["", "", ""]);
}
