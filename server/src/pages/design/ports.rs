//! The services behind the sample pages. What would change something is refused.

mod staff;

use std::collections::BTreeMap;

use app::{
    domain::{
        AuditEventId, RequestId, SupportSessionId, TenantId,
        access_log::AccessLogEntry,
        audit::{AuditEvent, AuditFilter, RequestAnswer},
        caller::Context,
        find::{Found, RecordedRequest},
        flash::Flash,
        health::Verdict,
        matches::Matches,
        page::{Page, PageRequest},
        problem::Problem,
        rules::{DryRun, DryRunForm, RulesInForce},
        saved_views::{FilteredList, SavedView, SavedViewForm},
        staff::StaffRef,
        support_sessions::{
            BudgetAnswer, RaiseBudgetForm, RevokeAnswer, RevokeSelectedForm, RevokedSelected,
            SelectedSessions, SessionsOfDay, SupportSessionCounts, SupportSessionDetail,
            SupportSessionDraft, SupportSessionFilter, SupportSessionForm, SupportSessionGranted,
            SupportSessionList,
        },
        tenants::{
            ChosenTenant, HealthAt, Overview, TenantDetail, TenantFilter, TenantRef, no_tenant,
        },
        time_range::{TimePreset, TimeSpan},
        user_sessions::{ForceLogoutAnswer, ForceLogoutDraft, ForceLogoutForm},
    },
    ports::{
        AuditPort, CreateSupportSessions, FindPort, FlashPort, RaiseBudgets, ReadSupportSessions,
        ReplaceTokens, RevokeSelected, RevokeSupportSessions, RulesPort, SavedViewsPort,
        TenantsPort, UserSessionsPort,
    },
};
use async_trait::async_trait;

use super::samples::{Samples, hours as hours_of, now};

/// Which flash shows the confirmation of a new support session.
const GRANTED: &str = "granted";

pub(super) fn only_a_sample() -> Problem {
    Problem::forbidden("This is a sample. Nothing was done.")
}

fn reference(tenant: &app::domain::tenants::Tenant) -> TenantRef {
    TenantRef {
        id: tenant.id.clone(),
        slug: tenant.slug.clone(),
        name: tenant.name.clone(),
    }
}

#[async_trait]
impl TenantsPort for Samples {
    async fn overview(
        &self,
        _: &Context,
        filter: TenantFilter,
        _: PageRequest,
    ) -> Result<Overview, Problem> {
        let told = self.told()?;
        let tenants = match filter.search {
            Some(_) => Page::empty(),
            None => self.rows(&told.tenants, 248),
        };
        let hours = tenants.items.iter();
        let hours = hours.filter(|row| row.signals.calls_24h > 0);
        Ok(Overview {
            counts: self.counts(3),
            hours: hours
                .map(|row| (row.tenant.id.clone(), hours_of(row)))
                .collect(),
            tenants,
            telemetry: self.telemetry(),
            sorted_at: now(),
        })
    }
    async fn history(&self, _: &Context) -> Result<Vec<HealthAt>, Problem> {
        self.told()?;
        Ok(Samples::history(*self))
    }
    async fn detail(&self, _: &Context, _: &TenantId) -> Result<TenantDetail, Problem> {
        self.tenant(self.told()?)
    }
    async fn suggest(&self, _: &Context, _: &str) -> Result<Vec<TenantRef>, Problem> {
        Ok(Vec::new())
    }
    async fn named(&self, _: &Context, text: &str) -> Result<ChosenTenant, Problem> {
        let mut tenants = self.told()?.tenants.iter();
        let found = tenants.find(|row| row.tenant.id.as_str() == text);
        let tenant = reference(&found.ok_or_else(|| no_tenant(text))?.tenant);
        Ok(ChosenTenant {
            text: tenant.name.clone(),
            tenant,
        })
    }
    async fn names(&self, _: &Context, _: Vec<TenantId>) -> Result<Vec<TenantRef>, Problem> {
        let tenants = self.told()?.tenants.iter();
        Ok(tenants.map(|row| reference(&row.tenant)).collect())
    }
}

#[async_trait]
impl CreateSupportSessions for Samples {
    async fn draft(&self, _: &Context, _: &TenantId) -> Result<SupportSessionDraft, Problem> {
        let told = self.told()?;
        let tenant = told.tenants.first().cloned();
        let tenant = tenant.ok_or_else(|| Problem::not_found("tenant"))?;
        Ok(SupportSessionDraft {
            barred_organizations: Vec::new(),
            verdict: Verdict {
                health: tenant.signals.health,
                cause: tenant.cause.clone(),
            },
            tenant,
            stale: self.telemetry().stale,
            organizations: told.organizations.clone(),
            scopes: told.scopes.clone(),
            barred: None,
            support_may_write: true,
            require_ticket: false,
            ip: "203.0.113.24".to_owned(),
            idempotency_key: "sample".to_owned(),
            now: now(),
        })
    }
    async fn create(
        &self,
        _: &Context,
        _: &TenantId,
        _: SupportSessionForm,
    ) -> Result<SupportSessionGranted, Problem> {
        Err(only_a_sample())
    }
}

#[async_trait]
impl ReplaceTokens for Samples {
    async fn replace_token(
        &self,
        _: &Context,
        _: SupportSessionId,
    ) -> Result<SupportSessionGranted, Problem> {
        Err(only_a_sample())
    }
}

#[async_trait]
impl RaiseBudgets for Samples {
    async fn raise_budget(
        &self,
        _: &Context,
        _: SupportSessionId,
        _: RaiseBudgetForm,
    ) -> Result<BudgetAnswer, Problem> {
        Err(only_a_sample())
    }
}

#[async_trait]
impl RevokeSupportSessions for Samples {
    async fn revoke(
        &self,
        _: &Context,
        _: SupportSessionId,
        _: String,
    ) -> Result<RevokeAnswer, Problem> {
        Err(only_a_sample())
    }
}

#[async_trait]
impl RevokeSelected for Samples {
    async fn selected(
        &self,
        _: &Context,
        _: RevokeSelectedForm,
    ) -> Result<SelectedSessions, Problem> {
        Ok(SelectedSessions {
            sessions: self.told()?.sessions.clone(),
            at: now(),
            idempotency_key: "sample".to_owned(),
        })
    }
    async fn revoke_selected(
        &self,
        _: &Context,
        _: RevokeSelectedForm,
    ) -> Result<RevokedSelected, Problem> {
        Err(only_a_sample())
    }
}

#[async_trait]
impl ReadSupportSessions for Samples {
    async fn list(
        &self,
        _: &Context,
        filter: SupportSessionFilter,
        _: PageRequest,
    ) -> Result<SupportSessionList, Problem> {
        let told = self.told()?;
        let is_all = filter.tenant_id.is_none() && filter.status.is_none();
        let sessions = match is_all {
            true => self.rows(&told.sessions, 10_001),
            false => self.rows(&told.sessions[..2], 2),
        };
        let counts = SupportSessionCounts {
            active: 2,
            revoked: 1,
            expired: 10_001,
        };
        let staff = told.sessions.iter().take(2).map(|session| StaffRef {
            id: session.staff_id,
            name: session.staff_name.clone(),
        });
        Ok(SupportSessionList {
            counts: if self.is_empty() {
                SupportSessionCounts::default()
            } else {
                counts
            },
            sessions,
            staff: staff.collect(),
            named: None,
            at: now(),
        })
    }
    async fn staff_named(&self, _: &Context, _: &str) -> Result<StaffRef, Problem> {
        Err(only_a_sample())
    }
    async fn detail(
        &self,
        _: &Context,
        id: SupportSessionId,
    ) -> Result<SupportSessionDetail, Problem> {
        let told = self.told()?;
        let index = told.sessions.iter().position(|session| session.id == id);
        self.session(told, index.unwrap_or_default())
    }
    async fn access_log(
        &self,
        _: &Context,
        _: SupportSessionId,
        _: PageRequest,
    ) -> Result<Page<AccessLogEntry>, Problem> {
        Ok(self.rows(&self.told()?.log, 0))
    }
    async fn by_day(&self, _: &Context) -> Result<Vec<SessionsOfDay>, Problem> {
        self.told()?;
        Ok(Samples::by_day(*self))
    }
}

#[async_trait]
impl UserSessionsPort for Samples {
    async fn draft(&self, _: &Context, _: &TenantId) -> Result<ForceLogoutDraft, Problem> {
        let detail = self.tenant(self.told()?)?;
        Ok(ForceLogoutDraft {
            tenant: detail.tenant,
            active_user_sessions: detail.active_user_sessions,
            idempotency_key: "sample".to_owned(),
        })
    }
    async fn force_logout(
        &self,
        _: &Context,
        _: &TenantId,
        _: ForceLogoutForm,
    ) -> Result<ForceLogoutAnswer, Problem> {
        Err(only_a_sample())
    }
}

#[async_trait]
impl AuditPort for Samples {
    async fn list(
        &self,
        _: &Context,
        _: AuditFilter,
        _: PageRequest,
    ) -> Result<Page<AuditEvent>, Problem> {
        Ok(self.rows(&self.told()?.events, 10_001))
    }
    async fn event(&self, _: &Context, id: AuditEventId) -> Result<AuditEvent, Problem> {
        let mut events = self.told()?.events.iter();
        let found = events.find(|event| event.id == id).cloned();
        found.ok_or_else(|| Problem::not_found("audit event"))
    }
    async fn answers(
        &self,
        _: &Context,
        _: &[AuditEvent],
    ) -> Result<BTreeMap<String, RequestAnswer>, Problem> {
        Ok(self.told()?.answers.clone())
    }
    fn span(&self, _: &Context, preset: TimePreset) -> TimeSpan {
        preset.span(now(), &chrono::Utc)
    }
}

#[async_trait]
impl FindPort for Samples {
    async fn by_name(&self, _: &Context, _: &str) -> Result<Matches, Problem> {
        Ok(Matches::default())
    }
    async fn by_id(&self, _: &Context, _: &str) -> Result<Option<Found>, Problem> {
        Ok(None)
    }
    async fn request(&self, _: &Context, id: RequestId) -> Result<RecordedRequest, Problem> {
        let told = self.told()?;
        let entry = told.log.iter().find(|entry| entry.request_id == id);
        let made = entry.cloned().zip(told.sessions.first().cloned());
        let of_it = |event: &&AuditEvent| event.request_id == Some(id.to_string());
        Ok(RecordedRequest {
            id,
            made,
            tenant: told.tenants.first().map(|row| reference(&row.tenant)),
            events: told.events.iter().filter(of_it).cloned().collect(),
        })
    }
}

#[async_trait]
impl SavedViewsPort for Samples {
    async fn list(&self, _: &Context, list: FilteredList) -> Result<Vec<SavedView>, Problem> {
        let views = self.told()?.views.iter().filter(|view| view.list == list);
        Ok(views.cloned().collect())
    }
    async fn change(&self, _: &Context, _: SavedViewForm) -> Result<String, Problem> {
        Err(only_a_sample())
    }
}

#[async_trait]
impl RulesPort for Samples {
    async fn in_force(&self, _: &Context) -> Result<Option<RulesInForce>, Problem> {
        let rules = &self.told()?.rules;
        Ok((!self.is_empty()).then(|| rules.clone()))
    }
    async fn dry_run(&self, _: &Context, _: DryRunForm) -> Result<DryRun, Problem> {
        Err(only_a_sample())
    }
}

#[async_trait]
impl FlashPort for Samples {
    async fn take(&self, _: &Context, id: &str) -> Option<Flash> {
        let session = self.told().ok()?.sessions.first().cloned()?;
        let granted = SupportSessionGranted {
            session,
            token: Some("scst_7Zk2mQ9vX4tB8nL1cR6yH3pW5sD0fJ2gK7aE9uI4oT".to_owned()),
            audit_event_id: self.told().ok()?.events.first().map(|event| event.id),
            gateway_url: "https://gateway.example.com".to_owned(),
            example_path: "/v1/whoami".to_owned(),
            open_url: Some("https://platform.example.com/".to_owned()),
            unused: vec!["duration".to_owned(), "reason".to_owned()],
        };
        (id == GRANTED).then(|| Flash::Granted(Box::new(granted)))
    }
}
