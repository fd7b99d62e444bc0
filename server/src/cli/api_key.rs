//! `support-console api-key …`

use app::domain::{
    ApiKeyId, TenantId, Timestamp,
    api_keys::{
        ApiKey, ApiKeyState, ApiKeyUse, ApiRight, KEY_DAYS_MAX, KEY_REQUESTS_MAX, KeyRotation,
        NewApiKey, NextExpiry, OVERLAP_HOURS_MAX, parse_network,
    },
};
use clap::{Args, Subcommand, value_parser};
use ipnet::IpNet;

use super::{
    CliError, Common,
    open::{Opened, open},
    table::table,
};
use crate::{
    out,
    services::api_keys::{ApiKeyMade, ApiKeys},
};

#[derive(Debug, Subcommand)]
pub(super) enum ApiKeyCommand {
    /// Create a key and print its secret once
    #[command(
        after_help = "Rights: read (what a key without --right can do), tenants:write, \
        telemetry:write,\nuser_sessions:logout, identities:introspect, access_log:complete. A tenant's key has only \
        read and identities:introspect.\n\nExamples:\n  \
        support-console api-key create --name platform --right read --right tenants:write --right telemetry:write\n  \
        support-console api-key create --name \"Acme's auditors\" --tenant tnt_acme --expires-in-days 90 --allow 203.0.113.0/24"
    )]
    Create(CreateArgs),
    /// List keys, without their secrets
    List,
    /// Replace a key's secret and print the new one once. The old one works on for a while
    #[command(after_help = "Example:\n  support-console api-key rotate ID --overlap-hours 24")]
    Rotate(RotateArgs),
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
    /// Days until the key expires (default: never)
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(1..=i64::from(KEY_DAYS_MAX)))]
    expires_in_days: Option<u32>,
    /// An address or network that the key may be used from (repeatable; default: everywhere)
    #[arg(long = "allow", value_name = "NETWORK", value_parser = parse_network)]
    allowed_addresses: Vec<IpNet>,
    /// The key's own limit per minute (default: the configured limits)
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(u32).range(1..=i64::from(KEY_REQUESTS_MAX)))]
    requests_per_minute: Option<u32>,
}

#[derive(Debug, Args)]
pub(super) struct RotateArgs {
    /// The key's ID, as shown by `api-key list`
    id: ApiKeyId,
    /// Hours for which the old secret works on (0: it stops working at once)
    #[arg(long, default_value_t = 24, value_name = "HOURS", value_parser = value_parser!(u32).range(0..=i64::from(OVERLAP_HOURS_MAX)))]
    overlap_hours: u32,
    /// Days until the key expires (default: the key keeps its expiry)
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(1..=i64::from(KEY_DAYS_MAX)))]
    expires_in_days: Option<u32>,
    /// The key no longer expires
    #[arg(long, conflicts_with = "expires_in_days")]
    never_expires: bool,
}

#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// The key's ID, as shown by `api-key list`
    id: ApiKeyId,
}

pub(super) async fn run(common: &Common, command: ApiKeyCommand) -> Result<(), CliError> {
    let Opened { core, context } = open(common).await?;
    let now = core.now();
    let keys = ApiKeys::new(core);
    match command {
        ApiKeyCommand::Create(args) => {
            let new = NewApiKey {
                name: args.name,
                tenant_id: args.tenant,
                rights: args.rights,
                expires_in_days: args.expires_in_days,
                allowed_addresses: args.allowed_addresses,
                requests_per_minute: args.requests_per_minute,
                form_key: None,
            };
            let made = keys.create(&context, new).await?;
            let (name, id) = (&made.key.name, made.key.id);
            show(&made, &format!("Created {name} ({id})."))?;
        }
        ApiKeyCommand::List => out::print(&list(&keys.all(&context).await?, now))?,
        ApiKeyCommand::Rotate(args) => {
            let rotation = KeyRotation {
                overlap_hours: args.overlap_hours,
                expiry: match args.expires_in_days {
                    Some(days) => NextExpiry::InDays(days),
                    None if args.never_expires => NextExpiry::Never,
                    None => NextExpiry::Unchanged,
                },
                form_key: None,
            };
            let made = keys.rotate(&context, args.id, rotation).await?;
            let (name, id) = (&made.key.name, made.key.id);
            let until = match made.key.overlap(now) {
                Some(until) => format!("works until {}", until.format("%Y-%m-%d %H:%M UTC")),
                None => "no longer works".to_owned(),
            };
            let what = format!("Rotated {name} ({id}). The old secret {until}.");
            show(&made, &what)?;
        }
        ApiKeyCommand::Revoke(args) => {
            let key = keys.revoke(&context, args.id).await?.key;
            say!("Revoked {} ({}).", key.name, key.id)?;
        }
    }
    Ok(())
}

/// Only the secret goes to standard output, so that it can be piped.
fn show(made: &ApiKeyMade, what: &str) -> Result<(), CliError> {
    out::tell(&format!("{what} Secret, shown once:"));
    Ok(say!("{}", made.token.expose())?)
}

fn list(all: &[ApiKey], now: Timestamp) -> String {
    let rows: Vec<[String; 8]> = all.iter().map(|key| row(key, now)).collect();
    let heads = [
        "NAME",
        "TENANT",
        "RIGHTS",
        "STATE",
        "LAST USED",
        "FROM",
        "MADE BY",
        "ID",
    ];
    table(heads, &rows)
}

fn row(key: &ApiKey, now: Timestamp) -> [String; 8] {
    let day = |at: Timestamp| at.format("%Y-%m-%d").to_string();
    let rights: Vec<&str> = key.rights.iter().map(|right| right.as_str()).collect();
    let state = match (key.state(now), key.revoked_at.or(key.expires_at)) {
        (ApiKeyState::Active, None) => "active".to_owned(),
        (ApiKeyState::Active, Some(at)) => format!("active until {}", day(at)),
        (state, at) => format!("{state} {}", at.map(day).unwrap_or_default()),
    };
    let used = match key.usage(now) {
        ApiKeyUse::Recent => key
            .last_used_at
            .map(|at| at.format("%Y-%m-%d %H:%M").to_string()),
        ApiKeyUse::NotSince(at) => Some(format!("not since {}", day(at))),
        ApiKeyUse::NoneNoted(at) => Some(format!("none noted since {}", day(at))),
        ApiKeyUse::Never => Some("never".to_owned()),
    };
    let tenant = key.tenant_id.as_ref();
    [
        key.name.clone(),
        tenant.map_or("(platform)", TenantId::as_str).to_owned(),
        rights.join(", "),
        state,
        used.unwrap_or_default(),
        key.last_used_from.clone(),
        key.created_by.clone(),
        key.id.to_string(),
    ]
}
