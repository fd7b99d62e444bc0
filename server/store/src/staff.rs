//! Staff members.

mod list;

use app::domain::{
    StaffId, Timestamp,
    staff::{LinkPurpose, Role, StaffMember, StaffRef},
    support_sessions::STAFF_OFFERED,
};
use const_format::concatcp;
use secrecy::SecretString;

use super::{
    Bookkeeping, Db, Row, StoreError, ToValue as _, Tx, Value,
    record::{Record, insert, record, select},
    searchable, sort_key,
    sought::{NAMESAKES, of_name},
    sql::queries,
};

pub use list::StoredStaff;

queries! {
    Db {
        pub fn lookup_staff(id: StaffId) -> optional StaffRecord
            = select!(StaffRecord, "staff WHERE id = :id");

        /// A staff member as the list shows them.
        pub fn lookup_listed_staff(id: StaffId) -> optional StoredStaff
            = select!(StoredStaff, "staff WHERE id = :id");

        /// The staff member who signs in with an e-mail address, given in its stored form
        /// (`app::domain::staff::parse_email`).
        pub fn find_staff_by_email(email: &str) -> optional StaffRecord
            = select!(StaffRecord, "staff WHERE email = :email");

        /// Staff members who have held support sessions, for the filter.
        pub fn list_support_session_staff() -> all StaffRef
            = concatcp!("SELECT id AS staff_id, name AS staff_name FROM staff WHERE EXISTS (SELECT 1 FROM support_sessions s \
                WHERE s.staff_id = staff.id) ORDER BY name, id LIMIT ", STAFF_OFFERED);

        /// One of them.
        pub fn lookup_support_session_staff(id: StaffId) -> optional StaffRef
            = "SELECT id AS staff_id, name AS staff_name FROM staff WHERE id = :id AND EXISTS (SELECT 1 FROM support_sessions s \
                WHERE s.staff_id = staff.id)";

        /// Every staff member, by e-mail address.
        pub fn list_staff() -> all StaffMember = select!(StaffMember, "staff ORDER BY email");

        fn list_staff_sorted_as(sort_name: &str) -> all StaffMember
            = concatcp!(select!(StaffMember, "staff WHERE sort_name = :sort_name \
                AND EXISTS (SELECT 1 FROM support_sessions s WHERE s.staff_id = staff.id) ORDER BY id LIMIT "), NAMESAKES);

        /// How many staff members there are, including deactivated ones.
        pub fn count_staff() -> one u64 = "SELECT COUNT(*) FROM staff";

        /// How many other active super admins there are.
        pub fn count_other_super_admins(id: StaffId) -> one u64
            = "SELECT COUNT(*) FROM staff WHERE id <> :id AND deactivated_at IS NULL \
                AND pending = 0 AND ' ' || roles || ' ' LIKE '% super_admin %'";
    }
    Bookkeeping {
        /// A staff member, locked until this transaction ends.
        pub fn lock_staff(id: StaffId) -> optional StaffRecord
            // Changes nothing, but on PostgreSQL locks the row, and then returns what the previous
            // holder of the lock has left.
            = concatcp!("UPDATE staff SET email = email WHERE id = :id RETURNING ", StaffRecord::COLUMNS);

        /// Prevents changes of roles and access by others until this transaction ends, so that two
        /// super admins can't remove each other at the same instant. Take it before any other lock.
        pub fn lock_all_staff()
            // The first staff member's row is the lock for all, because rows are never deleted.
            = "UPDATE staff SET email = email WHERE id = (SELECT MIN(id) FROM staff)";
    }
    Tx {
        /// Adds a staff member.
        pub fn add_staff(record: &StaffRecord)
            where (record, search = searched(&record.member), sort_name = sort_key(&record.member.name))
            = insert!("staff", StaffRecord, "search, sort_name");

        /// Notes when a staff member signed in.
        pub fn note_sign_in(id: StaffId, at: Timestamp)
            = "UPDATE staff SET last_signed_in_at = :at WHERE id = :id";

        /// Gives a staff member exactly these roles.
        pub fn set_staff_roles(id: StaffId, roles: &[Role])
            = "UPDATE staff SET roles = :roles WHERE id = :id";

        /// Notes that an invited person has chosen a password.
        pub fn join_staff(id: StaffId) = "UPDATE staff SET pending = 0 WHERE id = :id";

        /// Notes that a staff member has no password any more.
        pub fn await_staff(id: StaffId) = "UPDATE staff SET pending = 2 WHERE id = :id";

        /// Gives a staff member another password.
        pub fn set_staff_password(id: StaffId, hash: &SecretString, must_change: bool)
            = "UPDATE staff SET password_hash = :hash, must_change_password = :must_change WHERE id = :id";

        /// Withdraws a staff member's access.
        pub fn deactivate_staff(id: StaffId, at: Timestamp)
            = "UPDATE staff SET deactivated_at = :at WHERE id = :id";

        /// Restores a staff member's access.
        pub fn reactivate_staff(id: StaffId)
            = "UPDATE staff SET deactivated_at = NULL WHERE id = :id";
    }
}

impl Db<'_> {
    /// Up to 50 staff members with this name, in any case. If there are none, those whose names have more accents. Only those
    /// who have held a support session: everyone who sees the sessions may know their names.
    pub async fn find_staff_by_name(&mut self, name: &str) -> Result<Vec<StaffMember>, StoreError> {
        let found = self.list_staff_sorted_as(&sort_key(name)).await?;
        Ok(of_name(found, name, |member| member.name.as_str()))
    }
}

/// A staff member with what only the sign-in needs to know.
#[derive(Debug, Clone)]
pub struct StaffRecord {
    pub member: StaffMember,
    /// The password's hash, a PHC string.
    pub password_hash: SecretString,
    /// The password was given by someone else and must be changed first.
    pub must_change_password: bool,
    /// Why the person has no password, until they choose one.
    pub pending: Option<LinkPurpose>,
}

/// The text that a staff member is found by.
fn searched(member: &StaffMember) -> String {
    searched_text(&member.name, &member.email)
}

pub(crate) fn searched_text(name: &str, email: &str) -> String {
    searchable(&format!("{name}\n{email}"))
}

record! { StaffRef { id = staff_id; name = staff_name } }

record! { StaffMember { id; email; name; roles; deactivated_at; created_at } }

record! { StaffRecord {
    member: StaffMember; password_hash; must_change_password;
    pending as [pending] by pending_of, pending_column
} }

/// 0 for someone with a password, 1 after an invitation, 2 after a reset.
fn pending_of(row: &Row) -> Result<Option<LinkPurpose>, StoreError> {
    Ok(match row.get::<i64>("pending")? {
        0 => None,
        1 => Some(LinkPurpose::Invitation),
        _ => Some(LinkPurpose::Reset),
    })
}

fn pending_column(record: &StaffRecord) -> [Value; 1] {
    let number: i64 = match record.pending {
        None => 0,
        Some(LinkPurpose::Invitation) => 1,
        Some(LinkPurpose::Reset) => 2,
    };
    [number.to_value()]
}
