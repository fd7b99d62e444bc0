//! Everything that serves a request, built once from the store, the clock and the configuration.

use std::sync::Arc;

use app::{
    domain::{SupportSessionId, scopes::Scope, settings::Settings},
    ports::Console,
};
use axum::Router;
use gateway::{
    ForwardAuth, Gateway, GatewayParts, GatewaySettings, LayerParts, Lease, NodeState,
    SupportSessionLayer,
    config::InvalidConfig,
    identities::{Identities, IdentityKeys},
    scopes::Scopes,
};
use tokio::{sync::broadcast, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    forms::{self, Forms},
    live::{self, Live},
    middleware::{
        self,
        context::{EstablishKey, EstablishStaff},
        same_origin::SameOrigin,
    },
    pages::{self, AssetOptions},
    rest,
    services::{
        Core, Passwords, TelemetryService, TenantsService,
        access_log::{AccessLogReports, StoreRecorder},
        api_keys::ApiKeys,
        audit::AuditService,
        browser_sessions::StoreBrowserSessions,
        flash::Flashes,
        introspection::IntrospectionService,
        rules::RulesService,
        staff::StaffService,
        staff_sessions::StaffSessions,
        support_sessions::SupportSessionsService,
        user_sessions::UserSessionsService,
    },
};

/// Everything that serves a request. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// Store, clock, randomness, configuration.
    pub core: Core,
    /// Staff members.
    pub staff: StaffService,
    /// Signing in and out.
    pub staff_sessions: StaffSessions,
    /// Keys of the REST interface.
    pub api_keys: ApiKeys,
    /// Tenants and their health.
    pub tenants: TenantsService,
    /// Telemetry in.
    pub telemetry: TelemetryService,
    /// Support sessions.
    pub support_sessions: SupportSessionsService,
    /// User sessions and force logout.
    pub user_sessions: UserSessionsService,
    /// The audit log.
    pub audit: AuditService,
    /// Completes the records of requests that proxies forwarded.
    pub access_log_reports: AccessLogReports,
    /// The gateway's rules.
    pub rules: RulesService,
    /// Messages of plain forms for pages.
    pub flashes: Flashes,
    /// What this node holds of support sessions, shared with the gateway.
    pub node: Arc<NodeState>,
    /// Signs identities for the upstream.
    pub identities: Arc<Identities>,
    /// Whether such an identity is still good.
    pub introspection: IntrospectionService,
    /// The part of the configuration that staff members may read.
    pub settings: Arc<Settings>,
}

/// The record of the gateway, with the task that completes it.
pub struct Record {
    /// Finds support sessions and writes their records.
    pub recorder: Arc<StoreRecorder>,
    /// Ends once the recorder is dropped and everything handed over is written.
    pub completions: JoinHandle<()>,
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
        let tenants_port = || Arc::new(tenants.clone());
        Ok(Self {
            staff: StaffService::new(core.clone(), passwords.clone()),
            staff_sessions: StaffSessions::new(core.clone(), passwords),
            api_keys: ApiKeys::new(core.clone()),
            telemetry: TelemetryService::new(core.clone()),
            support_sessions: SupportSessionsService::new(
                core.clone(),
                Arc::clone(&settings),
                tenants_port(),
                Arc::clone(&node.gates),
            ),
            user_sessions: UserSessionsService::new(core.clone(), tenants_port()),
            audit: AuditService::new(core.clone()),
            access_log_reports: AccessLogReports::new(core.clone()),
            rules: RulesService::new(core.clone()),
            flashes: Flashes::new(Arc::clone(&core.clock), Arc::clone(&core.entropy)),
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
            support_sessions: Arc::new(self.support_sessions.clone()),
            user_sessions: Arc::new(self.user_sessions.clone()),
            audit: Arc::new(self.audit.clone()),
            rules: Arc::new(self.rules.clone()),
            flash: Arc::new(self.flashes.clone()),
            settings: Arc::clone(&self.settings),
        }
    }

    /// Pages, plain forms, server functions, the live stream and the export, behind what each
    /// request of a browser passes through. Streams end when `live_ends`.
    pub fn pages(
        &self,
        access_log: broadcast::Sender<SupportSessionId>,
        live_ends: CancellationToken,
    ) -> Router {
        let live = Live::new(
            self.core.clone(),
            Arc::new(self.staff_sessions.clone()),
            Arc::new(self.tenants.clone()),
            access_log,
            live_ends,
        );
        let forms = Forms {
            console: self.console(),
            staff_sessions: self.staff_sessions.clone(),
            support_sessions: self.support_sessions.clone(),
            flashes: self.flashes.clone(),
        };
        let assets = AssetOptions {
            site_root: self.core.config.console.site_root.clone(),
        };
        let export = axum::routing::get(crate::export::export_audit);
        let router = pages::router(self.console(), assets)
            .merge(forms::router(forms))
            .merge(live::router(live))
            .merge(
                Router::new()
                    .route(app::paths::AUDIT_EXPORT, export)
                    .with_state(self.core.clone()),
            );
        middleware::console(
            router,
            EstablishStaff::new(self.core.clone(), self.staff_sessions.clone()),
            SameOrigin::of(&self.core.config.console.public_url),
        )
    }

    /// The REST interface behind what each of its requests passes through. Support sessions reach it
    /// where there is a [`Self::own_support_layer`].
    pub fn rest(&self, support: Option<SupportSessionLayer>) -> Router {
        let keys = EstablishKey::new(self.core.clone(), self.api_keys.clone());
        middleware::rest(rest::router(self.clone()), keys, support)
    }

    /// The gateway with its record; `None` without a `[gateway]` table.
    ///
    /// # Errors
    ///
    /// If its configuration can't be used.
    pub fn gateway(&self, record: &Record) -> Result<Option<Arc<Gateway>>, InvalidConfig> {
        let Some(settings) = self.gateway_settings()? else {
            return Ok(None);
        };
        Ok(Some(Gateway::new(GatewayParts {
            settings,
            sessions: record.recorder.clone(),
            browser_sessions: StoreBrowserSessions::new(
                self.core.clone(),
                Arc::clone(&self.node.gates),
            ),
            held_sessions: Arc::new(self.support_sessions.clone()),
            console_url: self.settings.console_url.clone(),
            recorder: record.recorder.clone(),
            node: Arc::clone(&self.node),
            identities: Arc::clone(&self.identities),
            clock: Arc::clone(&self.core.clock),
            entropy: Arc::clone(&self.core.entropy),
        })))
    }

    /// Forward-auth over the gateway; `None` without a `[forward_auth]` table.
    ///
    /// # Errors
    ///
    /// If its configuration can't be used.
    pub fn forward_auth(
        &self,
        gateway: &Arc<Gateway>,
    ) -> Result<Option<Arc<ForwardAuth>>, InvalidConfig> {
        let config = &self.core.config;
        let Some(forward_auth) = &config.forward_auth else {
            return Ok(None);
        };
        let settings = forward_auth.validate(config.gateway.as_ref(), &config.trusted_proxies)?;
        Ok(Some(ForwardAuth::new(Arc::clone(gateway), settings)))
    }

    /// A layer that lets support sessions reach handlers of a platform in this process; `None`
    /// without a `[gateway]` table. It serves the hosts of `gateway.public_url` and
    /// `gateway.hosts`.
    ///
    /// # Errors
    ///
    /// If the configuration of the gateway can't be used.
    pub fn support_layer(
        &self,
        record: &Record,
    ) -> Result<Option<SupportSessionLayer>, InvalidConfig> {
        let settings = self.gateway_settings()?;
        Ok(settings.map(|settings| {
            let hosts = settings.hosts().to_vec();
            SupportSessionLayer::new(self.layer_parts(&settings, hosts, record))
        }))
    }

    /// The layer that lets support sessions reach the REST API; `None` without a `[gateway]` table.
    /// Keys bypass it.
    ///
    /// # Errors
    ///
    /// If the configuration of the gateway can't be used.
    pub fn own_support_layer(
        &self,
        record: &Record,
    ) -> Result<Option<SupportSessionLayer>, InvalidConfig> {
        let settings = self.gateway_settings()?;
        Ok(settings.map(|settings| {
            let hosts = console_hosts(&self.core.config);
            let parts = self.layer_parts(&settings, hosts, record);
            SupportSessionLayer::before_own_routes(parts).passing_others()
        }))
    }

    fn layer_parts(
        &self,
        settings: &GatewaySettings,
        hosts: Vec<String>,
        record: &Record,
    ) -> LayerParts {
        LayerParts {
            rules: Arc::clone(settings.rules()),
            hosts,
            request_headers: settings.request_headers().to_vec(),
            trusted_proxies: self.core.config.trusted_proxies.clone(),
            sessions: record.recorder.clone(),
            recorder: record.recorder.clone(),
            node: Arc::clone(&self.node),
            clock: Arc::clone(&self.core.clock),
            entropy: Arc::clone(&self.core.entropy),
            record_timeout: settings.record_timeout(),
        }
    }

    fn gateway_settings(&self) -> Result<Option<GatewaySettings>, InvalidConfig> {
        let config = &self.core.config;
        let gateway = config.gateway.as_ref();
        gateway
            .map(|gateway| gateway.validate(&config.scopes, &config.trusted_proxies))
            .transpose()
    }
}

/// Values of `Host` that the console answers support sessions to: its public one, and its listener's.
fn console_hosts(config: &Config) -> Vec<String> {
    let url = &config.console.public_url;
    let host = url.host_str().unwrap_or_default();
    let mut hosts = vec![config.console.listen.to_string()];
    hosts.extend(
        url.port_or_known_default()
            .map(|port| format!("{host}:{port}")),
    );
    if url.port().is_none() {
        hosts.push(host.to_owned());
    }
    hosts
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
