//! `GET /export/audit`: a plain download link of the console.

use std::collections::BTreeMap;

use app::{
    domain::{audit::ExportFormat, caller::Context, problem::Problem},
    query::audit::AuditQuery,
};
use axum::{
    Extension,
    extract::{Query, State},
    response::{IntoResponse, Response},
};

use super::export;
use crate::{problem, services::Core};

/// Answers with the export as an attachment, or with a sentence that says why not. The caller must
/// have been established before: the request carries a [`Context`].
pub async fn export_audit(
    State(core): State<Core>,
    Extension(context): Extension<Context>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    match try_export(&core, &context, &query).await {
        Ok(response) => response,
        Err(problem) => problem::plain(&problem),
    }
}

async fn try_export(
    core: &Core,
    context: &Context,
    query: &BTreeMap<String, String>,
) -> Result<Response, Problem> {
    let format: ExportFormat = query
        .get("format")
        .map_or("", String::as_str)
        .parse()
        .map_err(|e| Problem::invalid_field("format", e))?;
    let (filter, _) = app::query::read::<AuditQuery>(query).parse()?;
    Ok(export(core, context, filter, format).await?.into_response())
}
