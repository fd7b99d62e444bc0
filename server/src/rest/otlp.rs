//! `POST /v1/traces` and `POST /v1/metrics`: telemetry in OpenTelemetry's protocol, at the addresses
//! that its senders expect (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).
//!
//! The calls are handled like those of `POST /api/v1/requests`. Answers have the encoding of the
//! request.

mod answer;

use std::fmt;

use app::domain::{
    caller::Context,
    policy::Act,
    problem::{Problem, ProblemCode},
    telemetry::{RejectedRecord, RequestRecord},
};
use axum::{
    extract::{Request, State},
    response::Response,
};
use sha2::{Digest, Sha256};

use super::{
    auth::KeyHolder,
    error::RestProblem,
    extract::{receive_body, unsupported},
    requests::BATCH_MAX,
};
use crate::{
    app_state::AppState,
    ingest::{
        Batch,
        otlp::{self, Signal, Unreadable},
    },
};

pub(crate) use self::answer::answer_in_kind;

pub(crate) const TRACES: &str = "/v1/traces";
pub(crate) const METRICS: &str = "/v1/metrics";

/// How many kinds of faults an answer names.
const KINDS_MAX: usize = 16;

/// Send calls of tenants as spans.
pub(crate) async fn send_traces(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    request: Request,
) -> Result<Response, RestProblem> {
    receive(&state, &context, Signal::Traces, request).await
}

/// Send calls of tenants as histograms.
pub(crate) async fn send_metrics(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    request: Request,
) -> Result<Response, RestProblem> {
    receive(&state, &context, Signal::Metrics, request).await
}

async fn receive(
    state: &AppState,
    context: &Context,
    signal: Signal,
    request: Request,
) -> Result<Response, RestProblem> {
    let Some(encoding) = answer::encoding_of(request.headers()) else {
        return Err(unsupported("application/x-protobuf or application/json").into());
    };
    // A caller without the right must not make us read megabytes.
    state.core.authorise(context, Act::SendTelemetry)?;
    let sent = receive_body(request, BATCH_MAX).await?;
    let names = state.core.config.telemetry.tenant_attributes.clone();
    let read = state.bodies.read(move || {
        let body = sent.unpack()?;
        let batch = otlp::read(signal, encoding, &body, &names).map_err(unreadable)?;
        let (batch, rejected) = sorted_out(batch);
        let key = (!batch.records.is_empty()).then(|| content_key(signal, &names, &body));
        Ok((batch, rejected, key))
    });
    let (batch, mut rejected, key) = read.await?;
    let mut message = Faults::of(signal);
    for one in &rejected {
        message.add(one, None);
    }
    if let Some(key) = key {
        let report = state.telemetry.ingest_any(context, &batch, Some(key));
        let report = report.await?;
        for one in &report.rejected {
            let record = batch.records.get(one.index);
            message.add(one, record.and_then(|record| record.as_ref().ok()));
        }
        rejected.extend(report.rejected);
    }
    let count = rejected.len() as u64;
    let message = message.to_string();
    Ok(answer::partial_success(encoding, signal, count, &message))
}

/// Splits a batch into the calls that may count, and the reasons why the others don't. Only the calls
/// are ingested, because the report of a batch is kept with its key.
fn sorted_out(batch: Batch) -> (Batch, Vec<RejectedRecord>) {
    let (mut records, mut rejected) = (Vec::new(), Vec::new());
    for record in batch.records {
        match record {
            Ok(record) => records.push(Ok(record)),
            Err(reason) => rejected.push(reason),
        }
    }
    (Batch { records }, rejected)
}

fn unreadable(error: Unreadable) -> Problem {
    let code = match error {
        Unreadable::Protobuf | Unreadable::Json(_) | Unreadable::OtherSignal(_) => {
            ProblemCode::MalformedRequest
        }
        Unreadable::TooManyCalls | Unreadable::TooManyObjects => ProblemCode::TooLarge,
    };
    let detail = match error {
        Unreadable::OtherSignal(signal) => format!("{error} Send it to {}.", path(signal)),
        _ => error.to_string(),
    };
    Problem::new(code, detail)
}

/// The idempotency key of a batch, by its content, because OTLP has none. Senders repeat a batch that
/// was not answered. Different batches differ in the IDs or times of their spans and data points.
fn content_key(signal: Signal, tenant_attributes: &[String], body: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(path(signal));
    for name in tenant_attributes {
        hasher.update([0_u8]);
        hasher.update(name);
    }
    hasher.update([0_u8, 0]);
    hasher.update(body);
    format!("otlp-{}", hex::encode(hasher.finalize()))
}

const fn path(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => TRACES,
        Signal::Metrics => METRICS,
    }
}

/// Names each kind of fault once, with how often it occurred and where it occurred first.
struct Faults {
    /// What one of its items is called. A data point may stand for many calls.
    item: &'static str,
    kinds: Vec<Kind>,
}

/// A kind of fault.
struct Kind {
    field: String,
    message: String,
    items: u64,
    /// The first value at fault.
    value: Option<String>,
}

impl Faults {
    const fn of(signal: Signal) -> Self {
        let item = match signal {
            Signal::Traces => "span",
            Signal::Metrics => "data point",
        };
        let kinds = Vec::new();
        Self { item, kinds }
    }

    /// Adds a fault, with the record that has it if there is one.
    fn add(&mut self, fault: &RejectedRecord, record: Option<&RequestRecord>) {
        let field = fault.field.as_deref().unwrap_or("record");
        let mut kinds = self.kinds.iter_mut();
        let same = kinds.find(|kind| kind.field == field && kind.message == fault.message);
        if let Some(kind) = same {
            kind.items += 1;
        } else if self.kinds.len() < KINDS_MAX {
            self.kinds.push(Kind {
                field: field.to_owned(),
                message: fault.message.clone(),
                items: 1,
                value: record.and_then(|record| value_of(record, field)),
            });
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, kind) in self.kinds.iter().enumerate() {
            let before = if place == 0 { "Not counted: " } else { "; " };
            let plural = if kind.items == 1 { "" } else { "s" };
            write!(
                f,
                "{before}{}: {} ({} {}{plural}",
                kind.field, kind.message, kind.items, self.item
            )?;
            if let Some(value) = &kind.value {
                write!(f, ", the first with {value}")?;
            }
            f.write_str(")")?;
        }
        match self.kinds.is_empty() {
            true => Ok(()),
            false => f.write_str("."),
        }
    }
}

fn value_of(record: &RequestRecord, field: &str) -> Option<String> {
    Some(match field {
        "tenant_id" => record.tenant_id.to_string(),
        "at" => record.at.to_rfc3339(),
        "status" => record.status.to_string(),
        "count" => record.count.to_string(),
        _ => return None,
    })
}
