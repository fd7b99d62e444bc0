//! `POST /requests`: telemetry.

use app::domain::telemetry::{IngestReport, RequestRecord};
use axum::{
    Json,
    extract::{Request, State},
};

use crate::app_state::AppState;

use super::{
    auth::KeyHolder,
    error::{ProblemDocument, RestProblem},
    extract::{idempotency_key, receive_body},
    records,
};
use crate::ingest::Batch;

/// The largest batch, in bytes.
pub(super) const BATCH_MAX: usize = 8 * 1024 * 1024;

/// Send telemetry: API calls of tenants.
///
/// A JSON array, or one JSON object per line as `application/x-ndjson`, with at most 10,000 records
/// and 8 MiB. It may be packed with gzip or zstd (`Content-Encoding`). The limit then also holds for
/// the unpacked body. The response names invalid records. Valid ones count. A batch that is sent again
/// with the same `Idempotency-Key` counts once.
#[utoipa::path(
    post, path = "/requests", tag = "telemetry",
    params(("Idempotency-Key" = Option<String>, Header, description = "Names the batch; 1 to 200 visible ASCII characters.")),
    request_body(content(
        (Vec<RequestRecord> = "application/json"),
        (RequestRecord = "application/x-ndjson"),
    )),
    responses(
        (status = 200, body = IngestReport, description = "The result of the batch."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "The key was used with other records before."),
        (status = 413, body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "No record was valid."),
    )
)]
pub(crate) async fn send_requests(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    request: Request,
) -> Result<Json<IngestReport>, RestProblem> {
    let key = idempotency_key(request.headers())?;
    let read = records::reader::<RequestRecord>(request.headers())?;
    // A caller without the right must not make us read megabytes.
    state
        .core
        .authorise(&context, app::domain::policy::Act::SendTelemetry)?;
    let sent = receive_body(request, BATCH_MAX).await?;
    let records = state.bodies.read(move || read(&sent.unpack()?)).await?;
    let batch = Batch { records };
    Ok(Json(state.telemetry.ingest(&context, batch, key).await?))
}
