//! The configuration: one struct per concern, read from a TOML file, then from the environment,
//! then from flags.

use std::{net::SocketAddr, path::PathBuf};

use app::domain::health::Thresholds;
use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

/// All of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `sqlite:PATH` or `postgres://…`.
    pub database_url: SecretString,
    /// Where key files are kept.
    pub data_dir: PathBuf,
    /// Whether `serve` brings an older schema up to date.
    pub migrate_on_start: bool,
    /// Proxies whose `X-Forwarded-For` is believed, counted from the right.
    pub trusted_proxies: Vec<IpNet>,
    /// The console.
    pub console: ConsoleConfig,
    /// How health is decided.
    pub health: Thresholds,
    /// What support sessions need.
    pub support_sessions: SupportSessionConfig,
}

/// The console's own listener.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsoleConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// How browsers reach it.
    pub public_url: Url,
    /// Where the files of the user interface are.
    pub site_root: PathBuf,
    /// Where a tenant is managed on the platform; `{tenant_id}` stands for the tenant.
    pub manage_tenant_url: Option<String>,
}

/// What support sessions need.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SupportSessionConfig {
    /// Whether a ticket is mandatory.
    pub require_ticket: bool,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            public_url: default_url(),
            site_root: PathBuf::from("target/site"),
            manage_tenant_url: None,
        }
    }
}

#[expect(clippy::unwrap_used, reason = "a constant")]
fn default_url() -> Url {
    Url::parse("http://localhost:3000").unwrap()
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database_url: SecretString::from("sqlite:support-console.db"),
            data_dir: PathBuf::from("."),
            migrate_on_start: true,
            trusted_proxies: Vec::new(),
            console: ConsoleConfig::default(),
            health: Thresholds::default(),
            support_sessions: SupportSessionConfig::default(),
        }
    }
}
