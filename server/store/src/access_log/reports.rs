//! Rows of requests that a proxy forwarded. They stay open until its access log reports the end.

use app::domain::{
    SupportSessionId, TenantId, Timestamp,
    access_log::{ForwardAuthProfile, ReportedEnd, RequestOutcome},
};

use super::Orphan;
use crate::{
    Bookkeeping, Db,
    record::{record, select},
    sql::queries,
};

queries! {
    Db {
        /// Up to 200 unreported rows, by tenant, of support sessions that ended before an instant.
        pub fn list_unreported(ended_before: Timestamp) -> all Orphan
            = select!(Orphan, "access_log_entries a \
                JOIN support_sessions s ON s.number = a.session \
                WHERE a.outcome = 'open' AND a.profile IS NOT NULL AND COALESCE(s.revoked_at, s.ends_at) < :ended_before \
                ORDER BY s.tenant_id, a.support_session_id, a.seq LIMIT 200");
    }
    Bookkeeping {
        /// Completes an open row of a proxy of this kind; `None` if there is none. A report is final.
        pub fn complete_reported_entry(profile: ForwardAuthProfile, end: &ReportedEnd, outcome: RequestOutcome, at: Timestamp)
            -> optional ReportedRow
            where (profile, request = end.request_id, status = end.status, outcome, duration_ms = end.duration_ms,
                bytes = end.bytes, at)
            = "UPDATE request_log SET status = :status, outcome = :outcome, duration_ms = :duration_ms, \
                response_bytes = :bytes, reported_at = :at, boot = NULL \
                WHERE request_id = :request AND profile = :profile AND outcome = 'open' \
                RETURNING (SELECT s.id FROM support_sessions s WHERE s.number = request_log.session) AS support_session_id, \
                (SELECT s.tenant_id FROM support_sessions s WHERE s.number = request_log.session) AS tenant_id";
    }
}

/// The session and tenant of a row that a report has completed.
#[derive(Debug, Clone)]
pub struct ReportedRow {
    pub support_session_id: SupportSessionId,
    pub tenant_id: TenantId,
}

record! { ReportedRow { support_session_id; tenant_id } }
