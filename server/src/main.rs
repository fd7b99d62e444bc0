//! The program: config → telemetry → store → router → serve → graceful shutdown, each in the
//! command that needs it (`server::cli`).

use std::{error::Error, process::ExitCode};

use clap::Parser;
use mimalloc::MiMalloc;
use server::{
    cli::Cli,
    out,
    pages::{self, SiteFiles},
};

/// A request makes several hundred small allocations, many of which another thread frees.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The bundler's list of its files. `.make/build.sh` compiles this file once both the server and the
/// files are there.
#[cfg(carries_site)]
const SITE: SiteFiles = include!(env!("SUPPORT_CONSOLE_SITE_FILES"));
#[cfg(not(carries_site))]
const SITE: SiteFiles = &[];

#[tokio::main]
async fn main() -> ExitCode {
    pages::carry(SITE);
    match Box::pin(Cli::parse().run()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_unread() => ExitCode::from(out::UNREAD),
        Err(error) => {
            out::tell(&with_causes(&error));
            error.exit_code()
        }
    }
}

/// The error as a sentence with its causes.
fn with_causes(error: &dyn Error) -> String {
    let mut text = format!("support-console: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str("\n  because: ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
