//! `support-console gateway …`

mod check;
mod explain;
mod keys;
mod probe;

use std::path::PathBuf;

use clap::Subcommand;
use gateway::GatewaySettings;

use super::{CliError, Common};
use crate::config::{Config, ConfigError};

#[derive(Debug, Subcommand)]
pub(super) enum GatewayCommand {
    /// Check the gateway's configuration and print what it permits
    #[command(after_help = "Examples:\n  \
        support-console gateway check console.toml\n  \
        support-console gateway check --config console.toml\n\n\
        Errors are shown with their line. Warnings do not fail the check.")]
    Check {
        /// The configuration file (instead of --config)
        file: Option<PathBuf>,
    },
    /// Show which rule decides about a request, without sending it
    #[command(after_help = "Examples:\n  \
        support-console gateway explain GET /v1/tenants/acme/invoices\n  \
        support-console gateway explain POST /v1/exports --scopes read_only,exports:write\n  \
        support-console gateway explain GET '/v1/users?tenant_id=bolt' --tenant acme\n\n\
        Exits with 0 if the request would be allowed, with 1 if it would be refused.")]
    Explain(explain::Question),
    /// Test through the running gateway that the upstream keeps two tenants apart
    #[command(after_help = "Examples:\n  \
        support-console gateway probe --config console.toml --staff ana@example.com \\\n      \
        --tenant acme='Heron Ltd' --tenant bolt='Kestrel Inc' --path /v1/tenants/{tenant_id}/profile\n  \
        support-console gateway probe --config console.toml        with [gateway.probe] in the file\n\n\
        A canary is a text that one tenant's answer holds and no other's. Two support sessions are \
        opened for it, which tenants see, and revoked at the end; each request is recorded.\n\
        Exits with 0 if the tenants are kept apart, with 1 if not.")]
    Probe(Box<probe::ProbeArgs>),
    /// Manage the keys that sign identities for the upstream
    #[command(subcommand)]
    Keys(keys::KeysCommand),
}

pub(super) async fn run(common: &Common, command: GatewayCommand) -> Result<(), CliError> {
    match command {
        GatewayCommand::Check { file } => {
            let config = match file {
                Some(file) => common.load_file(&file)?,
                None => common.load(Vec::new())?,
            };
            check::run(&config)
        }
        GatewayCommand::Explain(question) => {
            let config = common.load(Vec::new())?;
            explain::run(&config, &question)
        }
        GatewayCommand::Probe(args) => probe::run(common, *args).await,
        GatewayCommand::Keys(command) => keys::run(common, command).await,
    }
}

/// The gateway's part of the configuration, checked.
fn settings(config: &Config) -> Result<GatewaySettings, ConfigError> {
    let Some(gateway) = &config.gateway else {
        let missing = if config.file.is_some() {
            "no [gateway] table: add one with listen, public_url, upstream and tenant_binding"
        } else {
            "no configuration: add --config FILE"
        };
        return Err(ConfigError::Unusable(vec![missing.to_owned()]));
    };
    config.check()?;
    gateway
        .validate(&config.scopes, &config.trusted_proxies)
        .map_err(|invalid| {
            let faults = invalid.0.iter().map(|fault| config.placed(fault));
            ConfigError::Unusable(faults.collect())
        })
}
