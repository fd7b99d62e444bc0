//! One-time links with which staff members choose a password.

use app::domain::{
    StaffId, Timestamp,
    staff::{LinkPurpose, StaffLink},
    token_hash::TokenHash,
};

use super::{
    Db, Tx,
    record::{record, select},
    sql::queries,
    staff::StaffRecord,
};

queries! {
    Db {
        /// The link of a staff member that can still be used.
        pub fn lookup_staff_link(staff: StaffId, now: Timestamp) -> optional StaffLink
            = select!(StaffLink, "staff_links WHERE staff_id = :staff AND expires_at > :now");

        /// Whose link it is, if it can still be used.
        pub fn find_staff_by_link(token: TokenHash, now: Timestamp) -> optional StaffRecord
            = select!(StaffRecord, "staff WHERE id = (SELECT staff_id FROM staff_links \
                WHERE token_hash = :token AND expires_at > :now)");
    }
    Tx {
        /// Gives a staff member a link in place of any other.
        pub fn set_staff_link(staff: StaffId, token: TokenHash, purpose: LinkPurpose, at: Timestamp, until: Timestamp)
            = "INSERT INTO staff_links (staff_id, token_hash, purpose, created_at, expires_at) \
                VALUES (:staff, :token, :purpose, :at, :until) ON CONFLICT (staff_id) DO UPDATE SET \
                token_hash = excluded.token_hash, purpose = excluded.purpose, created_at = excluded.created_at, \
                expires_at = excluded.expires_at";

        /// Uses a link up. Returns what it was for, if it was still there.
        pub fn use_staff_link(token: TokenHash, now: Timestamp) -> optional LinkPurpose
            = "DELETE FROM staff_links WHERE token_hash = :token AND expires_at > :now RETURNING purpose";

        /// Revokes a staff member's link. Returns what it was for, if there was one.
        pub fn revoke_staff_link(staff: StaffId) -> optional LinkPurpose
            = "DELETE FROM staff_links WHERE staff_id = :staff RETURNING purpose";
    }
}

record! { StaffLink { purpose; created_at; expires_at } }
