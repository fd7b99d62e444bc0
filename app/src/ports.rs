//! What the user interface asks of the server.
//!
//! The server implements these traits in `server::services` and hands them out as one [`Console`]
//! through Leptos' context. Every method is given the [`Context`] of the request and authorises by
//! it: nothing here trusts its caller.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::{
    AuditEventId, SupportSessionId, TenantId,
    access_log::AccessLogEntry,
    audit::{AuditEvent, AuditFilter},
    caller::Context,
    flash::Flash,
    page::{Page, PageRequest},
    problem::Problem,
    rules::{DryRun, RulesInForce},
    settings::Settings,
    signed_in::SignedIn,
    support_sessions::{
        RaiseBudgetForm, SupportSession, SupportSessionDetail, SupportSessionDraft,
        SupportSessionFilter, SupportSessionForm, SupportSessionGranted, SupportSessionList,
    },
    tenants::{Overview, TenantDetail, TenantFilter},
    user_sessions::{ForceLogoutDraft, ForceLogoutResult},
};

/// Everything the server does for the user interface.
#[derive(Clone)]
pub struct Console {
    /// Who is signed in.
    pub staff: Arc<dyn StaffPort>,
    /// Tenants and their health.
    pub tenants: Arc<dyn TenantsPort>,
    /// Support sessions and their access logs.
    pub support_sessions: Arc<dyn SupportSessionsPort>,
    /// Force logout.
    pub user_sessions: Arc<dyn UserSessionsPort>,
    /// The audit log.
    pub audit: Arc<dyn AuditPort>,
    /// The gateway's rules.
    pub rules: Arc<dyn RulesPort>,
    /// What a plain form left for this page.
    pub flash: Arc<dyn FlashPort>,
    /// The part of the configuration that staff members may read.
    pub settings: Arc<Settings>,
}

/// Who is signed in.
#[async_trait]
pub trait StaffPort: Send + Sync {
    /// Who asks; `None` for nobody. Needs no role: the page that says "you have no support role"
    /// asks too.
    async fn signed_in(&self, context: &Context) -> Result<Option<SignedIn>, Problem>;
    /// Whether there is any staff member at all; told to anyone, for the first start.
    async fn any_staff(&self) -> Result<bool, Problem>;
}

/// Tenants and their health.
#[async_trait]
pub trait TenantsPort: Send + Sync {
    /// The figures and one page of tenants.
    async fn overview(
        &self,
        context: &Context,
        filter: TenantFilter,
        page: PageRequest,
    ) -> Result<Overview, Problem>;
    /// One tenant with everything its support detail page shows of its health.
    async fn detail(&self, context: &Context, id: &TenantId) -> Result<TenantDetail, Problem>;
}

/// Support sessions and their access logs.
#[async_trait]
pub trait SupportSessionsPort: Send + Sync {
    /// What the dialog "Create Support Session" needs to be shown.
    async fn draft(
        &self,
        context: &Context,
        tenant: &TenantId,
    ) -> Result<SupportSessionDraft, Problem>;
    /// Creates a support session in `tenant` for the caller.
    async fn create(
        &self,
        context: &Context,
        tenant: &TenantId,
        form: SupportSessionForm,
    ) -> Result<SupportSessionGranted, Problem>;
    /// One page, newest first, with the figures.
    async fn list(
        &self,
        context: &Context,
        filter: SupportSessionFilter,
        page: PageRequest,
    ) -> Result<SupportSessionList, Problem>;
    /// One support session.
    async fn detail(
        &self,
        context: &Context,
        id: SupportSessionId,
    ) -> Result<SupportSessionDetail, Problem>;
    /// Ends a support session early.
    async fn revoke(
        &self,
        context: &Context,
        id: SupportSessionId,
        reason: String,
    ) -> Result<SupportSession, Problem>;
    /// Replaces a lost token: the old one dies at once.
    async fn replace_token(
        &self,
        context: &Context,
        id: SupportSessionId,
    ) -> Result<SupportSessionGranted, Problem>;
    /// Raises the total of requests of a support session.
    async fn raise_budget(
        &self,
        context: &Context,
        id: SupportSessionId,
        form: RaiseBudgetForm,
    ) -> Result<SupportSession, Problem>;
    /// One page of the access log, newest first.
    async fn access_log(
        &self,
        context: &Context,
        id: SupportSessionId,
        page: PageRequest,
    ) -> Result<Page<AccessLogEntry>, Problem>;
}

/// Force logout.
#[async_trait]
pub trait UserSessionsPort: Send + Sync {
    /// What the dialog "Force Logout All Sessions" needs to be shown.
    async fn draft(
        &self,
        context: &Context,
        tenant: &TenantId,
    ) -> Result<ForceLogoutDraft, Problem>;
    /// Ends every active user session of a tenant. `slug` must be the tenant's.
    async fn force_logout(
        &self,
        context: &Context,
        tenant: &TenantId,
        slug: String,
        idempotency_key: String,
    ) -> Result<ForceLogoutResult, Problem>;
}

/// The audit log.
#[async_trait]
pub trait AuditPort: Send + Sync {
    /// One page, newest first.
    async fn list(
        &self,
        context: &Context,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEvent>, Problem>;
    /// One event.
    async fn event(&self, context: &Context, id: AuditEventId) -> Result<AuditEvent, Problem>;
}

/// The gateway's rules.
#[async_trait]
pub trait RulesPort: Send + Sync {
    /// The rules in force; `None` without a gateway.
    async fn in_force(&self, context: &Context) -> Result<Option<RulesInForce>, Problem>;
    /// What the rules of a changed file would have decided about the latest requests. Changes
    /// nothing.
    async fn dry_run(
        &self,
        context: &Context,
        rules: &str,
        requests: u32,
    ) -> Result<DryRun, Problem>;
}

/// What a plain form left for the page that it redirected to.
#[async_trait]
pub trait FlashPort: Send + Sync {
    /// Takes the flash with this id, once, if it belongs to the caller's staff session.
    async fn take(&self, context: &Context, id: &str) -> Option<Flash>;
}
