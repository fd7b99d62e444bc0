//! Makes the gateway, forward-auth and the layers from the parts of this process.

use std::sync::Arc;

use gateway::{
    ForwardAuth, Gateway, GatewayParts, GatewaySettings, LayerParts, SupportSessionLayer,
    config::InvalidConfig,
};
use store::Lane;
use tokio::task::JoinHandle;

use crate::{
    app_state::AppState,
    config::Config,
    services::{access_log::StoreRecorder, browser_sessions::StoreBrowserSessions},
};

/// The record of the gateway, with the task that completes it.
pub struct Record {
    /// Finds support sessions and writes their records.
    pub recorder: Arc<StoreRecorder>,
    /// Ends once the recorder is dropped and everything handed over is written.
    pub completions: JoinHandle<()>,
}

impl AppState {
    /// The gateway with its record; `None` without a `[gateway]` table.
    ///
    /// # Errors
    ///
    /// If its configuration can't be used.
    pub fn gateway(&self, record: &Record) -> Result<Option<Arc<Gateway>>, InvalidConfig> {
        let Some(settings) = self.gateway_settings()? else {
            return Ok(None);
        };
        let core = self.core.within(Lane::Gateway);
        Ok(Some(Gateway::new(GatewayParts {
            settings,
            sessions: record.recorder.clone(),
            browser_sessions: StoreBrowserSessions::new(core.clone(), Arc::clone(&self.node.gates)),
            held_sessions: Arc::new(self.support_sessions.within(Lane::Gateway)),
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

/// Values of `Host` that the console accepts from support sessions: its public one, and its
/// listener's.
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
