//! Spans and data points → records of calls.
//!
//! Paths, methods and request IDs in spans come from clients. One that is not valid in a record is left
//! out of it. If it made the call invalid, a client could hide its calls.

use app::domain::{
    RequestId, TenantId, Timestamp,
    telemetry::{MAX_RECORDS, RejectedRecord, RequestRecord},
};

use super::{
    Unreadable,
    attributes::{
        Attributes, ERROR, METHOD, Names, ORIGINAL_METHOD, PATH, REQUEST_ID, STATUS, TARGET, URL,
        Value,
    },
};
use crate::ingest::{
    Batch,
    validate::{DURATION_MAX_MS, METHOD_MAX, PATH_MAX, is_fit},
};

/// The kind of a server span.
pub(super) const SERVER: u64 = 2;
/// The status of a span that failed.
pub(super) const FAILED: u64 = 2;
/// The temporality of a metric whose points count what came since the point before.
pub(super) const DELTA: u64 = 1;
/// The bit of a data point that has no value.
pub(super) const NO_VALUE: u64 = 1;
/// The metric that counts calls.
pub(super) const METRIC: &str = "http.server.request.duration";
/// Its older name.
const OLDER_METRIC: &str = "http.server.duration";

/// Nanoseconds in a second.
const NANOSECONDS: u64 = 1_000_000_000;
/// Stands for a status that is no number. No record may have it.
const NO_STATUS: u16 = 0;

/// What a call belongs to.
#[derive(Debug, Default)]
pub(super) struct Around<'a> {
    pub(super) scope: Attributes<'a>,
    pub(super) resource: Attributes<'a>,
}

/// A server span.
#[derive(Debug, Default)]
pub(super) struct Span<'a> {
    /// In nanoseconds since 1970, as all instants of OTLP.
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) is_failed: bool,
    pub(super) attributes: Attributes<'a>,
}

/// A data point of a metric that counts calls.
#[derive(Debug, Default)]
pub(super) struct Point<'a> {
    pub(super) at: u64,
    pub(super) count: u64,
    pub(super) sum: Option<f64>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) has_no_value: bool,
    pub(super) attributes: Attributes<'a>,
}

/// How the data points of a metric count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// A histogram's, by its temporality.
    Histogram {
        temporality: u64,
    },
    Other,
}

/// Why a call doesn't count.
struct Fault {
    field: String,
    message: String,
}

impl Fault {
    fn new(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            message: message.into(),
        }
    }
}

/// The calls of a request, while it is read.
#[derive(Debug)]
pub(super) struct Calls<'n> {
    names: Names<'n>,
    records: Vec<Result<RequestRecord, RejectedRecord>>,
}

impl<'n> Calls<'n> {
    pub(super) const fn new(names: Names<'n>) -> Self {
        Self {
            names,
            records: Vec::new(),
        }
    }

    pub(super) const fn names(&self) -> Names<'n> {
        self.names
    }

    pub(super) fn into_batch(self) -> Batch {
        Batch {
            records: self.records,
        }
    }

    /// Adds the call of a server span. A span that is not about HTTP is skipped.
    pub(super) fn add_span(
        &mut self,
        span: &Span<'_>,
        around: &Around<'_>,
    ) -> Result<(), Unreadable> {
        let Some(status) = status_of(&span.attributes, span.is_failed) else {
            return Ok(());
        };
        let tenant = self.tenant_of(&span.attributes, around);
        self.add(tenant.map(|tenant_id| RequestRecord {
            tenant_id,
            at: instant(span.end),
            status,
            count: 1,
            method: method_of(&span.attributes),
            path: path_of(&span.attributes),
            duration_ms: duration_of(span),
            request_id: request_id_of(&span.attributes),
        }))
    }

    /// Adds the calls of a data point. A point without calls, or not about HTTP, is skipped.
    pub(super) fn add_point(
        &mut self,
        point: &Point<'_>,
        counting: Counting,
        around: &Around<'_>,
    ) -> Result<(), Unreadable> {
        let is_failed = point.attributes.get(ERROR).is_some();
        let Some(status) = status_of(&point.attributes, is_failed) else {
            return Ok(());
        };
        let is_empty = point.count == 0 && counting != Counting::Other;
        if point.has_no_value || is_empty {
            return Ok(());
        }
        let call = sound(point, counting).and_then(|()| {
            Ok(RequestRecord {
                tenant_id: self.tenant_of(&point.attributes, around)?,
                at: instant(point.at),
                status,
                // A count that doesn't fit is also too large for a record.
                count: u32::try_from(point.count).unwrap_or(u32::MAX),
                method: method_of(&point.attributes),
                path: path_of(&point.attributes),
                duration_ms: None,
                request_id: None,
            })
        });
        self.add(call)
    }

    fn add(&mut self, call: Result<RequestRecord, Fault>) -> Result<(), Unreadable> {
        let index = self.records.len();
        if index == MAX_RECORDS {
            return Err(Unreadable::TooManyCalls);
        }
        self.records.push(call.map_err(|fault| RejectedRecord {
            index,
            field: Some(fault.field),
            message: fault.message,
        }));
        Ok(())
    }

    /// The tenant that the call itself names, or else its scope, or else its resource.
    fn tenant_of(&self, own: &Attributes<'_>, around: &Around<'_>) -> Result<TenantId, Fault> {
        for attributes in [own, &around.scope, &around.resource] {
            for name in self.names.tenant() {
                if let Some(text) = attributes.get(name).and_then(Value::text) {
                    let tenant: Result<TenantId, _> = text.parse();
                    return tenant.map_err(|invalid| Fault::new(name, invalid.to_string()));
                }
            }
        }
        let names = self.names.tenant().join(" or ");
        Err(Fault::new(
            &names,
            "is missing: set it on the span or data point, its scope or its resource",
        ))
    }
}

/// Whether the metric with this name counts calls. Programs that send both names count each call
/// twice, so the older one then doesn't count.
pub(super) fn counts_calls(name: &[u8], has_newer: bool) -> bool {
    name == METRIC.as_bytes() || (name == OLDER_METRIC.as_bytes() && !has_newer)
}

/// Whether a data point can be counted.
fn sound(point: &Point<'_>, counting: Counting) -> Result<(), Fault> {
    match counting {
        Counting::Histogram { temporality: DELTA } => {}
        Counting::Histogram { .. } => {
            return Err(Fault::new(
                "aggregation_temporality",
                "must be delta: set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta",
            ));
        }
        Counting::Other => {
            return Err(Fault::new(
                "data",
                "must be a histogram or an exponential histogram",
            ));
        }
    }
    let figures = [("sum", point.sum), ("min", point.min), ("max", point.max)];
    for (field, figure) in figures {
        if figure.is_some_and(|figure| !figure.is_finite() || figure < 0.0) {
            return Err(Fault::new(field, "must be a number from 0"));
        }
    }
    Ok(())
}

/// The status of the response. A failed call without one counts as 500. Any other call without one is
/// not about HTTP.
fn status_of(attributes: &Attributes<'_>, is_failed: bool) -> Option<u16> {
    let status = match attributes.first(&STATUS) {
        Some(Value::Whole(number)) => u16::try_from(number).ok(),
        Some(Value::Text(text)) => text.trim().parse().ok(),
        Some(Value::Other) => None,
        None => return is_failed.then_some(500),
    };
    Some(status.unwrap_or(NO_STATUS))
}

fn method_of(attributes: &Attributes<'_>) -> Option<String> {
    let (_, method) = attributes.first_text(&METHOD)?;
    let method = match &*method {
        "_OTHER" => attributes.first_text(&[ORIGINAL_METHOD])?.1,
        _ => method,
    };
    is_fit(&method, METHOD_MAX).then(|| method.into_owned())
}

/// The route, or else the path, without a query: it can hold secrets.
fn path_of(attributes: &Attributes<'_>) -> Option<String> {
    let (name, text) = attributes.first_text(&PATH)?;
    let path = match name {
        URL => path_of_url(&text),
        TARGET => without_query(&text),
        _ => &*text,
    };
    is_fit(path, PATH_MAX).then(|| path.to_owned())
}

fn without_query(target: &str) -> &str {
    target.split(['?', '#']).next().unwrap_or_default()
}

fn path_of_url(url: &str) -> &str {
    let url = without_query(url);
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    after_scheme
        .find('/')
        .map_or("/", |start| &after_scheme[start..])
}

/// `None` where the clock was set back meanwhile, or for longer than a record can say.
fn duration_of(span: &Span<'_>) -> Option<u64> {
    let nanoseconds = span.end.checked_sub(span.start)?;
    Some(nanoseconds / 1_000_000).filter(|ms| *ms <= DURATION_MAX_MS)
}

/// The ID of a request that the gateway has forwarded. Any other ID is ignored.
fn request_id_of(attributes: &Attributes<'_>) -> Option<String> {
    let (_, text) = attributes.first_text(&REQUEST_ID)?;
    let id: RequestId = text.parse().ok()?;
    Some(id.to_string())
}

fn instant(nanoseconds: u64) -> Timestamp {
    let seconds = i64::try_from(nanoseconds / NANOSECONDS).unwrap_or(i64::MAX);
    let rest = u32::try_from(nanoseconds % NANOSECONDS).unwrap_or_default();
    // Every number of nanoseconds that fits has its instant, until the year 2554.
    Timestamp::from_timestamp(seconds, rest).unwrap_or_default()
}
