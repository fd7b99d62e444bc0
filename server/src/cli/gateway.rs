//! `support-console gateway …`

use clap::Subcommand;

use super::{CliError, Common};
use crate::config::ConfigError;

#[derive(Debug, Subcommand)]
pub(super) enum GatewayCommand {
    /// Check the gateway's part of the configuration, and print what it permits
    #[command(after_help = "Example:\n  support-console gateway check --config console.toml")]
    Check,
}

pub(super) fn run(common: &Common, command: &GatewayCommand) -> Result<(), CliError> {
    let GatewayCommand::Check = command;
    let config = common.load(Vec::new())?;
    let Some(gateway) = &config.gateway else {
        let missing = "there is no [gateway] table: add one with listen, public_url, upstream and \
                       tenant_binding";
        return Err(ConfigError::Unusable(vec![missing.to_owned()]).into());
    };
    config.check()?;
    let settings = gateway
        .validate(&config.scopes, &config.trusted_proxies)
        .map_err(|invalid| ConfigError::Unusable(invalid.0))?;
    println!("The gateway's configuration is fine.");
    println!("  {} → {}", gateway.public_url, gateway.upstream);
    for scope in settings.scopes().list() {
        println!("  scope {}: {}", scope.name, scope.description);
    }
    Ok(())
}
