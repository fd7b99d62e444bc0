//! The services that the user interface uses.
//!
//! The server implements these traits in `server::services` and provides them as one [`Console`]
//! through Leptos' context. Every method gets the [`Context`] of the request and authorises by it:
//! it never trusts its caller.

mod tenants;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;

use crate::domain::{
    ApiKeyId, AuditEventId, RequestId, StaffId, SupportSessionId, TenantId,
    access_log::AccessLogEntry,
    api_keys::{
        ApiKeyDetail, ApiKeyDraft, ApiKeyFilter, ApiKeyForm, ApiKeyList, ApiKeyMade, ApiKeyRevoked,
        RotateKeyForm,
    },
    audit::{AuditEvent, AuditFilter, RequestAnswer},
    caller::Context,
    find::{Found, RecordedRequest},
    flash::Flash,
    matches::Matches,
    page::{Page, PageRequest},
    problem::Problem,
    rules::{DryRun, DryRunForm, RulesInForce},
    saved_views::{FilteredList, SavedView, SavedViewForm},
    settings::{HealthPreview, Settings, SettingsDetail, ThresholdsForm},
    signed_in::{LostSignIn, SignedIn},
    staff::{
        InviteForm, OwnSignIns, RolesForm, StaffAnswer, StaffDetail, StaffFilter, StaffLinkGiven,
        StaffList, StaffRef,
    },
    support_sessions::{
        BudgetAnswer, RaiseBudgetForm, RevokeAnswer, RevokeSelectedForm, RevokedSelected,
        SelectedSessions, SessionsOfDay, SupportSessionDetail, SupportSessionDraft,
        SupportSessionFilter, SupportSessionForm, SupportSessionGranted, SupportSessionList,
    },
    time_range::{TimePreset, TimeSpan},
    user_sessions::{ForceLogoutAnswer, ForceLogoutDraft, ForceLogoutForm},
};

pub use self::tenants::{ManageTenantsPort, TenantsPort};

/// Everything the server does for the user interface.
#[derive(Clone)]
pub struct Console {
    pub staff: Arc<dyn StaffPort>,
    pub tenants: Arc<dyn TenantsPort>,
    pub manage_tenants: Arc<dyn ManageTenantsPort>,
    pub support_sessions: Arc<dyn SupportSessionsPort>,
    pub user_sessions: Arc<dyn UserSessionsPort>,
    pub audit: Arc<dyn AuditPort>,
    pub find: Arc<dyn FindPort>,
    pub api_keys: Arc<dyn ApiKeysPort>,
    pub configuration: Arc<dyn SettingsPort>,
    pub rules: Arc<dyn RulesPort>,
    pub saved_views: Arc<dyn SavedViewsPort>,
    pub flash: Arc<dyn FlashPort>,
    /// The part of the configuration that staff members may read.
    pub settings: Arc<Settings>,
}

#[async_trait]
pub trait StaffPort: Send + Sync {
    /// The signed-in staff member, if any. Needs no role, because the page "You have no support
    /// role" uses it too.
    async fn signed_in(&self, context: &Context) -> Result<Option<SignedIn>, Problem>;
    /// Whether any staff member exists. Public, for the first start.
    async fn any_staff(&self) -> Result<bool, Problem>;
    /// Why the holder of a token is not signed in any more. Public, for those who hold one.
    async fn why_signed_out(&self, token: &str) -> Option<LostSignIn>;
    /// One page of staff members.
    async fn list(
        &self,
        context: &Context,
        filter: StaffFilter,
        page: PageRequest,
    ) -> Result<StaffList, Problem>;
    /// One staff member, with their sign-ins and their latest events.
    async fn detail(&self, context: &Context, id: StaffId) -> Result<StaffDetail, Problem>;
    /// The caller's own open sign-ins.
    async fn own_sign_ins(&self, context: &Context) -> Result<OwnSignIns, Problem>;
    async fn set_roles(
        &self,
        context: &Context,
        id: StaffId,
        form: RolesForm,
    ) -> Result<StaffAnswer, Problem>;
    async fn deactivate(&self, context: &Context, id: StaffId) -> Result<StaffAnswer, Problem>;
    async fn reactivate(&self, context: &Context, id: StaffId) -> Result<StaffAnswer, Problem>;
    /// Adds someone who chooses their password with a one-time link.
    async fn invite(&self, context: &Context, form: InviteForm) -> Result<StaffLinkGiven, Problem>;
    /// Gives a staff member another one-time link.
    async fn make_link(&self, context: &Context, id: StaffId) -> Result<StaffLinkGiven, Problem>;
    async fn revoke_link(&self, context: &Context, id: StaffId) -> Result<StaffAnswer, Problem>;
    /// Ends every sign-in of a staff member.
    async fn end_sign_ins(&self, context: &Context, id: StaffId) -> Result<StaffAnswer, Problem>;
}

/// Support sessions and their access logs. Each verb is a trait, so that a service implements it in
/// the file of the verb.
pub trait SupportSessionsPort:
    CreateSupportSessions
    + ReplaceTokens
    + RaiseBudgets
    + RevokeSupportSessions
    + RevokeSelected
    + ReadSupportSessions
{
}

impl<T> SupportSessionsPort for T where
    T: CreateSupportSessions
        + ReplaceTokens
        + RaiseBudgets
        + RevokeSupportSessions
        + RevokeSelected
        + ReadSupportSessions
{
}

#[async_trait]
pub trait CreateSupportSessions: Send + Sync {
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
}

#[async_trait]
pub trait ReplaceTokens: Send + Sync {
    /// Replaces a lost token: the old one dies at once.
    async fn replace_token(
        &self,
        context: &Context,
        id: SupportSessionId,
    ) -> Result<SupportSessionGranted, Problem>;
}

#[async_trait]
pub trait RaiseBudgets: Send + Sync {
    /// Raises the total of requests of a support session.
    async fn raise_budget(
        &self,
        context: &Context,
        id: SupportSessionId,
        form: RaiseBudgetForm,
    ) -> Result<BudgetAnswer, Problem>;
}

#[async_trait]
pub trait RevokeSupportSessions: Send + Sync {
    /// Ends a support session early.
    async fn revoke(
        &self,
        context: &Context,
        id: SupportSessionId,
        reason: String,
    ) -> Result<RevokeAnswer, Problem>;
}

#[async_trait]
pub trait RevokeSelected: Send + Sync {
    /// The chosen support sessions before they are revoked.
    async fn selected(
        &self,
        context: &Context,
        form: RevokeSelectedForm,
    ) -> Result<SelectedSessions, Problem>;
    /// Ends those of the chosen support sessions that are active.
    async fn revoke_selected(
        &self,
        context: &Context,
        form: RevokeSelectedForm,
    ) -> Result<RevokedSelected, Problem>;
}

#[async_trait]
pub trait ReadSupportSessions: Send + Sync {
    /// One page, newest first, with the figures.
    async fn list(
        &self,
        context: &Context,
        filter: SupportSessionFilter,
        page: PageRequest,
    ) -> Result<SupportSessionList, Problem>;
    /// The one staff member of this name among those who have held a support session.
    async fn staff_named(&self, context: &Context, text: &str) -> Result<StaffRef, Problem>;
    async fn detail(
        &self,
        context: &Context,
        id: SupportSessionId,
    ) -> Result<SupportSessionDetail, Problem>;
    /// One page of the access log, newest first.
    async fn access_log(
        &self,
        context: &Context,
        id: SupportSessionId,
        page: PageRequest,
    ) -> Result<Page<AccessLogEntry>, Problem>;
    /// Sessions by the day of their issue, oldest first, without gaps. The last day is today in the caller's zone.
    async fn by_day(&self, context: &Context) -> Result<Vec<SessionsOfDay>, Problem>;
}

#[async_trait]
pub trait UserSessionsPort: Send + Sync {
    /// The data for the dialog "Force Logout All Sessions".
    async fn draft(
        &self,
        context: &Context,
        tenant: &TenantId,
    ) -> Result<ForceLogoutDraft, Problem>;
    /// Ends every active user session of a tenant. The slug must be the tenant's.
    async fn force_logout(
        &self,
        context: &Context,
        tenant: &TenantId,
        form: ForceLogoutForm,
    ) -> Result<ForceLogoutAnswer, Problem>;
}

#[async_trait]
pub trait AuditPort: Send + Sync {
    /// One page, newest first.
    async fn list(
        &self,
        context: &Context,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEvent>, Problem>;
    async fn event(&self, context: &Context, id: AuditEventId) -> Result<AuditEvent, Problem>;
    /// What became of the requests among events that the caller has been given, by their identifiers.
    async fn answers(
        &self,
        context: &Context,
        events: &[AuditEvent],
    ) -> Result<BTreeMap<String, RequestAnswer>, Problem>;
    /// The time that a preset names now, in the caller's zone.
    fn span(&self, context: &Context, preset: TimePreset) -> TimeSpan;
}

/// Keys of the REST interface.
#[async_trait]
pub trait ApiKeysPort: Send + Sync {
    /// One page, newest first, with the figures.
    async fn list(
        &self,
        context: &Context,
        filter: ApiKeyFilter,
        page: PageRequest,
    ) -> Result<ApiKeyList, Problem>;
    async fn key(&self, context: &Context, id: ApiKeyId) -> Result<ApiKeyDetail, Problem>;
    /// What the form that makes a key needs to be shown.
    async fn draft(&self, context: &Context) -> Result<ApiKeyDraft, Problem>;
    async fn create(&self, context: &Context, form: ApiKeyForm) -> Result<ApiKeyMade, Problem>;
    /// Replaces a key's secret. The previous one works on for a while.
    async fn rotate(
        &self,
        context: &Context,
        id: ApiKeyId,
        form: RotateKeyForm,
    ) -> Result<ApiKeyMade, Problem>;
    async fn revoke(&self, context: &Context, id: ApiKeyId) -> Result<ApiKeyRevoked, Problem>;
}

/// How the console is configured, and on what it runs.
#[async_trait]
pub trait SettingsPort: Send + Sync {
    async fn detail(&self, context: &Context) -> Result<SettingsDetail, Problem>;
    /// What other thresholds of health would change now. Saves nothing.
    async fn preview_health(
        &self,
        context: &Context,
        form: ThresholdsForm,
    ) -> Result<HealthPreview, Problem>;
}

/// Whatever has an identifier.
#[async_trait]
pub trait FindPort: Send + Sync {
    /// What a pasted identifier names, if the caller may see it.
    async fn by_id(&self, context: &Context, text: &str) -> Result<Option<Found>, Problem>;
    /// A few of each kind that a text is part of the name of, and what it names by its identifier.
    async fn by_name(&self, context: &Context, text: &str) -> Result<Matches, Problem>;
    /// Everything that is recorded of one request, as far as the caller may see it.
    async fn request(&self, context: &Context, id: RequestId) -> Result<RecordedRequest, Problem>;
}

#[async_trait]
pub trait RulesPort: Send + Sync {
    /// The active rules; `None` without a gateway.
    async fn in_force(&self, context: &Context) -> Result<Option<RulesInForce>, Problem>;
    /// What the rules of a changed file would have decided about the latest requests. Changes
    /// nothing.
    async fn dry_run(&self, context: &Context, form: DryRunForm) -> Result<DryRun, Problem>;
}

/// Filters that people keep under a name.
#[async_trait]
pub trait SavedViewsPort: Send + Sync {
    /// The caller's own views of a list, by name.
    async fn list(&self, context: &Context, list: FilteredList) -> Result<Vec<SavedView>, Problem>;
    /// Keeps, renames or deletes one of them. Says what was done.
    async fn change(&self, context: &Context, form: SavedViewForm) -> Result<String, Problem>;
}

/// The message that a plain form left for the page it redirected to.
#[async_trait]
pub trait FlashPort: Send + Sync {
    /// Takes the flash with this id, once, if it belongs to the caller's staff session.
    async fn take(&self, context: &Context, id: &str) -> Option<Flash>;
}
