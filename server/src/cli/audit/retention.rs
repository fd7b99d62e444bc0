//! Deleting, archiving and holding what is recorded.

use std::path::PathBuf;

use app::domain::{TenantId, Timestamp};
use clap::Args;

use crate::{
    cli::{
        CliError, Common,
        open::{Opened, open},
        table::table,
    },
    out,
    services::retention::{Retention, Unsound},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct ArchiveArgs {
    /// The folder for the file
    folder: PathBuf,
    /// Copy what was recorded before this instant (default: what is deleted next)
    #[arg(long, value_name = "INSTANT")]
    before: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PruneArgs {
    /// Delete, instead of only saying what is too old
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct HoldArgs {
    /// The tenant's ID
    tenant: TenantId,
    /// Why; recorded in the tenant's audit log
    #[arg(long)]
    reason: String,
}

pub(super) async fn archive(common: &Common, args: ArchiveArgs) -> Result<(), CliError> {
    let Opened { core, context } = open(common).await?;
    let archived = Retention::new(core)
        .archive(&context, &args.folder, args.before)
        .await?;
    say!(
        "{} events recorded before {} are in {}, and verify.\nSHA-256 {}",
        archived.events,
        archived.before.format("%Y-%m-%d %H:%M:%S UTC"),
        archived.path.display(),
        archived.sha256
    )?;
    for head in archived.heads {
        say!("{head}")?;
    }
    if archived.unsound.is_empty() {
        return Ok(());
    }
    for Unsound { chain, why } in archived.unsound {
        out::print_outside(&format!("Left out: {chain}: {why}\n"))?;
    }
    Err(CliError::Failed(
        "Some chains don't verify. Nothing of them was archived, and nothing of them will be deleted.",
    ))
}

pub(super) async fn prune(common: &Common, args: PruneArgs) -> Result<(), CliError> {
    let Opened { core, context } = open(common).await?;
    let retention = Retention::new(core);
    let said = |before: Option<Timestamp>| {
        before.map_or_else(
            || "none: they are kept for ever".to_owned(),
            |at| at.format("before %Y-%m-%d %H:%M:%S UTC").to_string(),
        )
    };
    let [sessions, events] = retention.cutoffs(&context).await?.map(said);
    say!("Support sessions that ended {sessions}\nAudit events recorded {events}")?;
    if !args.yes {
        say!("Nothing was deleted. Add --yes to delete these.")?;
        return Ok(());
    }
    let pruned = retention.prune_record(&context).await?;
    say!(
        "Deleted {} audit events, {} support sessions with {} entries of access logs, and {} rule sets.",
        pruned.audit_events,
        pruned.support_sessions,
        pruned.requests,
        pruned.rule_sets
    )?;
    Ok(())
}

pub(super) async fn holds(common: &Common) -> Result<(), CliError> {
    let Opened { core, context } = open(common).await?;
    let holds = Retention::new(core).holds(&context).await?;
    if holds.is_empty() {
        say!("No tenant is under legal hold.")?;
        return Ok(());
    }
    let rows: Vec<[String; 4]> = holds
        .into_iter()
        .map(|hold| {
            let since = hold.placed_at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
            [
                hold.tenant_id.to_string(),
                since,
                hold.placed_by_name,
                hold.reason,
            ]
        })
        .collect();
    out::print(&table(["TENANT", "SINCE", "BY", "REASON"], &rows))?;
    Ok(())
}

pub(super) async fn hold(common: &Common, args: HoldArgs) -> Result<(), CliError> {
    let Opened { core, context } = open(common).await?;
    let retention = Retention::new(core);
    retention.hold(&context, &args.tenant, &args.reason).await?;
    say!(
        "Nothing recorded of {} is deleted from now on.",
        args.tenant
    )?;
    Ok(())
}

pub(super) async fn release(common: &Common, args: HoldArgs) -> Result<(), CliError> {
    let Opened { core, context } = open(common).await?;
    let retention = Retention::new(core);
    retention
        .release(&context, &args.tenant, &args.reason)
        .await?;
    say!("The rules of retention apply to {} again.", args.tenant)?;
    Ok(())
}
