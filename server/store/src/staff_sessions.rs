//! Staff sessions: sign-ins of staff members to the console.

use app::domain::{StaffId, StaffSessionId, Timestamp};

use super::{Db, FromRow, Row, StoreError, Tx, sql::statements, staff::StaffRecord};
use app::domain::token_hash::TokenHash;

statements! {
    FIND_BY_TOKEN = "SELECT s.id AS staff_session_id, s.signed_in_at, s.last_used_at, s.expires_at, s.ended_at, \
        m.* FROM staff_sessions s JOIN staff m ON m.id = s.staff_id WHERE s.token_hash = $1";
    LOOKUP = "SELECT s.id AS staff_session_id, s.signed_in_at, s.last_used_at, s.expires_at, s.ended_at, \
        m.* FROM staff_sessions s JOIN staff m ON m.id = s.staff_id WHERE s.id = $1";
    COUNT_FROM_ADDRESS = "SELECT COUNT(*) FROM staff_sessions s JOIN staff m ON m.id = s.staff_id \
        WHERE m.email = $1 AND s.ip = $2 AND s.signed_in_at > $3";
    ADD = "INSERT INTO staff_sessions (id, staff_id, token_hash, signed_in_at, last_used_at, expires_at, ip, \
        user_agent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
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

impl FromRow for StaffSession {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.parsed("staff_session_id")?,
            signed_in_at: row.at("signed_in_at")?,
            last_used_at: row.at("last_used_at")?,
            expires_at: row.at("expires_at")?,
            ended_at: row.opt_at("ended_at")?,
            staff: StaffRecord::from_row(row)?,
        })
    }
}

impl Db<'_> {
    /// The sign-in that a token belongs to, ended or not.
    pub async fn find_staff_session_by_token(
        &mut self,
        token: TokenHash,
    ) -> Result<Option<StaffSession>, StoreError> {
        self.query(FIND_BY_TOKEN)
            .bind(*token.as_bytes())
            .fetch_optional()
            .await
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
        self.query(ADD)
            .bind(new.id)
            .bind(new.staff_id)
            .bind(*new.token_hash.as_bytes())
            .bind(new.signed_in_at)
            .bind(new.signed_in_at)
            .bind(new.expires_at)
            .bind(&new.ip)
            .bind(&new.user_agent)
            .execute()
            .await?;
        Ok(())
    }

    /// Notes that a sign-in is in use. One that has ended stays ended.
    pub async fn use_staff_session(
        &mut self,
        id: StaffSessionId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.query(USE).bind(id).bind(at).execute().await?;
        Ok(())
    }

    /// Ends a sign-in. Returns whether it was open.
    pub async fn end_staff_session(
        &mut self,
        id: StaffSessionId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.query(END).bind(id).bind(at).execute().await? == 1)
    }

    /// Ends every sign-in of a staff member that has not ended yet, and names them.
    pub async fn end_staff_sessions_of(
        &mut self,
        staff_id: StaffId,
        at: Timestamp,
    ) -> Result<Vec<StaffSessionId>, StoreError> {
        self.query(END_ALL_OF)
            .bind(staff_id)
            .bind(at)
            .fetch_all()
            .await
    }

    /// Deletes sign-ins whose absolute limit is before an instant. Returns how many.
    pub async fn prune_staff_sessions(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.query(PRUNE).bind(before).execute().await
    }
}

impl FromRow for StaffSessionId {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.parsed("id")
    }
}
