//! The feed of tenants that the console has changed, for the platform.

use app::domain::{TenantId, Timestamp, tenants::Tenant};

use crate::{
    Db, StoreError, Tx,
    record::{record, select},
    sql::queries,
};

queries! {
    Db {
        /// Tenants whose last change by the console comes after a place in the feed, in the order of
        /// these changes.
        pub fn list_tenant_feed(after: i64, limit: u32) -> all FedTenant
            = select!(FedTenant, "tenants WHERE feed_seq > :after ORDER BY feed_seq LIMIT :limit");

        /// The feed's epoch and the last place in it.
        pub fn end_of_tenant_feed() -> one (i64, i64)
            = "SELECT epoch, seq FROM tenant_feed WHERE id = 1";
    }
    Tx {
        /// Begins another epoch, in which no earlier cursor is known.
        pub fn begin_tenant_feed_anew(now: Timestamp)
            = "UPDATE tenant_feed SET epoch = CASE WHEN epoch < :now THEN :now ELSE epoch + 1 END WHERE id = 1";

        // Locks the row until the commit, so that a reader that has seen a place has seen every place
        // before it.
        fn next_in_tenant_feed() -> one i64
            = "UPDATE tenant_feed SET seq = seq + 1 WHERE id = 1 RETURNING seq";

        fn place_in_tenant_feed(id: &TenantId, seq: i64)
            = "UPDATE tenants SET feed_seq = :seq WHERE id = :id";
    }
}

/// A tenant that the console has changed.
#[derive(Debug, Clone, PartialEq)]
pub struct FedTenant {
    pub tenant: Tenant,
    /// The place of its last change.
    pub seq: i64,
}

record! { FedTenant { tenant: Tenant; seq = feed_seq } }

impl Tx<'_> {
    /// Puts a tenant at the end of the feed.
    pub async fn feed_tenant(&mut self, id: &TenantId) -> Result<(), StoreError> {
        let seq = self.next_in_tenant_feed().await?;
        self.place_in_tenant_feed(id, seq).await
    }
}
