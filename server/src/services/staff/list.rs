//! The list of staff members.

use std::collections::HashMap;

use app::domain::{
    StaffId,
    caller::Context,
    page::PageRequest,
    policy::Act,
    staff::{StaffFilter, StaffList, StaffRow, parse_email},
};

use super::StaffService;
use crate::services::{ServiceError, core::searched};

impl StaffService {
    /// One page of staff members, with what they have open.
    pub async fn list_page(
        &self,
        context: &Context,
        filter: StaffFilter,
        page: &PageRequest,
    ) -> Result<StaffList, ServiceError> {
        self.core.authorise(context, Act::ReadStaff)?;
        let filter = StaffFilter {
            // A whole address is found however its domain is typed.
            search: searched(filter.search.as_deref())?
                .map(|text| parse_email(&text).unwrap_or(text)),
            ..filter
        };
        // Plain data always serialises.
        let list = serde_json::to_string(&filter).unwrap_or_default();
        let list = format!("staff:{list}");
        let wanted = self.core.page_at(context, &list, page)?;
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let listed = db.list_staff_page(&filter, wanted).await?;
        let active = db.count_active_support_sessions_by_staff(now).await?;
        let active: HashMap<StaffId, u64> = active.into_iter().collect();
        let listed = listed.map(|row| StaffRow {
            active_support_sessions: active.get(&row.member.id).copied().unwrap_or_default(),
            member: row.member,
            last_signed_in_at: row.last_signed_in_at,
            pending: row.pending,
        });
        let staff = self.core.page(&list, listed);
        Ok(StaffList { staff, now })
    }
}
