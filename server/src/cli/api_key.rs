//! `support-console api-key …`

use app::domain::{
    ApiKeyId, TenantId,
    api_keys::{ApiKey, ApiRight},
};
use clap::{Args, Subcommand};

use super::{
    CliError, Common,
    open::{Opened, open},
    table::table,
};
use crate::{
    out,
    services::api_keys::{ApiKeys, NewApiKey},
};

#[derive(Debug, Subcommand)]
pub(super) enum ApiKeyCommand {
    /// Create a key and print its secret once
    #[command(
        after_help = "Rights: read (what a key without --right can do), tenants:write, \
        telemetry:write,\nuser_sessions:logout, identities:introspect, access_log:complete. A tenant's key has only \
        read and identities:introspect.\n\nExamples:\n  \
        support-console api-key create --name platform --right read --right tenants:write --right telemetry:write\n  \
        support-console api-key create --name \"Acme's auditors\" --tenant tnt_acme"
    )]
    Create(CreateArgs),
    /// List keys, without their secrets
    List,
    /// Revoke a key immediately
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// What the key is used for
    #[arg(long)]
    name: String,
    /// Restrict the key to one tenant (default: a platform key)
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// A right (repeatable)
    #[arg(long = "right", value_name = "RIGHT")]
    rights: Vec<ApiRight>,
}

#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// The key's ID, as shown by `api-key list`
    id: ApiKeyId,
}

pub(super) async fn run(common: &Common, command: ApiKeyCommand) -> Result<(), CliError> {
    let Opened { core, context } = open(common).await?;
    let keys = ApiKeys::new(core);
    match command {
        ApiKeyCommand::Create(args) => {
            let new = NewApiKey {
                name: args.name,
                tenant_id: args.tenant,
                rights: args.rights,
            };
            let made = keys.create(&context, new).await?;
            // Only the secret goes to standard output, so that it can be piped.
            let (name, id) = (&made.key.name, made.key.id);
            out::tell(&format!("Created {name} ({id}). Secret, shown once:"));
            say!("{}", made.token.expose())?;
        }
        ApiKeyCommand::List => out::print(&list(&keys.list(&context).await?))?,
        ApiKeyCommand::Revoke(args) => {
            let key = keys.revoke(&context, args.id).await?;
            say!("Revoked {} ({}).", key.name, key.id)?;
        }
    }
    Ok(())
}

fn list(all: &[ApiKey]) -> String {
    let rows: Vec<[String; 5]> = all
        .iter()
        .map(|key| {
            let rights: Vec<&str> = key.rights.iter().map(|right| right.as_str()).collect();
            let state = match key.revoked_at {
                Some(at) => format!("revoked {}", at.format("%Y-%m-%d")),
                None => "active".to_owned(),
            };
            let reach = key
                .tenant_id
                .as_ref()
                .map_or("(platform)", TenantId::as_str);
            [
                key.name.clone(),
                reach.to_owned(),
                rights.join(", "),
                state,
                key.id.to_string(),
            ]
        })
        .collect();
    table(["NAME", "TENANT", "RIGHTS", "STATE", "ID"], &rows)
}
