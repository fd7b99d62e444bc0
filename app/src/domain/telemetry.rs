//! Telemetry as the platform sends it to `POST /api/v1/requests`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::TenantId;

/// How many records one batch holds at most.
pub const MAX_RECORDS: usize = 10_000;

/// One API call of a tenant, or several alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RequestRecord {
    /// The tenant that called.
    pub tenant_id: TenantId,
    /// When: not older than 8 days and not more than 5 minutes ahead.
    pub at: DateTime<Utc>,
    /// HTTP response status code, 100–599.
    pub status: u16,
    /// The number of calls that this record stands for, 1–1,000,000.
    #[serde(default = "one")]
    pub count: u32,
    /// The HTTP method of the call.
    #[serde(default)]
    pub method: Option<String>,
    /// The path of the call, or its route.
    #[serde(default)]
    pub path: Option<String>,
    /// How long the call took, in milliseconds.
    #[serde(default)]
    pub duration_ms: Option<u64>,
    /// The request's identifier. Where it is the `X-Request-Id` of a request that the gateway has
    /// forwarded for this tenant, the first record of it is support traffic and doesn't count in the
    /// tenant's health. `at` must be within 5 minutes of the request, and `count`, `method` and
    /// `path`, where given, must match it.
    #[serde(default)]
    pub request_id: Option<String>,
}

const fn one() -> u32 {
    1
}

/// A record that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RejectedRecord {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// The field at fault, where there is one.
    pub field: Option<String>,
    /// Why the record was rejected.
    pub message: String,
}

/// The result of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IngestReport {
    /// The number of records that were counted.
    pub accepted: u64,
    /// Records that were recognised as support traffic and do not count.
    pub support_traffic: u64,
    /// Records that were not accepted.
    pub rejected: Vec<RejectedRecord>,
    /// The batch was accepted before under the same `Idempotency-Key`. This is the earlier report.
    #[serde(default)]
    pub repeated: bool,
}
