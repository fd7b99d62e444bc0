//! Tenants whose record is not deleted, however old it is.

use app::domain::{TenantId, Timestamp};

use super::{
    Db, Tx,
    record::{insert, record, select},
    sql::queries,
};

queries! {
    Db {
        /// Every legal hold, by tenant.
        pub fn list_legal_holds() -> all LegalHold = select!(LegalHold, "legal_holds ORDER BY tenant_id");

        pub fn lookup_legal_hold(tenant: &TenantId) -> optional LegalHold
            = select!(LegalHold, "legal_holds WHERE tenant_id = :tenant");
    }
    Tx {
        pub fn add_legal_hold(hold: &LegalHold) = insert!("legal_holds", LegalHold);

        /// Releases a tenant's hold. Returns whether there was one.
        pub fn delete_legal_hold(tenant: &TenantId) -> changed = "DELETE FROM legal_holds WHERE tenant_id = :tenant";
    }
}

/// A legal hold on a tenant's whole record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalHold {
    pub tenant_id: TenantId,
    pub reason: String,
    pub placed_at: Timestamp,
    /// Who placed it.
    pub placed_by_name: String,
}

record! { LegalHold { tenant_id; reason; placed_at; placed_by_name } }
