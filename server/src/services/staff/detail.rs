//! One staff member, for the page of administration.

use app::domain::{
    StaffId, SupportSessionId,
    audit::{AuditCategory, AuditEvent, AuditFilter},
    caller::{Caller, Context},
    policy::Act,
    staff::{StaffDetail, StaffRow},
};
use chrono::TimeDelta;
use store::{
    Db, StoreError,
    audit::AuditReach,
    listing::{PageAt, Wanted},
};

use super::{StaffService, not_found};
use crate::services::{ServiceError, staff_sessions::open_sign_ins};

/// How far back the events of a staff member are shown. Reading on would read everyone's.
const EVENTS_OF: TimeDelta = TimeDelta::days(90);
/// How many of them are shown.
const EVENTS: u32 = 10;

impl StaffService {
    /// Everything on the page of a staff member.
    pub async fn detail_of(
        &self,
        context: &Context,
        id: StaffId,
    ) -> Result<StaffDetail, ServiceError> {
        self.core.authorise(context, Act::ReadStaff)?;
        let (by, own_session) = match &context.caller {
            Caller::Staff(by) => (Some(by.staff_id), Some(by.staff_session_id)),
            _ => (None, None),
        };
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let found = db.lookup_listed_staff(id).await?.ok_or_else(not_found)?;
        let member = found.member;
        let others = db.count_other_super_admins(id).await?;
        let row = StaffRow {
            active_support_sessions: db.count_active_support_sessions_of(id, now).await?,
            last_signed_in_at: found.last_signed_in_at,
            pending: found.pending,
            member,
        };
        Ok(StaffDetail {
            is_last_super_admin: others == 0
                && row.pending.is_none()
                && row.member.is_super_admin(),
            row,
            sign_ins: open_sign_ins(&mut db, id, own_session, now).await?,
            events: events_of(&mut db, id, now - EVENTS_OF).await?,
            link: db.lookup_staff_link(id, now).await?,
            is_own: by == Some(id),
            now,
        })
    }
}

/// The latest audit events of which a staff member is the subject.
pub(super) async fn events_of(
    db: &mut Db<'_>,
    id: StaffId,
    since: app::domain::Timestamp,
) -> Result<Vec<AuditEvent>, StoreError> {
    let filter = AuditFilter {
        category: Some(AuditCategory::Staff),
        from: Some(since),
        // The store compares it with the event's resource, of whatever kind that is.
        session_id: Some(SupportSessionId::from_uuid(id.as_uuid())),
        ..AuditFilter::default()
    };
    let page = Wanted::from(PageAt::first(EVENTS)).uncounted();
    let listed = db
        .list_audit_events(&AuditReach::All, &filter, page)
        .await?;
    Ok(listed.items)
}
