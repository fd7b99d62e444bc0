//! `POST /v1/traces` and `POST /v1/metrics`: telemetry by OpenTelemetry's protocol, at the addresses
//! that its senders expect (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).
//!
//! These calls go the same way as those of `POST /api/v1/requests`. Answers are in the encoding of
//! the request.

mod answer;

use app::domain::{
    caller::Context,
    policy::Act,
    problem::{Problem, ProblemCode},
    telemetry::{IngestReport, RejectedRecord, RequestRecord},
};
use axum::{
    extract::{Request, State},
    response::Response,
};
use sha2::{Digest, Sha256};

use super::{
    auth::KeyHolder,
    error::RestProblem,
    extract::{read_body, unsupported},
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
    let body = read_body(request, BATCH_MAX).await?;
    let tenant_attributes = &state.core.config.telemetry.tenant_attributes;
    let batch = otlp::read(signal, encoding, &body, tenant_attributes).map_err(unreadable)?;
    let report = match batch.records.iter().any(Result::is_ok) {
        true => {
            let key = content_key(signal, tenant_attributes, &body);
            let counted = state.telemetry.ingest_any(context, &batch, Some(key));
            counted.await?
        }
        false => nothing_valid(&batch),
    };
    let rejected = report.rejected.len() as u64;
    let message = told(&batch, &report.rejected);
    Ok(answer::partial_success(
        encoding, signal, rejected, &message,
    ))
}

fn unreadable(error: Unreadable) -> Problem {
    let code = match error {
        Unreadable::Protobuf | Unreadable::Json(_) => ProblemCode::MalformedRequest,
        Unreadable::TooManyCalls | Unreadable::TooManyObjects => ProblemCode::TooLarge,
    };
    Problem::new(code, error.to_string())
}

/// The report of a batch without a single call that could count.
fn nothing_valid(batch: &Batch) -> IngestReport {
    let records = batch.records.iter();
    IngestReport {
        rejected: records
            .filter_map(|record| record.as_ref().err().cloned())
            .collect(),
        ..IngestReport::default()
    }
}

/// The key of a batch, since OTLP has none: what it says. Senders repeat a batch that was not
/// answered, and spans and data points differ in their ids or times.
fn content_key(signal: Signal, tenant_attributes: &[String], body: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(path(signal));
    for name in tenant_attributes {
        hasher.update([0]);
        hasher.update(name);
    }
    hasher.update([0, 0]);
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
fn told(batch: &Batch, rejected: &[RejectedRecord]) -> String {
    let mut kinds: Vec<(&RejectedRecord, u64)> = Vec::new();
    for one in rejected {
        let is_same =
            |first: &RejectedRecord| first.field == one.field && first.message == one.message;
        match kinds.iter_mut().find(|(first, _)| is_same(first)) {
            Some((_, times)) => *times += 1,
            None if kinds.len() < KINDS_MAX => kinds.push((one, 1)),
            None => {}
        }
    }
    let kinds = kinds.into_iter().map(|(first, times)| {
        let field = first.field.as_deref().unwrap_or("record");
        let record = batch.records.get(first.index);
        let value = record.and_then(|record| value_of(record.as_ref().ok()?, field));
        let value = value.map_or_else(String::new, |value| format!(", the first with {value}"));
        let calls = if times == 1 { "call" } else { "calls" };
        format!("{field}: {} ({times} {calls}{value})", first.message)
    });
    let kinds: Vec<_> = kinds.collect();
    match kinds.is_empty() {
        true => String::new(),
        false => format!("Not counted: {}.", kinds.join("; ")),
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
