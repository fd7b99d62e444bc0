//! Staff members.

use app::domain::{
    StaffId, Timestamp,
    staff::{Role, StaffMember},
};
use const_format::concatcp;
use secrecy::SecretString;

use super::{
    Db, StoreError, Tx,
    record::{Record, insert, record, select},
    sql::statements,
};

statements! {
    LOOKUP = select!(StaffRecord, "staff WHERE id = $1");
    FIND_BY_EMAIL = select!(StaffRecord, "staff WHERE email = $1");
    LIST = select!(StaffMember, "staff ORDER BY email");
    COUNT = "SELECT COUNT(*) FROM staff";
    COUNT_OTHER_SUPER_ADMINS = "SELECT COUNT(*) FROM staff WHERE id <> $1 AND deactivated_at IS NULL \
        AND ' ' || roles || ' ' LIKE '% super_admin %'";
    ADD = insert!("staff", StaffRecord);
    // Changes nothing, but on PostgreSQL takes the row's lock, and then gives what the holder of
    // the lock before has left.
    LOCK = concatcp!("UPDATE staff SET email = email WHERE id = $1 RETURNING ", StaffRecord::COLUMNS);
    // The first staff member's row stands for all: rows are never deleted.
    LOCK_ALL = "UPDATE staff SET email = email WHERE id = (SELECT MIN(id) FROM staff)";
    SET_ROLES = "UPDATE staff SET roles = $2 WHERE id = $1";
    SET_PASSWORD = "UPDATE staff SET password_hash = $2, must_change_password = $3 WHERE id = $1";
    DEACTIVATE = "UPDATE staff SET deactivated_at = $2 WHERE id = $1";
    REACTIVATE = "UPDATE staff SET deactivated_at = NULL WHERE id = $1";
}

/// A staff member with what only the sign-in needs to know.
#[derive(Debug, Clone)]
pub struct StaffRecord {
    pub member: StaffMember,
    /// The password's hash, a PHC string.
    pub password_hash: SecretString,
    /// The password was given by someone else and must be changed first.
    pub must_change_password: bool,
}

record! { StaffMember { id; email; name; roles; deactivated_at; created_at } }

record! { StaffRecord { member: StaffMember; password_hash; must_change_password } }

impl Db<'_> {
    pub async fn lookup_staff(&mut self, id: StaffId) -> Result<Option<StaffRecord>, StoreError> {
        self.query(LOOKUP).bind(id).fetch_optional().await
    }

    /// The staff member who signs in with an e-mail address, which is given in its one form
    /// (`app::domain::staff::parse_email`).
    pub async fn find_staff_by_email(
        &mut self,
        email: &str,
    ) -> Result<Option<StaffRecord>, StoreError> {
        self.query(FIND_BY_EMAIL).bind(email).fetch_optional().await
    }

    /// Every staff member, by e-mail address.
    pub async fn list_staff(&mut self) -> Result<Vec<StaffMember>, StoreError> {
        self.query(LIST).fetch_all().await
    }

    /// How many staff members there are, deactivated ones included.
    pub async fn count_staff(&mut self) -> Result<u64, StoreError> {
        self.query(COUNT).fetch_one().await
    }

    /// How many active super admins there are beside this one.
    pub async fn count_other_super_admins(&mut self, id: StaffId) -> Result<u64, StoreError> {
        self.query(COUNT_OTHER_SUPER_ADMINS)
            .bind(id)
            .fetch_one()
            .await
    }
}

impl Tx<'_> {
    /// Adds a staff member.
    pub async fn add_staff(&mut self, record: &StaffRecord) -> Result<(), StoreError> {
        self.query(ADD).bind_all(record).done().await
    }

    /// A staff member, with no one else changing it before this transaction ends.
    pub async fn lock_staff(&mut self, id: StaffId) -> Result<Option<StaffRecord>, StoreError> {
        self.query(LOCK).bind(id).fetch_optional().await
    }

    /// No one else changes roles or withdraws access before this transaction ends, so that two
    /// super admins can't remove each other at the same instant. Taken before any other lock.
    pub async fn lock_all_staff(&mut self) -> Result<(), StoreError> {
        self.query(LOCK_ALL).done().await
    }

    /// Gives a staff member exactly these roles.
    pub async fn set_staff_roles(&mut self, id: StaffId, roles: &[Role]) -> Result<(), StoreError> {
        self.query(SET_ROLES).bind(id).bind(roles).done().await
    }

    /// Gives a staff member another password.
    pub async fn set_staff_password(
        &mut self,
        id: StaffId,
        hash: &SecretString,
        must_change: bool,
    ) -> Result<(), StoreError> {
        self.query(SET_PASSWORD)
            .bind(id)
            .bind(hash)
            .bind(must_change)
            .done()
            .await
    }

    /// Withdraws a staff member's access.
    pub async fn deactivate_staff(&mut self, id: StaffId, at: Timestamp) -> Result<(), StoreError> {
        self.query(DEACTIVATE).bind(id).bind(at).done().await
    }

    /// Gives a staff member's access back.
    pub async fn reactivate_staff(&mut self, id: StaffId) -> Result<(), StoreError> {
        self.query(REACTIVATE).bind(id).done().await
    }
}
