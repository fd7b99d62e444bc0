//! Everything that serves a request, built once from the store, the clock and the configuration.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    domain::{
        SupportSessionId, TenantId, caller::Context, problem::Problem, scopes::Scope,
        settings::Settings,
    },
    ports::{Console, TenantsPort as _},
};
use gateway::{
    Lease, NodeState,
    config::InvalidConfig,
    identities::{Identities, IdentityKeys},
    scopes::Scopes,
};
use store::Lane;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    forms::Forms,
    limits::Limits,
    live::Live,
    middleware::same_origin::SameOrigin,
    patient::Patient,
    rest::bodies::Bodies,
    services::{
        Core, Passwords, TelemetryService, TenantsService, access_log::AccessLogReports,
        api_keys::ApiKeys, audit::AuditService, find::FindService, flash::Flashes,
        introspection::IntrospectionService, rules::RulesService, saved_views::SavedViewsService,
        settings::SettingsService, staff::StaffService, staff_sessions::StaffSessions,
        support_sessions::SupportSessionsService, user_sessions::UserSessionsService,
    },
};

/// Everything that serves a request. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    pub core: Core,
    pub staff: StaffService,
    /// Signing in and out.
    pub staff_sessions: StaffSessions,
    pub api_keys: ApiKeys,
    pub tenants: TenantsService,
    /// Receives telemetry.
    pub telemetry: TelemetryService,
    pub support_sessions: SupportSessionsService,
    pub user_sessions: UserSessionsService,
    pub audit: AuditService,
    /// Completes the records of requests that proxies forwarded.
    pub access_log_reports: AccessLogReports,
    pub rules: RulesService,
    /// Messages of plain forms for pages.
    pub flashes: Flashes,
    /// This node's state of support sessions, shared with the gateway.
    pub node: Arc<NodeState>,
    /// Signs identities for the upstream.
    pub identities: Arc<Identities>,
    /// Whether such an identity is still valid.
    pub introspection: IntrospectionService,
    /// How often one caller may send requests.
    pub limits: Limits,
    /// Where what can wait runs.
    pub(crate) patient: Patient,
    /// Where bodies of telemetry are read.
    pub(crate) bodies: Bodies,
    /// The part of the configuration that staff members may read.
    pub settings: Arc<Settings>,
}

impl AppState {
    /// Builds every service.
    ///
    /// # Errors
    ///
    /// If the configured scopes can't be used.
    pub fn new(core: Core, keys: IdentityKeys) -> Result<Self, InvalidConfig> {
        let settings = Arc::new(settings(&core.config)?);
        let node = NodeState::new(Lease::new(Arc::clone(&core.clock)));
        let passwords = Passwords::new(Arc::clone(&core.entropy));
        let identities = Identities::new(core.config.console.public_url.as_str(), keys);
        let tenants = TenantsService::new(core.clone(), Arc::clone(&node.gates));
        Ok(Self {
            staff: StaffService::new(core.clone(), passwords.clone(), Arc::clone(&node.gates)),
            staff_sessions: StaffSessions::new(core.clone(), passwords),
            api_keys: ApiKeys::new(core.clone()),
            telemetry: TelemetryService::new(core.clone()),
            support_sessions: SupportSessionsService::new(
                core.clone(),
                Arc::clone(&settings),
                Arc::clone(&node.gates),
            ),
            user_sessions: UserSessionsService::new(core.clone()),
            audit: AuditService::new(core.clone()),
            access_log_reports: AccessLogReports::new(core.clone()),
            rules: RulesService::new(core.clone()),
            flashes: Flashes::new(Arc::clone(&core.clock), Arc::clone(&core.entropy)),
            limits: Limits::new(core.config.limits.clone(), Arc::clone(&core.clock)),
            patient: Patient::new(),
            bodies: Bodies::new(),
            introspection: IntrospectionService::new(core.clone(), Arc::clone(&identities)),
            identities,
            node,
            settings,
            tenants,
            core,
        })
    }

    /// The services for the user interface.
    pub fn console(&self) -> Console {
        Console {
            staff: Arc::new(self.staff.clone()),
            tenants: Arc::new(self.tenants.clone()),
            manage_tenants: Arc::new(self.tenants.clone()),
            support_sessions: Arc::new(self.support_sessions.clone()),
            user_sessions: Arc::new(self.user_sessions.clone()),
            audit: Arc::new(self.audit.clone()),
            find: Arc::new(self.find()),
            api_keys: Arc::new(self.api_keys.clone()),
            configuration: Arc::new(SettingsService::new(self.core.clone())),
            rules: Arc::new(self.rules.clone()),
            saved_views: Arc::new(SavedViewsService::new(self.core.clone())),
            flash: Arc::new(self.flashes.clone()),
            settings: Arc::clone(&self.settings),
        }
    }

    /// The names of those of some tenants that the caller may see.
    pub async fn names_of(
        &self,
        context: &Context,
        ids: Vec<TenantId>,
    ) -> Result<BTreeMap<TenantId, String>, Problem> {
        let found = self.tenants.names(context, ids).await?;
        Ok(found
            .into_iter()
            .map(|tenant| (tenant.id, tenant.name))
            .collect())
    }

    fn find(&self) -> FindService {
        FindService {
            core: self.core.clone(),
            support_sessions: self.support_sessions.clone(),
            audit: self.audit.clone(),
        }
    }

    /// The services for plain forms.
    pub fn forms(&self) -> Forms {
        Forms {
            console: self.console(),
            staff_sessions: self.staff_sessions.clone(),
            support_sessions: self.support_sessions.clone(),
            same_origin: SameOrigin::of(&self.core.config.console.public_url),
            flashes: self.flashes.clone(),
        }
    }

    /// The source of live streams, which end when `live_ends`.
    pub fn live(
        &self,
        access_log: broadcast::Sender<SupportSessionId>,
        live_ends: CancellationToken,
    ) -> Live {
        Live::new(
            self.core.within(Lane::Live),
            self.staff_sessions.clone(),
            access_log,
            live_ends,
        )
    }
}

/// The part of a configuration that staff members may read.
///
/// # Errors
///
/// If the configured scopes can't be used.
pub fn settings(config: &Config) -> Result<Settings, InvalidConfig> {
    let scopes = Scopes::new(&config.scopes).map_err(InvalidConfig)?;
    let scopes: Vec<Scope> = scopes.list().cloned().collect();
    let plain = |url: &str| url.trim_end_matches('/').to_owned();
    Ok(Settings {
        thresholds: config.health.clone(),
        scopes,
        gateway_url: config
            .gateway
            .as_ref()
            .map_or_else(String::new, |gateway| plain(&gateway.public_url)),
        console_url: plain(config.console.public_url.as_str()),
        require_ticket: config.support_sessions.require_ticket,
        rule_set: config
            .rule_source()
            .map_or_else(String::new, |rules| rules.hash()),
    })
}
