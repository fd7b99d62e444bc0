//! `support-console migrate`

use app::domain::record::RecordLevel;
use clap::Args;
use store::{Store, StoreError, StoreOptions};

use super::{CliError, Common, open::configured};

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
    let opened = Store::open(&StoreOptions {
        url: config.database_url.clone(),
        migrate: !args.dry_run,
        serves: false,
        record: RecordLevel::Flushed,
    })
    .await;
    let store = match opened {
        Err(StoreError::OlderSchema) if args.dry_run => {
            println!("The schema is out of date. Run `support-console migrate` to update it.");
            return Ok(());
        }
        opened => opened?,
    };
    let version = store.schema_version().await?;
    println!("The schema is up to date (version {}).", version.found);
    Ok(())
}
