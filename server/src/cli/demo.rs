//! `support-console demo`

use std::path::PathBuf;

use clap::Args;

use super::{CliError, Common};
use crate::{
    config::{LogConfig, LogFormat},
    demo::{self, Options},
    telemetry,
};

#[derive(Debug, Args)]
#[command(
    after_help = "The demo listens on this machine only. Its data is deleted on Ctrl-C, unless \
                  --data-dir is set:\nthen the next start continues where it stopped."
)]
pub(super) struct DemoArgs {
    /// The console's port
    #[arg(long, default_value_t = 3000)]
    console_port: u16,
    /// The gateway's port
    #[arg(long, default_value_t = 3100)]
    gateway_port: u16,
    /// The sample platform's port
    #[arg(long, default_value_t = 3200)]
    upstream_port: u16,
    /// Write addresses and accounts to this file when the demo is ready
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Other seeds make other tenants
    #[arg(long, default_value_t = 2026)]
    seed: u64,
}

pub(super) async fn run(common: &Common, args: DemoArgs) -> Result<(), CliError> {
    if common.config.is_some() || common.database_url.is_some() {
        let hint = "the demo uses its own configuration and data store: remove --config and \
                    --database-url";
        return Err(CliError::Usage(hint.to_owned()));
    }
    // Only the log and site settings of the environment matter here.
    let config = common.load(Vec::new())?;
    telemetry::start_log(&LogConfig {
        format: LogFormat::Human,
        filter: match config.log.filter {
            filter if filter == LogConfig::default().filter => "warn".to_owned(),
            filter => filter,
        },
    })?;
    demo::run(Options {
        console_port: args.console_port,
        gateway_port: args.gateway_port,
        upstream_port: args.upstream_port,
        data_dir: common.data_dir.clone(),
        ready_file: args.ready_file,
        seed: args.seed,
        site_root: config.console.site_root,
    })
    .await?;
    Ok(())
}
