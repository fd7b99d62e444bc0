//! `GET /export/audit`: a plain download link of the console.

use app::domain::{
    Timestamp,
    audit::{AuditFilter, ExportFormat},
    caller::Context,
    problem::{FieldProblems, Problem},
    text::clean,
};
use axum::{
    Extension,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use chrono::NaiveDateTime;
use http::{StatusCode, header};
use serde::Deserialize;

use super::export;
use crate::services::Core;

/// The longest text to look for in actions and actors, in characters.
const TEXT_MAX: usize = 200;

/// The query string: the filter of the audit page, and the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ExportQuery {
    format: String,
    category: String,
    action: String,
    actor: String,
    tenant: String,
    outcome: String,
    from: String,
    to: String,
}

impl ExportQuery {
    /// What is asked for, or every field that can't be read.
    fn parse(&self) -> Result<(AuditFilter, ExportFormat), Problem> {
        let mut problems = FieldProblems::default();
        let text = |text: &str| clean(text, 0, TEXT_MAX, false);
        let format = problems.take("format", self.format.parse());
        let filter = AuditFilter {
            category: optional(&mut problems, "category", &self.category, str::parse),
            action: optional(&mut problems, "action", &self.action, text),
            actor: optional(&mut problems, "actor", &self.actor, text),
            tenant_id: optional(&mut problems, "tenant", &self.tenant, str::parse),
            outcome: optional(&mut problems, "outcome", &self.outcome, str::parse),
            from: optional(&mut problems, "from", &self.from, instant),
            to: optional(&mut problems, "to", &self.to, instant),
        };
        problems.finish()?;
        Ok((filter, format.unwrap_or(ExportFormat::Csv)))
    }
}

fn optional<T, E: ToString>(
    problems: &mut FieldProblems,
    field: &str,
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    problems.take(field, parse(text))
}

/// Reads an RFC 3339 instant, or what a `datetime-local` field sends, as UTC.
fn instant(text: &str) -> Result<Timestamp, &'static str> {
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .into_iter()
        .find_map(|pattern| NaiveDateTime::parse_from_str(text, pattern).ok());
    local
        .map(|local| local.and_utc())
        .or_else(|| text.parse().ok())
        .ok_or("must be a date and a time, as 2026-11-22T10:30")
}

/// Answers with the export as an attachment, or with a sentence that says why not. The caller must
/// have been established before: the request carries a [`Context`].
pub async fn export_audit(
    State(core): State<Core>,
    Extension(context): Extension<Context>,
    Query(query): Query<ExportQuery>,
) -> Response {
    match try_export(&core, &context, &query).await {
        Ok(response) => response,
        Err(problem) => refusal(&problem),
    }
}

async fn try_export(
    core: &Core,
    context: &Context,
    query: &ExportQuery,
) -> Result<Response, Problem> {
    let (filter, format) = query.parse()?;
    Ok(export(core, context, filter, format).await?.into_response())
}

fn refusal(problem: &Problem) -> Response {
    let status =
        StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let fields = problem
        .fields
        .iter()
        .map(|field| format!("{}: {}\n", field.field, field.message));
    let text = format!("{}\n{}", problem.detail, fields.collect::<String>());
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, text).into_response()
}
