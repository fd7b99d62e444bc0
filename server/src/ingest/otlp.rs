//! OpenTelemetry's protocol (OTLP 1) → records of calls, as `POST /api/v1/requests` takes them.
//!
//! Only what a record needs is read. Protobuf is read in place, one span or data point at a time,
//! and JSON has a limit for its objects, so a body can't take much more memory than its own size.
//! Nothing here knows HTTP.

mod attributes;
mod calls;
mod json;
mod protobuf;
mod wire;

use app::domain::telemetry::MAX_RECORDS;

use self::{attributes::Names, calls::Calls};
use super::Batch;

pub use self::wire::{write_bytes, write_message};

/// What a body is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Traces,
    Metrics,
}

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Protobuf,
    Json,
}

/// Why a body can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("The body is not an export request of OTLP in Protobuf.")]
    Protobuf,
    /// With the field at fault, and why.
    #[error("The body is not an export request of OTLP in JSON: {0}.")]
    Json(String),
    /// With the signal that the body has. In Protobuf both look the same.
    #[error("The body is an export request of OTLP for another signal.")]
    OtherSignal(Signal),
    #[error(
        "A request can have at most {} calls. Send smaller batches.",
        MAX_RECORDS
    )]
    TooManyCalls,
    #[error("The body has too many objects and lists. Send smaller batches.")]
    TooManyObjects,
}

/// Reads the calls of a request: one record for each server span, and for each data point of a metric
/// that counts calls. Other spans and data points are skipped. For a call without a tenant, the batch
/// has the reason why it doesn't count.
///
/// # Errors
///
/// If the body can't be read, or has too many calls.
pub fn read(
    signal: Signal,
    encoding: Encoding,
    body: &[u8],
    tenant_attributes: &[String],
) -> Result<Batch, Unreadable> {
    let mut calls = Calls::new(Names::new(tenant_attributes));
    match (encoding, signal) {
        (Encoding::Protobuf, Signal::Traces) => protobuf::read_traces(body, &mut calls)?,
        (Encoding::Protobuf, Signal::Metrics) => protobuf::read_metrics(body, &mut calls)?,
        (Encoding::Json, Signal::Traces) => json::read_traces(body, &mut calls)?,
        (Encoding::Json, Signal::Metrics) => json::read_metrics(body, &mut calls)?,
    }
    Ok(calls.into_batch())
}

#[cfg(test)]
mod tests;
