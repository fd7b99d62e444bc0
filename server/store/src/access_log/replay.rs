//! Requests with everything needed to replay them.

use app::domain::{
    OrganizationId, RequestId, SupportSessionId, TenantId, Timestamp,
    access_log::{Refusal, RequestOutcome},
    scopes::ScopeName,
};

use crate::{
    Db,
    record::{record, select},
    sql::queries,
};

queries! {
    Db {
        /// Up to `limit` of the latest requests of all support sessions before one, newest first.
        pub fn list_latest_requests(before: RequestId, limit: u32) -> all MadeRequest
            // Request ids are UUIDv7, so they are in time order.
            = select!(MadeRequest, "access_log_entries a \
                JOIN support_sessions s ON s.number = a.session \
                WHERE a.request_id < :before ORDER BY a.request_id DESC LIMIT :limit");
    }
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
    pub outcome: RequestOutcome,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// When it was recorded.
    pub at: Timestamp,
    pub tenant_id: TenantId,
    pub organization_id: Option<OrganizationId>,
    pub scopes: Vec<ScopeName>,
}

record! { MadeRequest {
    request_id; support_session_id; method; path; query; outcome; refusal; at; tenant_id; organization_id; scopes;
} }
