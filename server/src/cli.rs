//! The command line. One file per command. Each calls the same services as the server, in the name
//! of the operating-system user.

mod api_key;
mod audit;
mod backup;
mod demo;
mod doctor;
mod error;
mod gateway;
mod generate;
mod init;
mod migrate;
mod open;
mod serve;
mod staff;
mod table;

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Parser, Subcommand};

pub use self::error::CliError;
use crate::config::{Config, ConfigError, Flag, Sources};

/// Support access for multi-tenant platforms: tenant health, scoped and recorded support sessions,
/// and an audit log that tenants can verify.
#[derive(Debug, Parser)]
#[command(
    name = "support-console",
    version,
    propagate_version = true,
    after_help = "First steps:\n  \
        support-console demo                          try everything with a sample platform\n  \
        support-console init --config console.toml    write a configuration, add yourself\n  \
        support-console serve --config console.toml\n\n\
        Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 141 nobody reads the output."
)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// The sources of the configuration: the file, then the environment, then these flags.
#[derive(Debug, Clone, Default, Args)]
struct Common {
    /// The configuration, a TOML file
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// sqlite:PATH or postgres://… (put a password in `SUPPORT_CONSOLE_DATABASE_URL` or in the file,
    /// because other users of this machine can read flags)
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// The folder with the key files
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a configuration, create the data store and add the first super admin
    Init(init::InitArgs),
    /// Run the console and the gateway
    Serve(serve::ServeArgs),
    /// Run everything on this machine with a sample platform and real traffic
    Demo(demo::DemoArgs),
    /// Update the data store's schema
    Migrate(migrate::MigrateArgs),
    /// Copy the data store to a file, also while it is in use
    Backup(backup::BackupArgs),
    /// Put a backup in the data store's place, with every support session revoked
    Restore(backup::RestoreArgs),
    /// Manage staff members: who may sign in, with which roles
    #[command(subcommand)]
    Staff(staff::StaffCommand),
    /// Manage keys of the REST API
    #[command(subcommand, name = "api-key")]
    ApiKey(api_key::ApiKeyCommand),
    /// Verify or export the audit log
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Check, explain and probe the gateway
    #[command(subcommand)]
    Gateway(gateway::GatewayCommand),
    /// Check store, keys, configuration, ports, public URLs and site files
    Doctor,
    /// Write manual pages, shell completions and an example of the configuration
    #[command(hide = true)]
    Generate(generate::GenerateArgs),
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Whatever stood in the way, with what to do about it.
    pub async fn run(self) -> Result<(), CliError> {
        let common = self.common;
        match self.command {
            Command::Init(args) => Box::pin(init::run(&common, args)).await,
            Command::Serve(args) => serve::run(&common, args).await,
            Command::Demo(args) => demo::run(&common, args).await,
            Command::Migrate(args) => migrate::run(&common, args).await,
            Command::Backup(args) => backup::back_up(&common, args).await,
            Command::Restore(args) => Box::pin(backup::restore(&common, args)).await,
            Command::Staff(command) => staff::run(&common, command).await,
            Command::ApiKey(command) => api_key::run(&common, command).await,
            Command::Audit(command) => Box::pin(audit::run(&common, command)).await,
            Command::Gateway(command) => gateway::run(&common, command).await,
            Command::Doctor => doctor::run(&common).await,
            Command::Generate(args) => generate::run(&args, Self::command()),
        }
    }
}

impl Common {
    fn load(&self, more: Vec<Flag>) -> Result<Config, ConfigError> {
        self.load_from(self.config.as_deref(), more)
    }

    fn load_file(&self, file: &Path) -> Result<Config, ConfigError> {
        self.load_from(Some(file), Vec::new())
    }

    fn load_from(&self, file: Option<&Path>, more: Vec<Flag>) -> Result<Config, ConfigError> {
        let mut flags = Vec::new();
        if let Some(url) = &self.database_url {
            flags.push(flag("--database-url", "database_url", url));
        }
        if let Some(folder) = &self.data_dir {
            flags.push(flag("--data-dir", "data_dir", folder.display()));
        }
        flags.extend(more);
        Sources {
            file,
            environment: environment(),
            flags,
        }
        .load()
    }
}

/// Variables that are not valid Unicode can't be ours.
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn flag(flag: &'static str, key: &'static str, value: impl ToString) -> Flag {
    Flag {
        flag,
        key,
        value: value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn commands_are_read_as_they_are_documented() {
        for line in [
            "serve --config console.toml --listen 127.0.0.1:3000",
            "init --console-url https://c.example --admin-email a@b.example --one-time-password",
            "demo --console-port 3000 --gateway-port 3100 --upstream-port 3200 --data-dir d \
             --ready-file r --seed 7",
            "migrate --dry-run",
            "backup console.backup --keys keys",
            "restore console.backup --keys keys",
            "restore --only-revoke",
            "staff add --email a@b.example --name A --role super_admin --role support_admin",
            "staff add --email a@b.example --name A --role support_admin --password-stdin",
            "staff list",
            "staff set-roles a@b.example --role support_admin",
            "staff set-roles a@b.example --no-roles",
            "staff reset-password a@b.example --one-time-password",
            "staff deactivate a@b.example",
            "staff reactivate a@b.example",
            "api-key create --name platform --right telemetry:write --right tenants:write",
            "api-key create --name acme --tenant tnt_1",
            "api-key list",
            "api-key revoke 01990000-0000-7000-8000-000000000000",
            "audit verify --file log.jsonl",
            "audit export --tenant tnt_1 --format csv --output log.csv",
            "gateway check",
            "gateway probe --staff a@b.example --tenant acme=Heron --tenant bolt=Kestrel \
             --path /v1/tenants/{tenant_id} --scopes read_only --at http://127.0.0.1:3100 --ca c --json",
            "gateway keys list",
            "gateway keys add",
            "gateway keys promote --at-once",
            "gateway keys retire",
            "doctor",
        ] {
            let words = std::iter::once("support-console").chain(line.split_whitespace());
            if let Err(error) = Cli::try_parse_from(words) {
                panic!("{line}: {error}");
            }
        }
    }

    #[test]
    fn wrong_usage_is_refused() {
        for line in [
            "",
            "staff add --email a@b.example --name A --role owner",
            "staff add --name A --role super_admin",
            "staff set-roles a@b.example",
            "staff set-roles a@b.example --no-roles --role super_admin",
            "staff reset-password a@b.example --password-stdin --one-time-password",
            "api-key create --name x --right everything",
            "api-key revoke not-a-uuid",
            "audit export --format xml",
            "demo --console-port 70000",
            "restore",
            "restore console.backup --only-revoke",
            "init --upstream http://127.0.0.1:1",
        ] {
            let words = std::iter::once("support-console").chain(line.split_whitespace());
            assert!(Cli::try_parse_from(words).is_err(), "{line}");
        }
    }
}
