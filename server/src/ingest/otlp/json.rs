//! Export requests in JSON: names in lower camel case, unknown ones ignored, 64-bit numbers as
//! texts, enumerations as numbers (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>).

mod scalar;

use app::domain::at_fault::field_and_message;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};

use self::scalar::{Choice, decimal, maybe_whole, or_default, whole};
use super::{
    Signal, Unreadable,
    attributes::{Attributes, Names, Value},
    calls::{
        Around, Calls, Counting, DELTA, FAILED, METRIC, NO_VALUE, Point, SERVER, Span, counts_calls,
    },
};

/// How many objects and lists a body may have. The smallest takes 3 bytes, and 30 times as much once
/// it is read. A real body of 8 MiB has up to 350,000.
const OBJECTS_MAX: usize = 500_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Traces {
    #[serde(default, deserialize_with = "or_default")]
    resource_spans: Vec<OfResource<JsonSpan>>,
    resource_metrics: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    #[serde(default, deserialize_with = "or_default")]
    resource_metrics: Vec<OfResource<Metric>>,
    resource_spans: Option<IgnoredAny>,
}

/// Spans and metrics have the same objects around them.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct OfResource<T> {
    #[serde(default, deserialize_with = "or_default")]
    resource: Holder,
    #[serde(
        default,
        rename = "scopeSpans",
        alias = "scopeMetrics",
        deserialize_with = "or_default"
    )]
    of_scopes: Vec<OfScope<T>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct OfScope<T> {
    #[serde(default, deserialize_with = "or_default")]
    scope: Holder,
    #[serde(
        default,
        rename = "spans",
        alias = "metrics",
        deserialize_with = "or_default"
    )]
    items: Vec<T>,
}

/// A resource or a scope.
#[derive(Default, Deserialize)]
struct Holder {
    #[serde(default, deserialize_with = "or_default")]
    attributes: Vec<KeyValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonSpan {
    #[serde(default)]
    kind: Choice,
    #[serde(default, deserialize_with = "whole")]
    start_time_unix_nano: u64,
    #[serde(default, deserialize_with = "whole")]
    end_time_unix_nano: u64,
    #[serde(default, deserialize_with = "or_default")]
    attributes: Vec<KeyValue>,
    #[serde(default, deserialize_with = "or_default")]
    status: Status,
}

#[derive(Default, Deserialize)]
struct Status {
    #[serde(default)]
    code: Choice,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    #[serde(default, deserialize_with = "or_default")]
    name: String,
    histogram: Option<Data>,
    exponential_histogram: Option<Data>,
    #[serde(alias = "sum", alias = "summary")]
    gauge: Option<Data>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(default, deserialize_with = "or_default")]
    data_points: Vec<JsonPoint>,
    #[serde(default)]
    aggregation_temporality: Choice,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonPoint {
    #[serde(default, deserialize_with = "or_default")]
    attributes: Vec<KeyValue>,
    #[serde(default, deserialize_with = "whole")]
    time_unix_nano: u64,
    #[serde(default, deserialize_with = "whole")]
    count: u64,
    #[serde(default, deserialize_with = "decimal")]
    sum: Option<f64>,
    #[serde(default, deserialize_with = "decimal")]
    min: Option<f64>,
    #[serde(default, deserialize_with = "decimal")]
    max: Option<f64>,
    #[serde(default, deserialize_with = "whole")]
    flags: u64,
}

#[derive(Deserialize)]
struct KeyValue {
    #[serde(default, deserialize_with = "or_default")]
    key: String,
    #[serde(default, deserialize_with = "or_default")]
    value: AnyValue,
}

#[derive(Default, Deserialize)]
struct AnyValue {
    #[serde(rename = "stringValue")]
    text: Option<String>,
    #[serde(default, rename = "intValue", deserialize_with = "maybe_whole")]
    number: Option<i64>,
    #[serde(rename = "arrayValue")]
    list: Option<List>,
}

/// Only the first member is used, and that is no list, so nothing is nested.
#[derive(Deserialize)]
struct List {
    #[serde(default, deserialize_with = "or_default")]
    values: Vec<Member>,
}

#[derive(Deserialize)]
struct Member {
    #[serde(rename = "stringValue")]
    text: Option<String>,
    #[serde(default, rename = "intValue", deserialize_with = "maybe_whole")]
    number: Option<i64>,
}

/// Reads an `ExportTraceServiceRequest`.
pub(super) fn read_traces(body: &[u8], calls: &mut Calls<'_>) -> Result<(), Unreadable> {
    let export: Traces = parse(body)?;
    if export.resource_metrics.is_some() {
        return Err(Unreadable::OtherSignal(Signal::Metrics));
    }
    let names = calls.names();
    each_scope(&export.resource_spans, names, |of_scope, around| {
        let spans = of_scope.items.iter();
        for span in spans.filter(|span| span.kind.is(SERVER, "SPAN_KIND_SERVER")) {
            let span = Span {
                start: span.start_time_unix_nano,
                end: span.end_time_unix_nano,
                is_failed: span.status.code.is(FAILED, "STATUS_CODE_ERROR"),
                attributes: attributes_of(&span.attributes, names),
            };
            calls.add_span(&span, around)?;
        }
        Ok(())
    })
}

/// Reads an `ExportMetricsServiceRequest`.
pub(super) fn read_metrics(body: &[u8], calls: &mut Calls<'_>) -> Result<(), Unreadable> {
    let export: Metrics = parse(body)?;
    if export.resource_spans.is_some() {
        return Err(Unreadable::OtherSignal(Signal::Traces));
    }
    let names = calls.names();
    each_scope(&export.resource_metrics, names, |of_scope, around| {
        let metrics = &of_scope.items;
        let has_newer = metrics.iter().any(|metric| metric.name == METRIC);
        let counting = metrics.iter();
        for metric in counting.filter(|metric| counts_calls(metric.name.as_bytes(), has_newer)) {
            read_metric(metric, around, calls)?;
        }
        Ok(())
    })
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    let opens = |byte: &u8| matches!(byte, b'{' | b'[');
    if body.split(opens).nth(OBJECTS_MAX).is_some() {
        return Err(Unreadable::TooManyObjects);
    }
    // A list would else be read as the fields of an object in their order.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(Unreadable::Json("it must be an object".to_owned()));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let (field, message) =
            field_and_message(&error.path().to_string(), &error.inner().to_string());
        Unreadable::Json(format!("{field}: {message}"))
    })?;
    let end = deserializer.end();
    end.map_err(|_| Unreadable::Json("there is more after its end".to_owned()))?;
    Ok(value)
}

fn each_scope<'e, T>(
    of_resources: &'e [OfResource<T>],
    names: Names<'_>,
    mut read: impl FnMut(&'e OfScope<T>, &Around<'e>) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    for of_resource in of_resources {
        let mut around = Around {
            resource: attributes_of(&of_resource.resource.attributes, names),
            ..Around::default()
        };
        for of_scope in &of_resource.of_scopes {
            around.scope = attributes_of(&of_scope.scope.attributes, names);
            read(of_scope, &around)?;
        }
    }
    Ok(())
}

fn attributes_of<'e>(pairs: &'e [KeyValue], names: Names<'_>) -> Attributes<'e> {
    let mut attributes = Attributes::default();
    for pair in pairs {
        if names.is_read(pair.key.as_bytes()) {
            attributes.add(&pair.key, value_of(&pair.value));
        }
    }
    attributes
}

fn value_of(any: &AnyValue) -> Value<'_> {
    match any.list.as_ref().map(|list| list.values.first()) {
        None => scalar(any.text.as_deref(), any.number),
        Some(Some(first)) => scalar(first.text.as_deref(), first.number),
        Some(None) => Value::Other,
    }
}

fn scalar(text: Option<&str>, number: Option<i64>) -> Value<'_> {
    match (text, number) {
        (Some(text), _) => Value::Text(text),
        (None, Some(number)) => Value::Whole(number),
        (None, None) => Value::Other,
    }
}

fn read_metric(
    metric: &Metric,
    around: &Around<'_>,
    calls: &mut Calls<'_>,
) -> Result<(), Unreadable> {
    let histograms = [&metric.histogram, &metric.exponential_histogram];
    for data in histograms.into_iter().flatten() {
        let temporality = &data.aggregation_temporality;
        let is_delta = temporality.is(DELTA, "AGGREGATION_TEMPORALITY_DELTA");
        let temporality = if is_delta { DELTA } else { 0 };
        read_points(data, Counting::Histogram { temporality }, around, calls)?;
    }
    match &metric.gauge {
        Some(data) => read_points(data, Counting::Other, around, calls),
        None => Ok(()),
    }
}

fn read_points(
    data: &Data,
    counting: Counting,
    around: &Around<'_>,
    calls: &mut Calls<'_>,
) -> Result<(), Unreadable> {
    for point in &data.data_points {
        let point = Point {
            at: point.time_unix_nano,
            count: point.count,
            sum: point.sum,
            min: point.min,
            max: point.max,
            has_no_value: point.flags & NO_VALUE != 0,
            attributes: attributes_of(&point.attributes, calls.names()),
        };
        calls.add_point(&point, counting, around)?;
    }
    Ok(())
}
