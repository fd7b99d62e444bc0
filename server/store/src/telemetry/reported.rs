//! Support requests that telemetry reports. Each is support traffic once, in the first batch that
//! reports it.

use app::domain::{RequestId, TenantId, Timestamp};

use crate::{
    Bookkeeping, Db, StoreError, in_list,
    record::{Record, record},
    sql::queries,
};

queries! {
    Bookkeeping {
        /// Deletes up to 500 reports of requests that were recorded before `before`. Returns how
        /// many.
        pub fn prune_reported_requests(before: Timestamp) -> count
            = "DELETE FROM reported_requests WHERE request_id IN \
                (SELECT request_id FROM reported_requests WHERE at < :before ORDER BY at LIMIT 500)";
    }
}

/// A support request that the gateway has forwarded, to compare with a record of telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardedRequest {
    pub request_id: RequestId,
    pub tenant_id: TenantId,
    pub method: String,
    pub path: String,
    /// When it was recorded.
    pub at: Timestamp,
    /// Until its end, in milliseconds; `None` if it is open, or its end is unknown.
    pub duration_ms: Option<u64>,
    /// When its support session expires. No request is open for longer.
    pub ends_at: Timestamp,
}

record! { ForwardedRequest { request_id; tenant_id; method; path; at; duration_ms; ends_at } }

impl Db<'_> {
    /// The ones of these requests that were recorded and not refused, in no order.
    pub async fn list_forwarded(
        &mut self,
        ids: &[RequestId],
    ) -> Result<Vec<ForwardedRequest>, StoreError> {
        let select = const_format::concatcp!(
            "SELECT ",
            ForwardedRequest::COLUMNS,
            " FROM request_log JOIN support_sessions ON support_sessions.number = session \
                WHERE outcome <> 'refused' AND request_id IN "
        );
        in_list::fetch_all(self, select, ids).await
    }
}

impl Bookkeeping<'_> {
    /// Claims recorded requests for a batch. Returns the ones that no other batch has claimed
    /// before.
    ///
    /// `ids` must be in ascending order, so that two batches never deadlock.
    pub async fn claim_reported(
        &mut self,
        batch: &str,
        ids: &[RequestId],
    ) -> Result<Vec<RequestId>, StoreError> {
        let mut own = Vec::with_capacity(ids.len());
        for ids in ids.chunks(in_list::LENGTH) {
            let claim = in_list::sql(
                "INSERT INTO reported_requests (request_id, batch, at) \
                 SELECT request_id, $101, at FROM request_log WHERE request_id IN ",
            );
            let claim = self.assembled(format!(
                "{claim} ORDER BY request_id ON CONFLICT (request_id) DO NOTHING"
            ));
            in_list::bind(claim, ids).bind(batch).done().await?;
            let claimed =
                in_list::sql("SELECT request_id FROM reported_requests WHERE request_id IN ");
            let claimed = self.assembled(format!("{claimed} AND batch = $101"));
            let claimed = in_list::bind(claimed, ids).bind(batch);
            own.extend(claimed.fetch_all::<RequestId>().await?);
        }
        Ok(own)
    }
}
