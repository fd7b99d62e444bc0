//! Pages of staff members.

use app::domain::{
    Timestamp,
    page::Direction,
    staff::{LinkPurpose, StaffFilter, StaffMember, StaffSort, StaffState},
};

use super::pending_of;
use crate::{
    Db, Sought, StoreError,
    listing::{Key, Listed, Listing, Wanted},
    record::record,
    sort_key,
};

/// A staff member as the list shows them.
#[derive(Debug, Clone)]
pub struct StoredStaff {
    pub member: StaffMember,
    /// When the person last signed in.
    pub last_signed_in_at: Option<Timestamp>,
    /// Why the person has no password, until they choose one.
    pub pending: Option<LinkPurpose>,
    sort_name: String,
}

record! { StoredStaff { member: StaffMember; last_signed_in_at; pending as [pending] by pending_of; sort_name } }

impl Db<'_> {
    /// One page of staff members.
    pub async fn list_staff_page(
        &mut self,
        filter: &StaffFilter,
        page: impl Into<Wanted>,
    ) -> Result<Listed<StoredStaff>, StoreError> {
        let sort = filter.sort;
        let keys = move |row: &StoredStaff| {
            let first = match sort {
                StaffSort::Name => Key::from(&row.sort_name),
                StaffSort::LastSignIn => row.last_signed_in_at.into(),
            };
            vec![first, row.member.id.into()]
        };
        listing(filter).fetch(self, page, keys).await
    }

    /// The first staff members whose names contain a text, accents aside, by name. Only those who have held a support session,
    /// and e-mail addresses aren't searched.
    pub async fn list_staff_named(
        &mut self,
        text: &str,
        limit: u32,
    ) -> Result<Vec<StaffMember>, StoreError> {
        let keys = &["sort_name", "id"];
        let mut listing = Listing::new("staff", keys, Direction::Ascending);
        listing.and_contains("sort_name", "id", &Sought::new(&sort_key(text)));
        listing.and("EXISTS (SELECT 1 FROM support_sessions s WHERE s.staff_id = staff.id)");
        listing.fetch_after(self, None, limit).await
    }
}

pub(crate) fn listing(filter: &StaffFilter) -> Listing {
    let keys: &[&str] = match filter.sort {
        StaffSort::Name => &["sort_name", "id"],
        StaffSort::LastSignIn => &["last_signed_in_at", "id"],
    };
    let mut listing = Listing::new("staff", keys, filter.direction);
    if let Some(role) = filter.role {
        listing.and_bind("' ' || roles || ' ' LIKE {}", format!("% {role} %"));
    }
    match filter.state {
        None => {}
        Some(StaffState::Active) => {
            listing.and("deactivated_at IS NULL AND roles <> '' AND pending = 0");
        }
        Some(StaffState::Invited) => listing.and("deactivated_at IS NULL AND pending = 1"),
        Some(StaffState::Reset) => listing.and("deactivated_at IS NULL AND pending = 2"),
        Some(StaffState::NoRole) => {
            listing.and("deactivated_at IS NULL AND roles = '' AND pending = 0");
        }
        Some(StaffState::Deactivated) => listing.and("deactivated_at IS NOT NULL"),
    }
    if let Some(search) = &filter.search {
        listing.and_contains("search", "id", &Sought::new(search));
    }
    listing
}
