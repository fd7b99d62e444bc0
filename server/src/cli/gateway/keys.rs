//! `support-console gateway keys …`

use clap::{Args, Subcommand};

use crate::{
    cli::{
        CliError, Common,
        open::{Opened, open},
        table::table,
    },
    keys::identity::KeptKey,
    services::identity_keys::IdentityKeysService,
};

#[derive(Debug, Subcommand)]
#[command(
    after_help = "To put another key in the place of the current one, without an outage:\n  \
    support-console gateway keys add       (several nodes: copy identity-next.key to each)\n  \
    support-console gateway keys promote   10 minutes later, on each node\n  \
    support-console gateway keys retire    a minute after that, on each node\n\n\
    A running server follows within a second or two. If the current key has leaked, do all three \
    on every node with --at-once."
)]
pub(in crate::cli) enum KeysCommand {
    /// List the keys that sign identities: what for, and since when
    List,
    /// Make the key that is to follow; it is published, and signs nothing yet
    Add,
    /// Let the next key sign; the current one stays published
    Promote(Hurry),
    /// Stop publishing the key that signed before, and remove it
    Retire(Hurry),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Hurry {
    /// Don't wait for those who keep an earlier key set: the key has leaked
    #[arg(long)]
    at_once: bool,
}

pub(in crate::cli) async fn run(common: &Common, command: KeysCommand) -> Result<(), CliError> {
    let Opened { core, context } = open(common).await?;
    let keys = IdentityKeysService::new(core);
    match command {
        KeysCommand::List => match keys.list(&context)?.as_slice() {
            [] => println!("There is no key yet: the first `serve` makes it."),
            all => print!("{}", list(all)),
        },
        KeysCommand::Add => {
            let kid = keys.add(&context).await?;
            println!("Published {kid}. Promote it once every upstream has seen it.");
        }
        KeysCommand::Promote(hurry) => {
            let kid = keys.promote(&context, hurry.at_once).await?;
            println!("From now on {kid} signs. Retire the one before it in a minute or later.");
        }
        KeysCommand::Retire(hurry) => {
            let kid = keys.retire(&context, hurry.at_once).await?;
            println!("Removed {kid}.");
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
