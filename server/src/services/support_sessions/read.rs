//! Reading support sessions and their access logs.

use app::{
    domain::{
        SupportSessionId,
        access_log::AccessLogEntry,
        caller::{Caller, Context},
        named::{none_called, several_called},
        page::{Page, PageRequest},
        policy::{Act, SessionActs},
        problem::{Problem, ProblemCode},
        staff::{StaffMember, StaffRef},
        support_sessions::{
            DAYS_CHARTED, STAFF_FIELD, SessionsOfDay, SupportSession, SupportSessionDetail,
            SupportSessionFilter, SupportSessionList, SupportSessionStatus,
        },
        tenants::SUGGESTED_MAX,
        text::clean,
        time_range::TimePreset,
    },
    ports::ReadSupportSessions,
};
use async_trait::async_trait;
use chrono::TimeDelta;

use super::SupportSessionsService;
use crate::services::{ServiceError, core::SEARCH_MAX, tenants::find_tenant};

impl SupportSessionsService {
    /// A support session that the caller may see. To a tenant's key, or a support session, another
    /// tenant's session doesn't exist.
    pub(in crate::services) async fn find(
        &self,
        context: &Context,
        id: SupportSessionId,
    ) -> Result<SupportSession, ServiceError> {
        let not_found = || Problem::not_found("support session");
        if context.caller == Caller::Anonymous {
            return Err(app::domain::policy::unauthenticated().into());
        }
        let mut reader = self.core.store.read().await?;
        let found = reader.db().lookup_support_session(id).await?;
        let Some(session) = found else {
            // A caller who may see none gets this answer, and does not learn which ones exist.
            self.authorise_reading_any(context)?;
            return Err(not_found().into());
        };
        match self
            .core
            .authorise(context, Act::ReadSupportSessionsOf(&session.tenant_id))
        {
            Ok(()) => Ok(session),
            Err(problem) if problem.code == ProblemCode::NotFound => Err(not_found().into()),
            Err(problem) => Err(problem.into()),
        }
    }

    /// One page of support sessions, without the figures.
    pub async fn page(
        &self,
        context: &Context,
        mut filter: SupportSessionFilter,
        page: PageRequest,
    ) -> Result<Page<SupportSession>, Problem> {
        self.authorise_reading_any(context)?;
        if let Some(own) = context.caller.own_tenant() {
            if let Some(asked) = &filter.tenant_id {
                self.core
                    .authorise(context, Act::ReadSupportSessionsOf(asked))?;
            }
            filter.tenant_id = Some(own.clone());
        }
        let name = format!(
            // Cursors of before had another order.
            "support_sessions by time {}",
            serde_json::to_string(&filter).unwrap_or_default()
        );
        let SupportSessionFilter { time, from, to, .. } = &mut filter;
        self.core.settle(context, time, from, to);
        let at = self.core.page_at(context, &name, &page)?;
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        let listed = reader.db().list_support_sessions(&filter, at, now).await?;
        Ok(self.core.page(&name, listed))
    }

    fn authorise_reading_any(&self, context: &Context) -> Result<(), Problem> {
        let act = match context.caller.own_tenant() {
            Some(own) => Act::ReadSupportSessionsOf(own),
            None => Act::ReadSupportSessions,
        };
        self.core.authorise(context, act)
    }
}

#[async_trait]
impl ReadSupportSessions for SupportSessionsService {
    async fn list(
        &self,
        context: &Context,
        filter: SupportSessionFilter,
        page: PageRequest,
    ) -> Result<SupportSessionList, Problem> {
        let chosen = filter.staff_id;
        let sessions = self.page(context, filter, page).await?;
        let own_tenant = context.caller.own_tenant();
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let counts = db.count_support_sessions(own_tenant, now).await?;
        let mut staff = match own_tenant {
            None => db.list_support_session_staff().await?,
            Some(_) => Vec::new(),
        };
        if own_tenant.is_none()
            && let Some(id) = chosen
            && staff.iter().all(|offered| offered.id != id)
            && let Some(found) = db.lookup_support_session_staff(id).await?
        {
            staff.push(found);
        }
        let named = match staff.iter().find(|offered| Some(offered.id) == chosen) {
            Some(one) => {
                let same = db.find_staff_by_name(&one.name).await?;
                (same.len() == 1).then(|| one.clone())
            }
            None => None,
        };
        Ok(SupportSessionList {
            counts,
            sessions,
            staff,
            named,
            at: now,
        })
    }

    async fn staff_named(&self, context: &Context, text: &str) -> Result<StaffRef, Problem> {
        self.core.authorise(context, Act::ReadSupportSessions)?;
        let wrong = |message: String| Problem::invalid_field(STAFF_FIELD, message);
        let text = clean(text, 1, SEARCH_MAX, false).map_err(|error| wrong(error.to_string()))?;
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let found = db.find_staff_by_name(&text).await?;
        if let [one] = found.as_slice() {
            return Ok(staff_ref(one.clone()));
        }
        if !found.is_empty() {
            let ids: Vec<_> = found.iter().map(|one| one.id.to_string()).collect();
            return Err(wrong(several_called("staff members", &text, &ids)));
        }
        let alike = db.list_staff_named(&text, SUGGESTED_MAX).await?;
        let alike = alike.into_iter();
        let alike: Vec<_> = alike.map(|one| (one.name, one.id.to_string())).collect();
        Err(wrong(none_called("staff member", &text, &alike)))
    }

    async fn detail(
        &self,
        context: &Context,
        id: SupportSessionId,
    ) -> Result<SupportSessionDetail, Problem> {
        let mut session = self.find(context, id).await?;
        let tenant = &session.tenant_id;
        self.core.authorise(context, Act::ReadTenant(tenant))?;
        let tenant = find_tenant(&self.core, tenant).await?.tenant;
        let at = self.core.now();
        let active = session.status(at) == SupportSessionStatus::Active;
        let may = active.then(|| SessionActs::of(&context.caller, session.staff_id, at));
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let sees_nodes = !matches!(&context.caller, Caller::Key(key) if key.tenant_id.is_some());
        if let Some(revocation) = session.revocation.as_mut().filter(|_| sees_nodes) {
            revocation.receipts = db.list_receipts(id).await?;
        }
        let scopes_used = db.count_scopes_used(id, session.last_seq()).await?;
        let without_banner = db.pages_without_banner(id).await?;
        let midnight = at.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
        let today = db
            .count_forwarded_since(session.staff_id, &session.tenant_id, midnight)
            .await?;
        drop(reader);
        Ok(SupportSessionDetail {
            open_url: self.open_url(context, &session, at).await?,
            scopes_used,
            without_banner,
            tenant_status: tenant.status,
            may: may.unwrap_or_default(),
            today,
            session,
            at,
        })
    }

    async fn access_log(
        &self,
        context: &Context,
        id: SupportSessionId,
        page: PageRequest,
    ) -> Result<Page<AccessLogEntry>, Problem> {
        let session = self.find(context, id).await?;
        let name = format!("access_log {id}");
        let at = self.core.page_at(context, &name, &page)?;
        let at = at.counted_as(session.last_seq());
        let mut reader = self.core.store.read().await?;
        let listed = reader.db().list_access_log(id, at).await?;
        Ok(self.core.page(&name, listed))
    }

    async fn by_day(&self, context: &Context) -> Result<Vec<SessionsOfDay>, Problem> {
        self.core.authorise(context, Act::ReadSupportSessions)?;
        let now = self.core.now();
        let today = self.core.span(context, TimePreset::Today).from;
        // Days of 24 hours, also where clocks change among them.
        let first = today.unwrap_or(now) - TimeDelta::days(1) * (DAYS_CHARTED - 1);
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        Ok(db.list_sessions_by_day(first, DAYS_CHARTED, now).await?)
    }
}

fn staff_ref(member: StaffMember) -> StaffRef {
    StaffRef {
        id: member.id,
        name: member.name,
    }
}
