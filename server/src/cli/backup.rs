//! `support-console backup` and `support-console restore`

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::Instant,
};

use app::domain::audit::AuditAction;
use clap::Args;
use gateway::lease::LEASE;
use secrecy::SecretString;
use store::{Engine, Store};
use tokio::{task::spawn_blocking, time::sleep};

use super::{
    CliError, Common,
    open::{Opened, configured, open_with},
};
use crate::{
    config::Config,
    keys::copy_keys,
    services::{Core, nodes::EpochKeeper},
};

#[derive(Debug, Args)]
#[command(
    after_help = "The file is a whole SQLite database with the state of one instant. Only its owner can read it. \
    The keys are not in it, so that nobody who finds it can sign anything. They rarely change: copy them once, and \
    after each change (`gateway keys …`), to another place. Without checkpoint.key, an audit log from which events \
    were deleted can't be verified any more. The audit log records the backup (store.backed_up) once it is whole.\n\n\
    PostgreSQL has its own tools: docs/operations.md.\n\nExample:\n  \
    support-console backup --config console.toml /backup/2026-11-30.db --keys /safe/keys"
)]
pub(super) struct BackupArgs {
    /// The file to create
    file: PathBuf,
    /// Also copy the key files into this new folder
    #[arg(long, value_name = "FOLDER")]
    keys: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Stop the server first. The previous store is kept beside the restored one. Every support session is \
    revoked, because nobody knows which ones were revoked after the backup.\n\nExamples:\n  \
    support-console restore --config console.toml /backup/2026-11-30.db --keys /safe/keys\n  \
    support-console restore --config console.toml --only-revoke     (after pg_restore)"
)]
pub(super) struct RestoreArgs {
    /// The file that `backup` made
    #[arg(
        required_unless_present = "only_revoke",
        conflicts_with = "only_revoke"
    )]
    file: Option<PathBuf>,
    /// The data store was restored by other means: only revoke every support session in it
    #[arg(long)]
    only_revoke: bool,
    /// Also copy the key files from this folder, unless they are there
    #[arg(long, value_name = "FOLDER")]
    keys: Option<PathBuf>,
}

pub(super) async fn back_up(common: &Common, args: BackupArgs) -> Result<(), CliError> {
    let config = configured(common)?;
    let (url, file) = (config.database_url.clone(), args.file.clone());
    let copied = spawn_blocking(move || Store::back_up(&url, &file)).await;
    copied.map_err(std::io::Error::other)??;
    say!("Backed up the data store to {}", args.file.display())?;
    // If it can't be recorded, the keys are copied all the same.
    let recorded = record(&config, &args).await;
    match &args.keys {
        None => say!(
            "The keys in {} are not in it: keep them in another place (--keys copies them).",
            config.data_dir.display()
        )?,
        Some(folder) => {
            let made = DirBuilder::new().mode(0o700).create(folder);
            made.map_err(|source| CliError::File {
                path: folder.clone(),
                source,
            })?;
            let (copied, _) = copy_keys(&config.data_dir, folder)?;
            say!("Copied to {}: {}", folder.display(), copied.join(", "))?;
        }
    }
    recorded.map_err(|error| CliError::Unrecorded(Box::new(error)))
}

/// Records a backup that is whole, and whether its keys were to be copied. A store of another
/// version stays as it is.
async fn record(config: &Config, args: &BackupArgs) -> Result<(), CliError> {
    let as_it_is = Config {
        migrate_on_start: false,
        ..config.clone()
    };
    let Opened { core, context } = open_with(as_it_is).await?;
    let name = args.file.file_name().unwrap_or_default();
    let action = AuditAction::StoreBackedUp {
        file: name.to_string_lossy().into_owned(),
        keys: args.keys.is_some(),
    };
    let event = core.event(&context, None, "store", action);
    Ok(core.append(event).await?)
}

pub(super) async fn restore(common: &Common, args: RestoreArgs) -> Result<(), CliError> {
    let config = configured(common)?;
    if let Some(folder) = &args.keys {
        put_back_keys(folder, &config.data_dir)?;
    }
    let revoked = match &args.file {
        Some(file) => restore_file(config, file).await?,
        None => only_revoke(config).await?,
    };
    say!("Revoked every support session that was active: {revoked}.")?;
    say!(
        "Next:\n  support-console audit verify      (with the heads that you keep: --head)\n  \
         support-console staff list        who was added, changed or deactivated after the backup?\n  \
         support-console api-key list      which keys were revoked after the backup?\nThen start the server."
    )?;
    Ok(())
}

/// The restored store takes the place of the present one once everything in it is revoked.
async fn restore_file(config: Config, file: &Path) -> Result<usize, CliError> {
    let (url, file) = (config.database_url.clone(), file.to_owned());
    let begun = spawn_blocking(move || Store::restore(&url, &file)).await;
    let begun = begun.map_err(std::io::Error::other)??;
    let beside = Config {
        database_url: SecretString::from(begun.url()),
        ..config
    };
    let Opened { core, context } = open_with(beside).await?;
    let (revoked, mark) = EpochKeeper::begin_restored(&core, &context).await?;
    let suffix = core.now().format(".before-restore-%Y%m%dT%H%M%SZ");
    let previous = begun.finish(&suffix.to_string())?;
    mark.keep()?;
    if let Some(previous) = previous {
        say!("The previous data store is {}", previous.display())?;
    }
    Ok(revoked)
}

async fn only_revoke(config: Config) -> Result<usize, CliError> {
    let url = config.database_url.clone();
    let held = Store::hold(&url)?;
    let Opened { core, context } = open_with(config).await?;
    if core.store.engine() == Engine::Postgres {
        no_node_serves(&core).await?;
    }
    let (revoked, mark) = EpochKeeper::begin_restored(&core, &context).await?;
    mark.keep()?;
    drop(held);
    Ok(revoked)
}

/// A database that was copied while a node served holds that node's lease, which nobody renews any more: it runs out. A
/// lease that doesn't is of a node that serves.
async fn no_node_serves(core: &Core) -> Result<(), CliError> {
    let mut reader = core.store.read().await?;
    let mut db = reader.db();
    let waited_since = Instant::now();
    loop {
        let now = db.store_now(core.now()).await?;
        if db.count_serving_nodes(now).await? == 0 {
            return Ok(());
        }
        if waited_since.elapsed() > 2 * LEASE {
            let running = "a server is running on this data store: stop every node first";
            return Err(CliError::Usage(running.to_owned()));
        }
        sleep(LEASE / 10).await;
    }
}

fn put_back_keys(from: &Path, data_dir: &Path) -> Result<(), CliError> {
    if !from.is_dir() {
        let path = from.display();
        return Err(CliError::Usage(format!(
            "{path} is no folder with key files"
        )));
    }
    let (copied, stayed) = copy_keys(from, data_dir)?;
    if !copied.is_empty() {
        say!("Copied to {}: {}", data_dir.display(), copied.join(", "))?;
    }
    if !stayed.is_empty() {
        let stayed = stayed.join(", ");
        say!("There already, and left as they are: {stayed}")?;
    }
    Ok(())
}
