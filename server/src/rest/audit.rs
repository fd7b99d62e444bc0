//! `/audit`: the audit log, as pages and as a file.

use app::domain::{
    AuditEventId, RequestId, SupportSessionId, TenantId,
    audit::{AuditCategory, AuditEvent, AuditFilter, AuditOutcome, ExportFormat},
    page::PageRequest,
    problem::{FieldProblems, Problem, ProblemCode},
    tenants::storable,
    text::clean,
};
use app::ports::AuditPort as _;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use http::Method;
use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::IntoParams;

use super::{
    auth::{KeyHolder, Reader},
    error::{ProblemDocument, RestProblem},
    extract::{RestPath, RestQuery},
    list::List,
};
use crate::app_state::AppState;

/// The longest action or name of an actor to look for, in characters.
const TEXT_MAX: usize = 200;

/// Defines a query string that filters events and says more.
macro_rules! filter_query {
    ($(#[$doc:meta])* $name:ident { $( $(#[$about:meta])* $field:ident: $type:ty, )+ }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            /// Only of this category.
            category: Option<AuditCategory>,
            /// Only this action. A final `*` matches every action with that prefix.
            action: Option<String>,
            /// Only by this actor: identifier, or part of the name.
            actor: Option<String>,
            /// Only of this tenant.
            tenant: Option<TenantId>,
            /// Only with this outcome.
            outcome: Option<AuditOutcome>,
            /// Only recorded at or after this instant.
            from: Option<DateTime<Utc>>,
            /// Only recorded before this instant.
            to: Option<DateTime<Utc>>,
            /// Only of this request.
            request_id: Option<RequestId>,
            /// Only of this support session.
            support_session_id: Option<SupportSessionId>,
            $( $(#[$about])* $field: $type, )+
        }

        impl From<$name> for AuditFilter {
            fn from(query: $name) -> Self {
                Self {
                    category: query.category,
                    action: query.action,
                    actor: query.actor,
                    tenant_id: query.tenant,
                    outcome: query.outcome,
                    from: query.from,
                    to: query.to,
                    request_id: query.request_id,
                    session_id: query.support_session_id,
                    ..Self::default()
                }
            }
        }
    };
}

filter_query! {
    /// Which events, and which page of them.
    AuditQuery {
        /// Rows on a page, 1 to 200. Default 50.
        limit: Option<u32>,
        /// The cursor of an earlier page.
        cursor: Option<String>,
    }
}

filter_query! {
    /// Which events, and the form of the file.
    ExportQuery {
        /// `csv`, or `jsonl`: what `support-console audit verify` reads.
        format: ExportFormat,
        /// Whether a CSV begins with a byte order mark, by which Excel recognises UTF-8: `true` or `false`, the default.
        #[serde(default, deserialize_with = "flag")]
        bom: Option<bool>,
    }
}

fn flag<'de, D: Deserializer<'de>>(given: D) -> Result<Option<bool>, D::Error> {
    match Option::<String>::deserialize(given)?.as_deref() {
        None => Ok(None),
        Some("1" | "true") => Ok(Some(true)),
        Some("0" | "false") => Ok(Some(false)),
        Some(_) => Err(D::Error::custom("must be true or false")),
    }
}

/// The filter with texts that can be looked for.
fn validated(filter: AuditFilter) -> Result<AuditFilter, Problem> {
    let mut problems = FieldProblems::default();
    let text = |text: String| clean(&text, 1, TEXT_MAX, false);
    let action = problems.take_some("action", filter.action, text);
    let actor = problems.take_some("actor", filter.actor, text);
    let from = problems.take_some("from", filter.from, storable);
    let to = problems.take_some("to", filter.to, storable);
    problems.finish()?;
    Ok(AuditFilter {
        action,
        actor,
        from,
        to,
        ..filter
    })
}

/// List audit events, newest first.
#[utoipa::path(
    get, path = "/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = List<AuditEvent>))
)]
pub(crate) async fn list_audit_events(
    State(state): State<AppState>,
    Reader(context): Reader,
    RestQuery(query): RestQuery<AuditQuery>,
) -> Result<Json<List<AuditEvent>>, RestProblem> {
    let page = PageRequest {
        limit: query.limit,
        cursor: query.cursor.clone(),
    };
    let filter = validated(query.into())?;
    let page = state.audit.list(&context, filter, page).await?;
    Ok(Json(page.into()))
}

/// Names an audit event.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct AuditEventPath {
    /// The event.
    audit_event_id: AuditEventId,
}

/// Get an audit event.
#[utoipa::path(
    get, path = "/audit/{audit_event_id}", tag = "audit", params(AuditEventPath),
    responses(
        (status = 200, body = AuditEvent),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_audit_event(
    State(state): State<AppState>,
    KeyHolder(context): KeyHolder,
    RestPath(path): RestPath<AuditEventPath>,
) -> Result<Json<AuditEvent>, RestProblem> {
    Ok(Json(
        state.audit.event(&context, path.audit_event_id).await?,
    ))
}

/// Export audit events as a file. Each export is recorded in the log.
#[utoipa::path(
    get, path = "/audit/export", tag = "audit", params(ExportQuery),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
pub(crate) async fn export_audit_events(
    State(state): State<AppState>,
    method: Method,
    Reader(context): Reader,
    RestQuery(query): RestQuery<ExportQuery>,
) -> Result<Response, RestProblem> {
    // HEAD returns no file, so it must not record an export.
    if method != Method::GET {
        let refused = Problem::new(ProblemCode::MethodNotAllowed, "An export needs GET.");
        return Err(refused.into());
    }
    let (format, bom) = (query.format, query.bom.unwrap_or_default());
    let filter = validated(query.into())?;
    let export = crate::export::export(&state.core, &context, filter, format).await;
    let export = export.map_err(Problem::from)?;
    Ok(export.with_mark(bom).into_response())
}
