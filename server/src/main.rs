//! The program: config → telemetry → store → router → serve → graceful shutdown, each in the
//! command that needs it (`server::cli`).

use std::{error::Error, process::ExitCode};

use app::domain::shown::shown_lines;
use clap::Parser;
use mimalloc::MiMalloc;
use server::cli::Cli;

/// A request makes several hundred small allocations, many of which another thread frees.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    end_quietly_where_nobody_reads();
    match Box::pin(Cli::parse().run()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_unread(&error) => ExitCode::from(UNREAD),
        Err(error) => {
            eprintln!("{}", shown_lines(&with_causes(&error)));
            error.exit_code()
        }
    }
}

/// What shells report for a program that a closed pipe has ended.
const UNREAD: u8 = 141;

/// `support-console doctor | head -1` closes our output after the first line. Rust ignores the signal that ends other
/// programs there, and `println!` panics instead.
fn end_quietly_where_nobody_reads() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |fault| {
        let text = fault.payload_as_str().unwrap_or_default();
        if text.starts_with("failed printing to stdout") && text.contains("Broken pipe") {
            std::process::exit(i32::from(UNREAD));
        }
        tell(fault);
    }));
}

/// Whether a command failed because nobody reads what it writes.
fn is_unread(error: &(dyn Error + 'static)) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let is_pipe = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
        if error.downcast_ref().is_some_and(is_pipe) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The error as a sentence with what caused it.
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
