//! Rows of requests that a proxy forwarded. They stay open until its access log reports the end.

use app::domain::{
    RequestId, SupportSessionId, TenantId, Timestamp,
    access_log::{ForwardAuthProfile, ReportedEnd, RequestOutcome},
};

use super::Orphan;
use crate::{
    Db, StoreError, Tx,
    record::{record, select},
    sql::statements,
};

statements! {
    // Only an open row, and only of that kind of proxy. A report is final.
    COMPLETE_REPORTED = "UPDATE access_log SET status = $3, outcome = $4, duration_ms = $5, response_bytes = $6, \
        reported_at = $7 WHERE request_id = $1 AND profile = $2 AND outcome = 'open' \
        RETURNING support_session_id, (SELECT s.tenant_id FROM support_sessions s \
        WHERE s.id = access_log.support_session_id) AS tenant_id";
    LIST_UNREPORTED = select!(Orphan, "access_log a \
        JOIN support_sessions s ON s.id = a.support_session_id \
        WHERE a.outcome = 'open' AND a.profile IS NOT NULL AND COALESCE(s.revoked_at, s.ends_at) < $1 \
        ORDER BY s.tenant_id, a.support_session_id, a.seq LIMIT 200");
}

/// Whose row a report has completed.
#[derive(Debug, Clone)]
pub struct ReportedRow {
    pub support_session_id: SupportSessionId,
    pub tenant_id: TenantId,
}

record! { ReportedRow { support_session_id; tenant_id } }

impl Db<'_> {
    /// Up to 200 unreported rows, by tenant, of support sessions that ended before an instant.
    pub async fn list_unreported(
        &mut self,
        ended_before: Timestamp,
    ) -> Result<Vec<Orphan>, StoreError> {
        self.query(LIST_UNREPORTED)
            .bind(ended_before)
            .fetch_all()
            .await
    }
}

impl Tx<'_> {
    /// Completes an open row of a proxy of this kind; `None` if there is none.
    pub async fn complete_reported_entry(
        &mut self,
        profile: ForwardAuthProfile,
        end: &ReportedEnd,
        outcome: RequestOutcome,
        at: Timestamp,
    ) -> Result<Option<ReportedRow>, StoreError> {
        let request: RequestId = end.request_id;
        self.query(COMPLETE_REPORTED)
            .bind(request)
            .bind(profile)
            .bind(end.status)
            .bind(outcome)
            .bind(end.duration_ms)
            .bind(end.bytes)
            .bind(at)
            .fetch_optional()
            .await
    }
}
