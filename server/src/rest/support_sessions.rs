//! `/support-sessions`: who entered which tenant. Keys and support sessions can read, but not
//! create.

use app::domain::{
    StaffId, SupportSessionId, TenantId, Timestamp,
    access_log::AccessLogEntry,
    page::PageRequest,
    problem::FieldProblems,
    support_sessions::{SupportSession, SupportSessionFilter, SupportSessionStatus},
    tenants::storable,
};
use app::ports::ReadSupportSessions as _;
use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app_state::AppState;

use super::{
    auth::Reader,
    error::{ProblemDocument, RestProblem},
    extract::{RestPath, RestQuery},
    list::List,
    organizations::PageQuery,
};

/// Which support sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SupportSessionsQuery {
    /// Only with this status.
    status: Option<SupportSessionStatus>,
    /// Only of this tenant.
    tenant: Option<TenantId>,
    /// Only of this staff member.
    staff: Option<StaffId>,
    /// Only those that were active at this instant.
    active_at: Option<DateTime<Utc>>,
    /// Only those issued at or after this instant.
    from: Option<DateTime<Utc>>,
    /// Only those issued before this instant.
    to: Option<DateTime<Utc>>,
    /// Rows on a page, 1 to 200. Default 50.
    limit: Option<u32>,
    /// The cursor of an earlier page.
    cursor: Option<String>,
}

/// Names a support session.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SupportSessionPath {
    /// The support session.
    support_session_id: SupportSessionId,
}

/// A support session with its status at the time of the answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SupportSessionWithStatus {
    /// `ACTIVE`, `EXPIRED` or `REVOKED`.
    status: SupportSessionStatus,
    #[serde(flatten)]
    session: SupportSession,
}

impl SupportSessionWithStatus {
    fn at(now: Timestamp, session: SupportSession) -> Self {
        Self {
            status: session.status(now),
            session,
        }
    }
}

/// List support sessions, newest first.
#[utoipa::path(
    get, path = "/support-sessions", tag = "support sessions", params(SupportSessionsQuery),
    responses((status = 200, body = List<SupportSessionWithStatus>))
)]
pub(crate) async fn list_support_sessions(
    State(state): State<AppState>,
    Reader(context): Reader,
    RestQuery(query): RestQuery<SupportSessionsQuery>,
) -> Result<Json<List<SupportSessionWithStatus>>, RestProblem> {
    let mut problems = FieldProblems::default();
    let filter = SupportSessionFilter {
        status: query.status,
        tenant_id: query.tenant,
        staff_id: query.staff,
        active_at: problems.take_some("active_at", query.active_at, storable),
        from: problems.take_some("from", query.from, storable),
        to: problems.take_some("to", query.to, storable),
        ..SupportSessionFilter::default()
    };
    problems.finish()?;
    let page = PageRequest {
        limit: query.limit,
        cursor: query.cursor,
    };
    let sessions = state.support_sessions.page(&context, filter, page).await?;
    let now = state.core.now();
    let with_status = sessions.map(|session| SupportSessionWithStatus::at(now, session));
    Ok(Json(with_status.into()))
}

/// Get a support session.
#[utoipa::path(
    get, path = "/support-sessions/{support_session_id}", tag = "support sessions",
    params(SupportSessionPath),
    responses(
        (status = 200, body = SupportSessionWithStatus),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_support_session(
    State(state): State<AppState>,
    Reader(context): Reader,
    RestPath(path): RestPath<SupportSessionPath>,
) -> Result<Json<SupportSessionWithStatus>, RestProblem> {
    let detail = state
        .support_sessions
        .detail(&context, path.support_session_id)
        .await?;
    Ok(Json(SupportSessionWithStatus::at(
        detail.at,
        detail.session,
    )))
}

/// List the requests made in a support session, newest first.
#[utoipa::path(
    get, path = "/support-sessions/{support_session_id}/access-log", tag = "support sessions",
    params(SupportSessionPath, PageQuery),
    responses(
        (status = 200, body = List<AccessLogEntry>),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_access_log(
    State(state): State<AppState>,
    Reader(context): Reader,
    RestPath(path): RestPath<SupportSessionPath>,
    RestQuery(query): RestQuery<PageQuery>,
) -> Result<Json<List<AccessLogEntry>>, RestProblem> {
    let page = state
        .support_sessions
        .access_log(&context, path.support_session_id, query.into())
        .await?;
    Ok(Json(page.into()))
}
