//! Staff sessions: sign-ins of staff members to the console.

use app::domain::{StaffId, StaffSessionId, Timestamp, token_hash::TokenHash};

use super::{
    Db, StoreError, Tx,
    record::{insert, record, select},
    sql::statements,
    staff::StaffRecord,
};

statements! {
    FIND_BY_TOKEN = select!(StaffSession, "staff JOIN (SELECT id AS staff_session_id, staff_id, token_hash, signed_in_at, \
        last_used_at, expires_at, ended_at FROM staff_sessions) AS s ON s.staff_id = staff.id WHERE token_hash = $1");
    LOOKUP = select!(StaffSession, "staff JOIN (SELECT id AS staff_session_id, staff_id, signed_in_at, last_used_at, \
        expires_at, ended_at FROM staff_sessions) AS s ON s.staff_id = staff.id WHERE staff_session_id = $1");
    COUNT_FROM_ADDRESS = "SELECT COUNT(*) FROM staff_sessions s JOIN staff m ON m.id = s.staff_id \
        WHERE m.email = $1 AND s.ip = $2 AND s.signed_in_at > $3";
    ADD = insert!("staff_sessions", NewStaffSession, "last_used_at");
    USE = "UPDATE staff_sessions SET last_used_at = $2 WHERE id = $1 AND ended_at IS NULL AND last_used_at < $2";
    END = "UPDATE staff_sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL AND expires_at > $2";
    END_ALL_OF = "UPDATE staff_sessions SET ended_at = $2 WHERE staff_id = $1 AND ended_at IS NULL \
        AND expires_at > $2 RETURNING id";
    PRUNE = "DELETE FROM staff_sessions WHERE expires_at < $1";
}

/// A sign-in that is about to be stored.
#[derive(Debug, Clone)]
pub struct NewStaffSession {
    pub id: StaffSessionId,
    /// The signed-in person.
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

/// A sign-in as it is kept, with the staff member as it is now. It may have ended.
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

record! { NewStaffSession { id; staff_id; token_hash; signed_in_at; expires_at; ip; user_agent } }

record! { StaffSession {
    id = staff_session_id; signed_in_at; last_used_at; expires_at; ended_at; staff: StaffRecord;
} }

impl Db<'_> {
    /// The sign-in that a token belongs to, ended or not.
    pub async fn find_staff_session_by_token(
        &mut self,
        token: TokenHash,
    ) -> Result<Option<StaffSession>, StoreError> {
        self.query(FIND_BY_TOKEN).bind(token).fetch_optional().await
    }

    /// A sign-in, ended or not.
    pub async fn lookup_staff_session(
        &mut self,
        id: StaffSessionId,
    ) -> Result<Option<StaffSession>, StoreError> {
        self.query(LOOKUP).bind(id).fetch_optional().await
    }

    /// How often the account with this e-mail address signed in from an address since an instant.
    pub async fn count_staff_sessions_from(
        &mut self,
        email: &str,
        ip: &str,
        since: Timestamp,
    ) -> Result<u64, StoreError> {
        self.query(COUNT_FROM_ADDRESS)
            .bind(email)
            .bind(ip)
            .bind(since)
            .fetch_one()
            .await
    }
}

impl Tx<'_> {
    pub async fn add_staff_session(&mut self, new: &NewStaffSession) -> Result<(), StoreError> {
        let add = self.query(ADD).bind_all(new);
        add.bind(new.signed_in_at).done().await
    }

    /// Notes that a sign-in is in use. One that has ended stays ended.
    pub async fn use_staff_session(
        &mut self,
        id: StaffSessionId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.query(USE).bind(id).bind(at).done().await
    }

    /// Ends a sign-in. Returns whether it was open.
    pub async fn end_staff_session(
        &mut self,
        id: StaffSessionId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.query(END).bind(id).bind(at).changes_one().await
    }

    /// Ends every sign-in of a staff member that has not ended yet, and names them.
    pub async fn end_staff_sessions_of(
        &mut self,
        staff_id: StaffId,
        at: Timestamp,
    ) -> Result<Vec<StaffSessionId>, StoreError> {
        let end = self.query(END_ALL_OF).bind(staff_id).bind(at);
        end.fetch_all().await
    }

    /// Deletes sign-ins whose absolute limit is before an instant. Returns how many.
    pub async fn prune_staff_sessions(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.query(PRUNE).bind(before).execute().await
    }
}
