//! `support-console init`

mod answers;
mod ask;
mod text;

use std::{
    fs::{DirBuilder, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use app::domain::staff::{NewStaffMember, Role};
use clap::Args;
use gateway::{
    SessionGates,
    entropy::{Entropy, SystemEntropy},
};
use secrecy::{ExposeSecret, SecretString};

use self::{answers::Administrator, ask::Terminal, text::Answers};
use super::{
    CliError, Common, doctor,
    open::{Opened, open},
    staff::PasswordArgs,
};
use crate::services::{Passwords, staff::StaffService};

/// Where the package's service reads its configuration.
const OF_SERVICE: &str = "/etc/support-console/console.toml";
const SERVICE: &str = "/usr/lib/systemd/system/support-console.service";

#[derive(Debug, Args)]
#[command(
    after_help = "The file is --config, by default console.toml. It is never overwritten. On a terminal you are \
    asked for whatever is not given. Otherwise --console-url and --admin-email are required, and a one-time \
    password is printed.\n\nExamples:\n  \
    support-console init --config /etc/support-console/console.toml\n  \
    support-console init --console-url https://console.example.com --admin-email ana@example.com"
)]
pub(super) struct InitArgs {
    /// The URL at which browsers reach the console
    #[arg(long, value_name = "URL")]
    console_url: Option<String>,
    /// The URL at which clients reach the gateway (without it the gateway is set up later)
    #[arg(long, value_name = "URL")]
    gateway_url: Option<String>,
    /// The platform's API behind the gateway
    #[arg(long, value_name = "URL", requires = "gateway_url")]
    upstream: Option<String>,
    /// How the upstream knows the tenant: `path`, `host` or `identity`
    #[arg(long, value_name = "BINDING", requires = "gateway_url")]
    tenant_binding: Option<String>,
    /// With `path`: the path that names the tenant, such as `/v1/tenants/{tenant_id}`
    #[arg(long, value_name = "PATH", requires = "gateway_url")]
    route: Option<String>,
    /// With `host`: the upstream's host name, such as `{tenant_id}.api.example.com`
    #[arg(long, value_name = "HOST", requires = "gateway_url")]
    tenant_host: Option<String>,
    /// The e-mail address of the first super admin
    #[arg(long, value_name = "EMAIL")]
    admin_email: Option<String>,
    /// The name of the first super admin (default: the e-mail address)
    #[arg(long, value_name = "NAME")]
    admin_name: Option<String>,
    #[command(flatten)]
    password: PasswordArgs,
}

pub(super) async fn run(common: &Common, args: InitArgs) -> Result<(), CliError> {
    let path = common.config.clone();
    let path = path.unwrap_or_else(|| PathBuf::from("console.toml"));
    if path.symlink_metadata().is_ok() {
        return Err(already_there(&path));
    }
    let mut terminal = Terminal::new();
    let answers = Answers::ask(common, &args, &mut terminal)?;
    let administrator = Administrator::ask(&args, &mut terminal)?;

    // The file gets its name last, so that a failure leaves nothing to clean up.
    let draft = Draft::write(&path, &text::commented(&answers, &path))?;
    let unnamed = Common {
        config: Some(draft.path.clone()),
        ..Common::default()
    };
    let email = administrator.email.clone();
    let added = set_up(&unnamed, &answers, administrator).await?;
    draft.publish()?;

    say!("Written: {}", path.display())?;
    match added {
        Added::Nobody => say!("The data store has staff members already, so none was added.")?,
        Added::WithChosenPassword => say!("Added {email} (super_admin).")?,
        Added::WithOneTimePassword(password) => {
            let password = password.expose_secret();
            say!("Added {email} (super_admin). One-time password, shown once: {password}")?;
        }
    }
    say!("\nChecks:")?;
    let named = Common {
        config: Some(path.clone()),
        ..Common::default()
    };
    let checked = doctor::run(&named).await;
    say!("\n{}", next_step(&path, &answers, checked.is_err()))?;
    checked
}

/// Who is in the store now that was not before.
enum Added {
    /// The store has staff members already.
    Nobody,
    WithChosenPassword,
    WithOneTimePassword(SecretString),
}

/// Creates the store with its first staff member.
async fn set_up(
    common: &Common,
    answers: &Answers,
    administrator: Administrator,
) -> Result<Added, CliError> {
    common.load(Vec::new())?.check()?;
    for folder in [Some(answers.data_dir.as_path()), answers.store_folder()] {
        let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) else {
            continue;
        };
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| file_error(folder, source))?;
    }
    let Opened { core, context } = open(common).await?;
    if core.store.read().await?.db().count_staff().await? > 0 {
        return Ok(Added::Nobody);
    }
    let passwords = Passwords::new(core.entropy.clone());
    let staff = StaffService::new(core, passwords, SessionGates::new());
    let new = NewStaffMember {
        email: administrator.email,
        name: administrator.name,
        roles: vec![Role::SuperAdmin],
    };
    let given = staff.add(&context, new, administrator.password).await?;
    Ok(match given.one_time_password {
        Some(password) => Added::WithOneTimePassword(password),
        None => Added::WithChosenPassword,
    })
}

/// A configuration as `init` writes it.
pub(super) fn example() -> String {
    text::commented(&Answers::example(), Path::new(OF_SERVICE))
}

fn next_step(path: &Path, answers: &Answers, faults: bool) -> String {
    let shown = path.display();
    let first = match faults {
        true => format!(
            "First correct what failed, and run `support-console doctor --config {shown}`.\n"
        ),
        false => String::new(),
    };
    let start = match path == Path::new(OF_SERVICE) && Path::new(SERVICE).exists() {
        true => "systemctl enable --now support-console".to_owned(),
        false => format!("support-console serve --config {shown}"),
    };
    format!(
        "{first}Next:\n  {start}\nThen open {} and sign in.",
        answers.console_url
    )
}

/// The file before it has its name. Removed when it is dropped.
struct Draft {
    path: PathBuf,
    named: PathBuf,
}

impl Draft {
    fn write(named: &Path, text: &str) -> Result<Self, CliError> {
        let mut suffix = [0; 4];
        SystemEntropy.fill(&mut suffix);
        let path = named.with_extension(format!("{}.new", hex::encode(suffix)));
        let folder = match named.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let failed = |source| file_error(named, source);
        // A folder that hands on its group shares its files with that group, as the package's
        // folder does with the service.
        let shared = folder.metadata().map_err(failed)?.mode() & 0o2000 != 0;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        options.mode(if shared { 0o640 } else { 0o600 });
        let mut file = options.open(&path).map_err(failed)?;
        let draft = Self {
            path,
            named: named.to_owned(),
        };
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        Ok(draft)
    }

    fn publish(self) -> Result<(), CliError> {
        std::fs::hard_link(&self.path, &self.named).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => already_there(&self.named),
            _ => file_error(&self.named, error),
        })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn file_error(path: &Path, source: std::io::Error) -> CliError {
    CliError::File {
        path: path.to_owned(),
        source,
    }
}

fn already_there(path: &Path) -> CliError {
    let path = path.display();
    CliError::Usage(format!(
        "{path} exists already, and init overwrites nothing: edit it and check it with \
         `support-console doctor --config {path}`, or name another file with --config"
    ))
}
