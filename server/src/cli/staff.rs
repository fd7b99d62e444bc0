//! `support-console staff …`

use std::io::{IsTerminal, Read};

use app::domain::{
    caller::Context,
    saved_text::saved_text,
    staff::{NewStaffMember, Role, StaffLinkGiven, StaffMember},
};
use clap::{Args, Subcommand};
use gateway::SessionGates;
use secrecy::{ExposeSecret, SecretString};

use super::{
    CliError, Common,
    open::{Opened, open},
    table::table,
};
use crate::{
    out,
    services::{
        Passwords,
        staff::{GivenPassword, PasswordGiven, StaffService},
    },
};

/// The longest input that is read as a password, in bytes.
const PASSWORD_INPUT: u64 = 4096;

#[derive(Debug, Subcommand)]
pub(super) enum StaffCommand {
    /// Add a staff member
    #[command(after_help = "Examples:\n  \
        support-console staff add --email ana@example.com --name \"Ana Silva\" --role super_admin\n  \
        support-console staff add --email jo@example.com --name Jo --role support_admin --one-time-password")]
    Add(AddArgs),
    /// Invite a staff member: prints a one-time link with which the person chooses a password
    #[command(after_help = "Example:\n  \
        support-console staff invite --email ana@example.com --name \"Ana Silva\" --role support_admin")]
    Invite(InviteArgs),
    /// Print a new one-time link: another invitation, or a reset that ends the old password
    Link(Who),
    /// Revoke a staff member's one-time link
    RevokeLink(Who),
    /// List staff members
    List,
    /// Replace a staff member's roles (applies within two seconds)
    SetRoles(SetRolesArgs),
    /// Set a staff member's password and sign them out everywhere
    ResetPassword(ResetPasswordArgs),
    /// Deactivate a staff member: sign them out and revoke their support sessions
    Deactivate(Who),
    /// Reactivate a staff member
    Reactivate(Who),
    /// Sign a staff member out everywhere
    SignOut(Who),
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// The e-mail address to sign in with
    #[arg(long)]
    email: String,
    /// The name shown to others
    #[arg(long)]
    name: String,
    /// `support_admin` or `super_admin` (repeatable)
    #[arg(long = "role", value_name = "ROLE", required = true)]
    roles: Vec<Role>,
    #[command(flatten)]
    password: PasswordArgs,
}

#[derive(Debug, Args)]
pub(super) struct InviteArgs {
    /// The e-mail address to sign in with
    #[arg(long)]
    email: String,
    /// The name shown to others
    #[arg(long)]
    name: String,
    /// `support_admin` or `super_admin` (repeatable)
    #[arg(long = "role", value_name = "ROLE", required = true)]
    roles: Vec<Role>,
}

#[derive(Debug, Args)]
pub(super) struct SetRolesArgs {
    #[command(flatten)]
    who: Who,
    /// `support_admin` or `super_admin` (repeatable)
    #[arg(
        long = "role",
        value_name = "ROLE",
        required_unless_present = "no_roles"
    )]
    roles: Vec<Role>,
    /// Remove all roles
    #[arg(long, conflicts_with = "roles")]
    no_roles: bool,
}

#[derive(Debug, Args)]
pub(super) struct ResetPasswordArgs {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    password: PasswordArgs,
}

#[derive(Debug, Args)]
pub(super) struct Who {
    /// E-mail address or ID
    #[arg(value_name = "WHO")]
    who: String,
}

/// The source of the password. Without either flag the terminal asks for it.
#[derive(Debug, Args)]
pub(super) struct PasswordArgs {
    /// Read the password from standard input, up to the first line break
    #[arg(long, conflicts_with = "one_time_password")]
    password_stdin: bool,
    /// Generate a one-time password, to be changed at the first sign-in
    #[arg(long)]
    one_time_password: bool,
}

pub(super) async fn run(common: &Common, command: StaffCommand) -> Result<(), CliError> {
    let Opened { core, context } = open(common).await?;
    let passwords = Passwords::new(core.entropy.clone());
    let staff = StaffService::new(core, passwords, SessionGates::new());
    match command {
        StaffCommand::Invite(args) => invite(&staff, &context, args).await?,
        StaffCommand::Link(who) => {
            let found = staff.find(&context, &who.who).await?;
            tell_link(&staff.make_link(&context, found.id).await?)?;
        }
        StaffCommand::RevokeLink(who) => revoke_link(&staff, &context, &who).await?,
        StaffCommand::Add(args) => {
            let password = args.password.read()?;
            let new = NewStaffMember {
                email: args.email,
                name: args.name,
                roles: args.roles,
            };
            let given = staff.add(&context, new, password).await?;
            tell_password(&given, "Added")?;
        }
        StaffCommand::List => out::print(&list(&staff.list_all(&context).await?))?,
        StaffCommand::SetRoles(args) => {
            let found = staff.find(&context, &args.who.who).await?;
            let changed = staff
                .set_roles(&context, found.id, args.roles)
                .await?
                .member;
            say!("{} now has {}.", changed.email, roles(&changed))?;
        }
        StaffCommand::ResetPassword(args) => {
            let found = staff.find(&context, &args.who.who).await?;
            let password = args.password.read()?;
            let given = staff.reset_password(&context, found.id, password).await?;
            tell_password(&given, "Set a new password for")?;
        }
        StaffCommand::Deactivate(who) => {
            let found = staff.find(&context, &who.who).await?;
            let changed = staff.deactivate(&context, found.id).await?.member;
            say!("Deactivated {}.", changed.email)?;
        }
        StaffCommand::Reactivate(who) => {
            let found = staff.find(&context, &who.who).await?;
            let changed = staff.reactivate(&context, found.id).await?.member;
            say!("Reactivated {}.", changed.email)?;
        }
        StaffCommand::SignOut(who) => {
            let found = staff.find(&context, &who.who).await?;
            let ended = staff.end_sign_ins(&context, found.id).await?;
            say!(
                "Signed out {}: {} sign-ins ended.",
                ended.member.email,
                ended.sign_ins_ended
            )?;
        }
    }
    Ok(())
}

async fn invite(staff: &StaffService, context: &Context, args: InviteArgs) -> Result<(), CliError> {
    let new = NewStaffMember {
        email: args.email,
        name: args.name,
        roles: args.roles,
    };
    tell_link(&staff.invite(context, new).await?)?;
    Ok(())
}

async fn revoke_link(staff: &StaffService, context: &Context, who: &Who) -> Result<(), CliError> {
    let found = staff.find(context, &who.who).await?;
    let revoked = staff.revoke_link(context, found.id).await?;
    let what = match revoked.audit_event_id {
        Some(_) => "Revoked the link of",
        None => "No link of",
    };
    say!("{what} {}.", revoked.member.email)?;
    Ok(())
}

impl PasswordArgs {
    /// Whether one of the flags says where the password comes from.
    pub(super) fn is_given(&self) -> bool {
        self.one_time_password || self.password_stdin
    }

    pub(super) fn read(&self) -> Result<GivenPassword, CliError> {
        if self.one_time_password {
            return Ok(GivenPassword::OneTime);
        }
        let password = if self.password_stdin {
            let mut bytes = Vec::new();
            std::io::stdin()
                .take(PASSWORD_INPUT)
                .read_to_end(&mut bytes)?;
            first_line(&bytes)?
        } else if std::io::stdin().is_terminal() {
            ask()?
        } else {
            let hint = "no terminal to ask for a password: add --password-stdin or \
                        --one-time-password";
            return Err(CliError::Usage(hint.to_owned()));
        };
        Ok(GivenPassword::Chosen {
            password,
            must_change: false,
        })
    }
}

/// The first line of a text, however it was saved.
fn first_line(bytes: &[u8]) -> Result<SecretString, CliError> {
    let text = saved_text(bytes)
        .map_err(|why| CliError::Usage(format!("the password on standard input {why}")))?;
    Ok(SecretString::from(text.lines().next().unwrap_or_default()))
}

fn ask() -> Result<SecretString, CliError> {
    let first = SecretString::from(rpassword::prompt_password("Password: ")?);
    let again = SecretString::from(rpassword::prompt_password("Repeat password: ")?);
    if first.expose_secret() == again.expose_secret() {
        Ok(first)
    } else {
        Err(CliError::Usage(
            "the passwords don't match: try again".to_owned(),
        ))
    }
}

fn tell_password(given: &PasswordGiven, done: &str) -> std::io::Result<()> {
    say!("{done} {} ({}).", given.staff.email, roles(&given.staff))?;
    if let Some(password) = &given.one_time_password {
        say!(
            "One-time password, shown once: {}",
            password.expose_secret()
        )?;
        say!("It must be changed at the first sign-in.")?;
    }
    Ok(())
}

fn tell_link(given: &StaffLinkGiven) -> std::io::Result<()> {
    let until = given.expires_at.format("%Y-%m-%d %H:%M UTC");
    say!(
        "One-time link for {}, shown once, until {until}:",
        given.member.email
    )?;
    say!("{}", given.link)
}

fn roles(staff: &StaffMember) -> String {
    if staff.roles.is_empty() {
        return "no role".to_owned();
    }
    let roles: Vec<&str> = staff.roles.iter().map(|role| role.as_str()).collect();
    roles.join(", ")
}

fn list(all: &[StaffMember]) -> String {
    let rows: Vec<[String; 5]> = all
        .iter()
        .map(|staff| {
            let state = match staff.deactivated_at {
                Some(at) => format!("deactivated {}", at.format("%Y-%m-%d")),
                None => "active".to_owned(),
            };
            [
                staff.email.clone(),
                staff.name.clone(),
                roles(staff),
                state,
                staff.id.to_string(),
            ]
        })
        .collect();
    table(["EMAIL", "NAME", "ROLES", "STATE", "ID"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_what_was_typed_however_windows_saved_it() {
        let typed = "correct h\u{f6}rse 4711";
        for text in [
            typed.to_owned(),
            format!("{typed}\r\n"),
            format!("{typed}\nmore\n"),
        ] {
            let marked = format!("\u{FEFF}{text}");
            let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
                marked.encode_utf16().flat_map(bytes).collect()
            };
            for saved in [
                text.clone().into_bytes(),
                marked.clone().into_bytes(),
                wide(u16::to_le_bytes),
                wide(u16::to_be_bytes),
            ] {
                assert_eq!(first_line(&saved).unwrap().expose_secret(), typed);
            }
        }
        assert_eq!(first_line(b"").unwrap().expose_secret(), "");
        assert!(first_line(b"h\xF6rse").is_err());
    }
}
