//! Requests with everything needed to replay them.

use app::domain::{
    OrganizationId, RequestId, SupportSessionId, TenantId, Timestamp,
    access_log::{Refusal, RequestOutcome},
    scopes::ScopeName,
};

use crate::{Db, FromRow, Row, StoreError, sql::statements};

statements! {
    // Request IDs are UUIDv7, so their order is the order of time.
    LIST_LATEST = "SELECT a.request_id, a.support_session_id, a.method, a.path, a.query, a.outcome, a.refusal, a.at, \
        s.tenant_id, s.organization_id, s.scopes FROM access_log a \
        JOIN support_sessions s ON s.id = a.support_session_id \
        WHERE a.request_id < $1 ORDER BY a.request_id DESC LIMIT $2";
}

/// A request as it was made in a support session.
#[derive(Debug, Clone)]
pub struct MadeRequest {
    pub request_id: RequestId,
    pub support_session_id: SupportSessionId,
    pub method: String,
    /// The path as recorded.
    pub path: String,
    /// The query as recorded.
    pub query: Option<String>,
    /// The outcome.
    pub outcome: RequestOutcome,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// When it was recorded.
    pub at: Timestamp,
    pub tenant_id: TenantId,
    pub organization_id: Option<OrganizationId>,
    pub scopes: Vec<ScopeName>,
}

impl FromRow for MadeRequest {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            request_id: row.parsed("request_id")?,
            support_session_id: row.parsed("support_session_id")?,
            method: row.text("method")?,
            path: row.text("path")?,
            query: row.opt_text("query")?,
            outcome: row.parsed("outcome")?,
            refusal: row.opt_parsed("refusal")?,
            at: row.at("at")?,
            tenant_id: row.parsed("tenant_id")?,
            organization_id: row.opt_parsed("organization_id")?,
            scopes: row.words("scopes")?,
        })
    }
}

impl Db<'_> {
    /// Up to `limit` of the latest requests of all support sessions before one, newest first.
    pub async fn list_latest_requests(
        &mut self,
        before: RequestId,
        limit: u32,
    ) -> Result<Vec<MadeRequest>, StoreError> {
        self.query(LIST_LATEST)
            .bind(before)
            .bind(i64::from(limit))
            .fetch_all()
            .await
    }
}
