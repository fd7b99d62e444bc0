//! Deleting old support sessions with their access logs, in pieces.

use app::domain::{SupportSessionId, TenantId, Timestamp};

use crate::{Bookkeeping, Db, Tx, sql::queries};

queries! {
    Db {
        /// Up to 100 support sessions between two IDs that ended before an instant, in order, without those
        /// of tenants under legal hold.
        pub fn list_support_sessions_to_prune(after: SupportSessionId, up_to: SupportSessionId, before: Timestamp)
            -> all (SupportSessionId, TenantId)
            // IDs begin with the instant at which they were made, so the oldest come first.
            = "SELECT id, tenant_id FROM support_sessions WHERE id > :after AND id < :up_to AND ends_at < :before \
                AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE legal_holds.tenant_id = support_sessions.tenant_id) \
                ORDER BY id LIMIT 100";
    }
    Bookkeeping {
        /// Deletes up to 500 entries of a support session's access log. Returns how many.
        pub fn prune_access_log(session: SupportSessionId) -> count
            = "DELETE FROM request_log WHERE session = (SELECT number FROM support_sessions WHERE id = :session) AND seq IN \
                (SELECT seq FROM request_log WHERE session = (SELECT number FROM support_sessions WHERE id = :session) \
                ORDER BY seq LIMIT 500) \
                AND NOT EXISTS (SELECT 1 FROM legal_holds h JOIN support_sessions s ON s.tenant_id = h.tenant_id \
                WHERE s.id = :session)";

        /// Deletes the nodes' confirmations of a support session's revocation.
        pub fn prune_receipts(session: SupportSessionId)
            = "DELETE FROM revocation_receipts WHERE support_session_id = :session";
    }
    Tx {
        /// Deletes a support session whose access log is empty. Returns whether it did.
        pub fn delete_support_session(id: SupportSessionId) -> changed
            = "DELETE FROM support_sessions WHERE id = :id \
                AND NOT EXISTS (SELECT 1 FROM request_log WHERE session = support_sessions.number)";
    }
}
