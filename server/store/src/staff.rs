//! Staff members.

use app::domain::{
    StaffId, Timestamp,
    staff::{Role, StaffMember},
};
use secrecy::{ExposeSecret, SecretString};

use super::{Db, FromRow, Row, StoreError, Tx, sql::statements};

statements! {
    LOOKUP = "SELECT * FROM staff WHERE id = $1";
    FIND_BY_EMAIL = "SELECT * FROM staff WHERE email = $1";
    LIST = "SELECT * FROM staff ORDER BY email";
    COUNT = "SELECT COUNT(*) FROM staff";
    COUNT_OTHER_SUPER_ADMINS = "SELECT COUNT(*) FROM staff WHERE id <> $1 AND deactivated_at IS NULL \
        AND ' ' || roles || ' ' LIKE '% super_admin %'";
    ADD = "INSERT INTO staff (id, email, name, roles, password_hash, must_change_password, created_at, \
        deactivated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    // Changes nothing, but takes the row's lock on PostgreSQL, and then returns what the previous
    // holder of the lock wrote.
    LOCK = "UPDATE staff SET email = email WHERE id = $1 RETURNING *";
    // The first staff member's row represents all: rows are never deleted.
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

impl FromRow for StaffRecord {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            member: StaffMember::from_row(row)?,
            password_hash: row.text("password_hash")?.into(),
            must_change_password: row.truth("must_change_password")?,
        })
    }
}

impl FromRow for StaffMember {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.parsed("id")?,
            email: row.text("email")?,
            name: row.text("name")?,
            roles: row.words("roles")?,
            deactivated_at: row.opt_at("deactivated_at")?,
            created_at: row.at("created_at")?,
        })
    }
}

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
        let member = &record.member;
        self.query(ADD)
            .bind(member.id)
            .bind(&member.email)
            .bind(&member.name)
            .bind(words(&member.roles))
            .bind(record.password_hash.expose_secret())
            .bind(record.must_change_password)
            .bind(member.created_at)
            .bind(member.deactivated_at)
            .execute()
            .await?;
        Ok(())
    }

    /// A staff member, with no one else changing it before this transaction ends.
    pub async fn lock_staff(&mut self, id: StaffId) -> Result<Option<StaffRecord>, StoreError> {
        self.query(LOCK).bind(id).fetch_optional().await
    }

    /// No one else changes roles or withdraws access before this transaction ends, so that two
    /// super admins can't remove each other at the same instant. Taken before any other lock.
    pub async fn lock_all_staff(&mut self) -> Result<(), StoreError> {
        self.query(LOCK_ALL).execute().await?;
        Ok(())
    }

    /// Gives a staff member exactly these roles.
    pub async fn set_staff_roles(&mut self, id: StaffId, roles: &[Role]) -> Result<(), StoreError> {
        self.query(SET_ROLES)
            .bind(id)
            .bind(words(roles))
            .execute()
            .await?;
        Ok(())
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
            .bind(hash.expose_secret())
            .bind(must_change)
            .execute()
            .await?;
        Ok(())
    }

    /// Withdraws a staff member's access.
    pub async fn deactivate_staff(&mut self, id: StaffId, at: Timestamp) -> Result<(), StoreError> {
        self.query(DEACTIVATE).bind(id).bind(at).execute().await?;
        Ok(())
    }

    /// Gives a staff member's access back.
    pub async fn reactivate_staff(&mut self, id: StaffId) -> Result<(), StoreError> {
        self.query(REACTIVATE).bind(id).execute().await?;
        Ok(())
    }
}

/// Words as they are kept in one column.
pub(super) fn words<T: ToString>(words: &[T]) -> String {
    words
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}
