//! `POST /access-log/complete`: how requests ended that a proxy carried.

use app::domain::{
    access_log::{CompletionReport, ReportedEnd},
    policy::Act,
    problem::Problem,
};
use axum::{
    Json,
    extract::{Request, State},
};

use crate::app_state::AppState;

use super::{
    auth::KeyHolder,
    error::{ProblemDocument, RestProblem},
    extract::read_body,
    records,
};

/// The largest batch, in bytes.
const BATCH_MAX: usize = 2 * 1024 * 1024;

/// Complete the access log: how requests ended that a proxy carried after a forward-auth check.
///
/// A JSON array, or one JSON object per line as `application/x-ndjson`, with at most 10,000 reports
/// and 2 MiB. Needs the right `access_log:complete`. A report completes the open row of its request
/// if the proxy of the configured profile forwarded it. A second report changes nothing. The
/// response names reports that changed nothing.
#[utoipa::path(
    post, path = "/access-log/complete", tag = "support sessions",
    request_body(content(
        (Vec<ReportedEnd> = "application/json"),
        (ReportedEnd = "application/x-ndjson"),
    )),
    responses(
        (status = 200, body = CompletionReport, description = "The result of the batch."),
        (status = 413, body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn complete_access_log(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    request: Request,
) -> Result<Json<CompletionReport>, RestProblem> {
    let read = records::reader::<ReportedEnd>(request.headers())?;
    // A caller without the right must not make us read megabytes.
    state.core.authorise(&context, Act::CompleteAccessLog)?;
    let body = read_body(request, BATCH_MAX).await?;
    let reports = read(&body)?;
    let told = state.access_log_reports.complete(&context, reports).await;
    Ok(Json(told.map_err(Problem::from)?))
}
