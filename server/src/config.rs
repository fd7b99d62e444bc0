//! The configuration: one struct per concern, read from a TOML file, then from the environment,
//! then from flags.

mod check;
mod error;
mod file;
mod load;
mod secrets;
mod shown;
mod variables;
mod words;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use app::domain::{
    health::Thresholds,
    settings::{ConfiguredValue, ValueSource},
    tenants::TenantMaster,
};
use gateway::{ForwardAuthConfig, GatewayConfig, scopes::ScopeConfig};
use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

pub use self::{
    check::Origin,
    error::ConfigError,
    file::ConfigFile,
    load::{Flag, Sources},
    variables::{PREFIX, variables_help},
};

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `sqlite:PATH` or `postgres://…`.
    pub database_url: SecretString,
    pub data_dir: PathBuf,
    /// This node's name. Defaults to the host's name.
    pub node_name: Option<String>,
    /// Whether `serve` migrates an older schema.
    pub migrate_on_start: bool,
    /// Proxies whose `X-Forwarded-For` is trusted, counted from the right.
    pub trusted_proxies: Vec<IpNet>,
    pub console: ConsoleConfig,
    /// The gateway in front of the platform's API. Without it `serve` runs only the console.
    pub gateway: Option<GatewayConfig>,
    /// The listener for the platform's own proxy, which asks about each request.
    pub forward_auth: Option<ForwardAuthConfig>,
    /// Scopes beside the built-in `read_only`.
    pub scopes: Vec<ScopeConfig>,
    pub health: Thresholds,
    /// What telemetry in OpenTelemetry's terms means.
    pub telemetry: TelemetryConfig,
    /// Limits and rules of support sessions.
    pub support_sessions: SupportSessionConfig,
    pub tenants: TenantsConfig,
    /// How often one caller may send requests.
    pub limits: LimitConfig,
    pub retention: RetentionConfig,
    pub log: LogConfig,
    pub metrics: MetricsConfig,
    /// The file that it was read from, if there is one.
    #[serde(skip)]
    pub file: Option<ConfigFile>,
    /// Which values were set, and where.
    #[serde(skip)]
    pub set: BTreeMap<String, ConfiguredValue>,
}

/// The console's own listener.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsoleConfig {
    pub listen: SocketAddr,
    /// The URL that browsers use.
    pub public_url: Url,
    /// The folder of the user interface's files, instead of those that the program carries.
    pub site_root: Option<PathBuf>,
    /// The address for managing a tenant on the platform, with `{tenant_id}` in place of the
    /// tenant.
    pub manage_tenant_url: Option<String>,
}

/// What telemetry in OpenTelemetry's terms means.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// The attributes that name a call's tenant. The first of them that a call has counts.
    pub tenant_attributes: Vec<String>,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            tenant_attributes: vec!["tenant.id".to_owned()],
        }
    }
}

/// Limits and rules of support sessions.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SupportSessionConfig {
    /// Whether a ticket is mandatory.
    pub require_ticket: bool,
    /// The request budget of a new session; 0 for no limit.
    pub requests_total: u64,
    /// Requests per minute of a new session, on each node; 0 for no limit.
    pub requests_per_minute: u64,
    /// Whether support sessions end, and none can be created, when the platform suspends their
    /// tenant or organization.
    pub end_when_suspended: bool,
}

impl SupportSessionConfig {
    /// The request budget of a new session; `None` for no limit.
    pub fn requests_total(&self) -> Option<u64> {
        Some(self.requests_total).filter(|total| *total > 0)
    }

    /// Requests per minute of a new session; `None` for no limit.
    pub fn requests_per_minute(&self) -> Option<u64> {
        Some(self.requests_per_minute).filter(|rate| *rate > 0)
    }
}

impl Default for SupportSessionConfig {
    fn default() -> Self {
        Self {
            require_ticket: false,
            requests_total: 10_000,
            requests_per_minute: 1_200,
            end_when_suspended: false,
        }
    }
}

/// Who manages tenants.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantsConfig {
    /// Who decides what a tenant is called, and its plan, region and status.
    pub master: TenantMaster,
}

/// How often one caller may send requests, on each node; 0 for no limit.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitConfig {
    /// Pages of a staff member. What these pages fetch, and the person's acts, each have the same
    /// limit.
    pub staff_requests_per_minute: u64,
    /// What a key reads.
    pub key_requests_per_minute: u64,
    /// What a key reports: telemetry, registrations, introspection.
    pub key_reports_per_minute: u64,
    /// Exports of the audit log, by a key or a staff member.
    pub exports_per_hour: u64,
}

impl Default for LimitConfig {
    fn default() -> Self {
        Self {
            staff_requests_per_minute: 3_000,
            key_requests_per_minute: 6_000,
            key_reports_per_minute: 60_000,
            exports_per_hour: 60,
        }
    }
}

/// How long the record is kept.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// Days for which audit events are kept; 0 for ever.
    pub audit_days: u32,
    /// Days for which ended support sessions and their access logs are kept; 0 for ever.
    pub access_log_days: u32,
    /// Whether audit events are deleted only once they are in an archive.
    pub archive_first: bool,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self {
            audit_days: SEVEN_YEARS,
            access_log_days: SEVEN_YEARS,
            archive_first: false,
        }
    }
}

/// In days.
const SEVEN_YEARS: u32 = 7 * 365 + 2;

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// The form of a line.
    pub format: LogFormat,
    /// Which lines are written, in `tracing`'s filter syntax: `info,gateway=debug`.
    pub filter: String,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people on a terminal, JSON otherwise.
    #[default]
    Auto,
    Human,
    /// One JSON object a line.
    Json,
}

/// Metrics for Prometheus.
///
/// They have their own listener, because behind a proxy on the same machine every caller of the
/// console's listener looks like loopback.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Whether `/metrics` is served at all.
    pub enabled: bool,
    /// The listen address of `/metrics`.
    pub listen: SocketAddr,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            filter: "info,sqlx=warn,hyper=warn,h2=error".to_owned(),
        }
    }
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
        }
    }
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            public_url: default_url(),
            site_root: None,
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
            node_name: None,
            migrate_on_start: true,
            trusted_proxies: Vec::new(),
            console: ConsoleConfig::default(),
            gateway: None,
            forward_auth: None,
            scopes: Vec::new(),
            health: Thresholds::default(),
            telemetry: TelemetryConfig::default(),
            support_sessions: SupportSessionConfig::default(),
            tenants: TenantsConfig::default(),
            limits: LimitConfig::default(),
            retention: RetentionConfig::default(),
            log: LogConfig::default(),
            metrics: MetricsConfig::default(),
            file: None,
            set: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Reads the configuration that the demo has made.
    ///
    /// # Errors
    ///
    /// If a value can't be used.
    pub(crate) fn of_demo(table: toml::Table) -> Result<Self, toml::de::Error> {
        let set = shown::set_values(&table, |_| (ValueSource::Demo, String::new()));
        let config: Self = table.try_into()?;
        Ok(Self { set, ..config })
    }
}
