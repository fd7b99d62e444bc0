//! `support-console gateway …`

mod check;
mod explain;
mod keys;

use std::path::PathBuf;

use clap::Subcommand;

use super::{CliError, Common};
use crate::{
    config::{Config, ConfigError},
    gateway::GatewaySettings,
};

#[derive(Debug, Subcommand)]
pub(super) enum GatewayCommand {
    /// Check the gateway's part of a configuration, and print what it permits
    #[command(after_help = "Examples:\n  \
        support-console gateway check console.toml\n  \
        support-console gateway check --config console.toml\n\n\
        Faults are named with their line. Warnings do not fail the check.")]
    Check {
        /// The configuration file, instead of --config
        file: Option<PathBuf>,
    },
    /// Say which rule decides about a request, without sending it
    #[command(after_help = "Examples:\n  \
        support-console gateway explain GET /v1/tenants/acme/invoices\n  \
        support-console gateway explain POST /v1/exports --scopes read_only,exports:write\n  \
        support-console gateway explain GET '/v1/users?tenant_id=bolt' --tenant acme\n\n\
        Ends with 0 if the request would be let through, with 1 if it would be refused.")]
    Explain(explain::Question),
    /// The keys that sign what the upstream is told of each request
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
        GatewayCommand::Keys(command) => keys::run(common, command).await,
    }
}

/// The gateway's part of the configuration, checked.
fn settings(config: &Config) -> Result<GatewaySettings, ConfigError> {
    let Some(gateway) = &config.gateway else {
        let missing = "there is no [gateway] table: add one with listen, public_url, upstream and \
                       tenant_binding";
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
