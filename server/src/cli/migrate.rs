//! `support-console migrate`

use clap::Args;
use store::StoreError;

use super::{
    CliError, Common,
    open::{configured, open_store},
};

#[derive(Debug, Args)]
#[command(after_help = "Back up the data store first. Example:\n  \
    support-console migrate --dry-run && support-console migrate")]
pub(super) struct MigrateArgs {
    /// Only check whether an update is needed
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(common: &Common, args: MigrateArgs) -> Result<(), CliError> {
    let config = configured(common)?;
    let store = match open_store(&config, !args.dry_run).await {
        Err(StoreError::OlderSchema) if args.dry_run => {
            say!("The schema is out of date. Run `support-console migrate` to update it.")?;
            return Ok(());
        }
        opened => opened?,
    };
    let version = store.schema_version().await?;
    say!("The schema is up to date (version {}).", version.found)?;
    Ok(())
}
