//! Staff sessions: sign-ins of staff members to the console.

use app::domain::{StaffId, StaffSessionId, Timestamp, token_hash::TokenHash};

use super::{
    Bookkeeping, Db, Tx,
    record::{insert, record, select},
    sql::queries,
    staff::StaffRecord,
};

queries! {
    Db {
        /// The sign-in with this token, ended or not.
        pub fn find_staff_session_by_token(token: TokenHash) -> optional StaffSession
            = select!(StaffSession, "staff JOIN (SELECT id AS staff_session_id, staff_id, token_hash, signed_in_at, \
                last_used_at, expires_at, ended_at FROM staff_sessions) AS s ON s.staff_id = staff.id WHERE token_hash = :token");

        /// A sign-in, ended or not.
        pub fn lookup_staff_session(id: StaffSessionId) -> optional StaffSession
            = select!(StaffSession, "staff JOIN (SELECT id AS staff_session_id, staff_id, signed_in_at, last_used_at, \
                expires_at, ended_at FROM staff_sessions) AS s ON s.staff_id = staff.id WHERE staff_session_id = :id");

        /// Up to 100 open sign-ins of a staff member that were used after an instant, the latest used first.
        pub fn list_open_staff_sessions_of(staff_id: StaffId, now: Timestamp, used_after: Timestamp) -> all OpenStaffSession
            = select!(OpenStaffSession, "staff_sessions WHERE staff_id = :staff_id AND ended_at IS NULL \
                AND expires_at > :now AND last_used_at > :used_after ORDER BY last_used_at DESC, id DESC LIMIT 100");

        /// How often the account with this e-mail address signed in from an address since an instant.
        pub fn count_staff_sessions_from(email: &str, ip: &str, since: Timestamp) -> one u64
            = "SELECT COUNT(*) FROM staff_sessions s JOIN staff m ON m.id = s.staff_id \
                WHERE m.email = :email AND s.ip = :ip AND s.signed_in_at > :since";
    }
    Bookkeeping {
        /// Notes that a sign-in is in use. One that has ended stays ended.
        pub fn use_staff_session(id: StaffSessionId, at: Timestamp)
            = "UPDATE staff_sessions SET last_used_at = :at WHERE id = :id AND ended_at IS NULL AND last_used_at < :at";

        /// Deletes up to 500 sign-ins whose absolute limit is before an instant. Returns how many.
        pub fn prune_staff_sessions(before: Timestamp) -> count
            = "DELETE FROM staff_sessions WHERE id IN \
                (SELECT id FROM staff_sessions WHERE expires_at < :before ORDER BY expires_at LIMIT 500)";
    }
    Tx {
        pub fn add_staff_session(new: &NewStaffSession)
            where (new, signed_in_at = new.signed_in_at)
            = insert!("staff_sessions", NewStaffSession, "last_used_at");

        /// Ends a sign-in. Returns whether it was open.
        pub fn end_staff_session(id: StaffSessionId, at: Timestamp) -> changed
            = "UPDATE staff_sessions SET ended_at = :at WHERE id = :id AND ended_at IS NULL AND expires_at > :at";

        /// Ends a sign-in of this staff member. Returns whether it was open.
        pub fn end_staff_session_of(staff_id: StaffId, id: StaffSessionId, at: Timestamp) -> changed
            = "UPDATE staff_sessions SET ended_at = :at WHERE id = :id AND staff_id = :staff_id \
                AND ended_at IS NULL AND expires_at > :at";

        /// Ends every other sign-in of a staff member that has not ended yet, and names them.
        pub fn end_other_staff_sessions_of(staff_id: StaffId, but: StaffSessionId, at: Timestamp) -> all StaffSessionId
            = "UPDATE staff_sessions SET ended_at = :at WHERE staff_id = :staff_id AND id <> :but AND ended_at IS NULL \
                AND expires_at > :at RETURNING id";

        /// Ends every sign-in of a staff member that has not ended yet, and names them.
        pub fn end_staff_sessions_of(staff_id: StaffId, at: Timestamp) -> all StaffSessionId
            = "UPDATE staff_sessions SET ended_at = :at WHERE staff_id = :staff_id AND ended_at IS NULL \
                AND expires_at > :at RETURNING id";
    }
}

/// A sign-in that is about to be stored.
#[derive(Debug, Clone)]
pub struct NewStaffSession {
    pub id: StaffSessionId,
    pub staff_id: StaffId,
    /// The hash of the cookie's token.
    pub token_hash: TokenHash,
    pub signed_in_at: Timestamp,
    /// When it ends, used or not.
    pub expires_at: Timestamp,
    /// The client's IP address; empty if unknown.
    pub ip: String,
    /// The browser's `User-Agent`; empty if unknown.
    pub user_agent: String,
}

/// A stored sign-in, with the staff member's current data. It may have ended.
#[derive(Debug, Clone)]
pub struct StaffSession {
    pub id: StaffSessionId,
    /// When the person signed in.
    pub signed_in_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Timestamp,
    /// When it ends, used or not.
    pub expires_at: Timestamp,
    /// When it ended early, if it did.
    pub ended_at: Option<Timestamp>,
    pub staff: StaffRecord,
}

/// A sign-in as its owner sees it.
#[derive(Debug, Clone)]
pub struct OpenStaffSession {
    pub id: StaffSessionId,
    pub signed_in_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Timestamp,
    /// The client's IP address; empty if unknown.
    pub ip: String,
    /// The browser's `User-Agent`; empty if unknown.
    pub user_agent: String,
}

record! { OpenStaffSession { id; signed_in_at; last_used_at; ip; user_agent } }

record! { NewStaffSession { id; staff_id; token_hash; signed_in_at; expires_at; ip; user_agent } }

record! { StaffSession {
    id = staff_session_id; signed_in_at; last_used_at; expires_at; ended_at; staff: StaffRecord;
} }
