//! `support-console gateway keys …`

use clap::{Args, Subcommand};

use crate::{
    cli::{
        CliError, Common,
        open::{Opened, open},
        table::table,
    },
    keys::identity::KeptKey,
    out,
    services::identity_keys::IdentityKeysService,
};

#[derive(Debug, Subcommand)]
#[command(after_help = "To replace the current key without an outage:\n  \
    support-console gateway keys add       (several nodes: copy identity-next.key to each)\n  \
    support-console gateway keys promote   10 minutes later, on each node\n  \
    support-console gateway keys retire    a minute after that, on each node\n\n\
    A running server follows within a second or two. If the current key has leaked, do all three \
    on every node with --at-once.")]
pub(in crate::cli) enum KeysCommand {
    /// List the signing keys with their stage and age
    List,
    /// Create the next key: it is published, but doesn't sign yet
    Add,
    /// Start signing with the next key; the current one stays published
    Promote(Hurry),
    /// Remove the key that signed before
    Retire(Hurry),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Hurry {
    /// Don't wait for upstreams that cache the key set: use this if a key has leaked
    #[arg(long)]
    at_once: bool,
}

pub(in crate::cli) async fn run(common: &Common, command: KeysCommand) -> Result<(), CliError> {
    let Opened { core, context } = open(common).await?;
    let keys = IdentityKeysService::new(core);
    match command {
        KeysCommand::List => match keys.list(&context)?.as_slice() {
            [] => say!("No keys yet: the first `serve` creates one.")?,
            all => out::print(&list(all))?,
        },
        KeysCommand::Add => {
            let kid = keys.add(&context).await?;
            say!("Published {kid}. Promote it once every upstream has seen it.")?;
        }
        KeysCommand::Promote(hurry) => {
            let kid = keys.promote(&context, hurry.at_once).await?;
            say!("{kid} signs from now on. Retire the previous key in a minute or later.")?;
        }
        KeysCommand::Retire(hurry) => {
            let kid = keys.retire(&context, hurry.at_once).await?;
            say!("Removed {kid}.")?;
        }
    }
    Ok(())
}

fn list(all: &[KeptKey]) -> String {
    let rows: Vec<[String; 3]> = all
        .iter()
        .map(|kept| {
            [
                kept.stage.as_str().to_owned(),
                kept.key.kid().to_owned(),
                kept.since.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
            ]
        })
        .collect();
    table(["STAGE", "KEY", "SINCE"], &rows)
}
