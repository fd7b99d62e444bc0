//! `support-console serve`

use clap::Args;
use gateway::clock::SystemClock;

use super::{CliError, Common, flag};
use crate::{
    config::variables_help,
    serve::{self, Parts},
    telemetry::{self, Figures},
};

#[derive(Debug, Args)]
#[command(after_help = variables_help())]
pub(super) struct ServeArgs {
    /// The console's listen address
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The console's public URL
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

pub(super) async fn run(common: &Common, args: ServeArgs) -> Result<(), CliError> {
    let mut flags = Vec::new();
    if let Some(listen) = &args.listen {
        flags.push(flag("--listen", "console.listen", listen));
    }
    if let Some(url) = &args.public_url {
        flags.push(flag("--public-url", "console.public_url", url));
    }
    let config = common.load(flags)?;
    config.check()?;
    telemetry::start_log(&config.log)?;
    let figures = Figures::start()?;
    let server = serve::start(Parts {
        config,
        clock: std::sync::Arc::new(SystemClock),
        figures: Some(figures),
    })
    .await?;
    server.tell().await?;
    serve::asked_to_stop().await?;
    server.stop().await;
    Ok(())
}
