//! `support-console audit …`

mod retention;

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use app::domain::{
    TenantId,
    audit::{AuditCategory, AuditFilter, ExportFormat},
};
use audit::verify::{Extent, KeptHead, NotVerified, Report, verify_export};
use clap::{Args, Subcommand, ValueEnum};
use futures::StreamExt;
use store::audit::verify_store;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{
    CliError, Common,
    error::STANDARD_OUTPUT,
    open::{Opened, configured, open, open_store},
};
use crate::{export::export, keys::checkpoint_public_key, out};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Verify that no recorded event was changed, removed or reordered
    #[command(
        after_help = "Exits with 1 and names the first bad event if anything was recorded otherwise, and with 2 if \
        the file can't be read as an export.\n\
        Keep the heads that it prints where nobody who can write the store can change them, and give them with \
        --head the next time.\n\nExamples:\n  \
        support-console audit verify\n  \
        support-console audit verify --file acme.jsonl --head tenant:acme:41:sha256:…"
    )]
    Verify(VerifyArgs),
    /// Export the audit log to a file (the export is itself audited)
    #[command(after_help = "Example:\n  \
        support-console audit export --tenant tnt_acme --output acme.jsonl")]
    Export(ExportArgs),
    /// Copy old events to a file before they are deleted, and verify it
    #[command(
        after_help = "Keep the file and the SHA-256 that is printed. Verify it at any time \
        with `support-console audit verify --file`.\n\nExamples:\n  \
        support-console audit archive /var/backups/audit\n  \
        support-console audit archive /var/backups/audit --before 2020-01-01T00:00:00Z"
    )]
    Archive(retention::ArchiveArgs),
    /// Delete now what is too old to be kept (a running server does so every day)
    Prune(retention::PruneArgs),
    /// List the tenants under legal hold
    Holds,
    /// Place a tenant under legal hold: nothing recorded of it is deleted
    Hold(retention::HoldArgs),
    /// Release a tenant from its legal hold
    Release(retention::HoldArgs),
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Verify an export in JSON Lines instead of the data store
    #[arg(long)]
    file: Option<PathBuf>,
    /// How much of the audit log the file contains
    #[arg(long, value_enum, default_value_t = FileExtent::Stretches, requires = "file")]
    extent: FileExtent,
    /// A head from an earlier verify (repeatable)
    #[arg(long = "head", value_name = "HEAD")]
    heads: Vec<KeptHead>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FileExtent {
    /// Everything: each chain starts at 1
    All,
    /// Unbroken stretches: an export without a filter, or of a time range
    Stretches,
    /// A filtered selection: only single events can be verified
    Filtered,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Only this tenant
    #[arg(long)]
    tenant: Option<TenantId>,
    /// Only this category, such as `support_session`
    #[arg(long)]
    category: Option<AuditCategory>,
    /// `jsonl` (for `audit verify`) or `csv`
    #[arg(long, default_value = "jsonl")]
    format: ExportFormat,
    /// Begin a CSV with a byte order mark, by which Excel recognises UTF-8
    #[arg(long)]
    bom: bool,
    /// The file to write (default: standard output)
    #[arg(long)]
    output: Option<PathBuf>,
}

pub(super) async fn run(common: &Common, command: AuditCommand) -> Result<(), CliError> {
    match command {
        AuditCommand::Verify(args) => verify(common, args).await,
        AuditCommand::Export(args) => write(common, args).await,
        AuditCommand::Archive(args) => retention::archive(common, args).await,
        AuditCommand::Prune(args) => retention::prune(common, args).await,
        AuditCommand::Holds => retention::holds(common).await,
        AuditCommand::Hold(args) => retention::hold(common, args).await,
        AuditCommand::Release(args) => retention::release(common, args).await,
    }
}

async fn verify(common: &Common, args: VerifyArgs) -> Result<(), CliError> {
    let report = match &args.file {
        Some(path) => verify_file(path, args.extent, args.heads)?,
        None => {
            let config = configured(common)?;
            let store = open_store(&config, false).await?;
            let key = checkpoint_public_key(&config.data_dir)?;
            verify_store(&store, args.heads, key.as_ref()).await?
        }
    };
    // A file may hold anything, also in the names of its chains.
    out::print_outside(&report.to_string())?;
    if args.file.is_some()
        && args.extent != FileExtent::Filtered
        && report.is_contradicted_by_gaps_only()
    {
        say!(
            "If this is a filtered export, events are missing on purpose: verify it with --extent filtered."
        )?;
    }
    match (report.is_sound(), args.file) {
        (true, _) => Ok(()),
        (false, Some(path)) if !report.is_contradicted() => Err(CliError::ReadInPart(path)),
        (false, _) => Err(CliError::Failed("The audit log failed verification.")),
    }
}

fn verify_file(path: &Path, extent: FileExtent, heads: Vec<KeptHead>) -> Result<Report, CliError> {
    let failed = |error| {
        let path = path.to_owned();
        match error {
            NotVerified::Io(source) => CliError::Unreadable { path, source },
            NotVerified::NotAnExport(what) => CliError::NotAnExport { path, what },
        }
    };
    let file = File::open(path).map_err(|error| failed(error.into()))?;
    let extent = match extent {
        FileExtent::All => Extent::All,
        FileExtent::Stretches => Extent::Stretches,
        FileExtent::Filtered => Extent::Filtered,
    };
    verify_export(BufReader::new(file), extent, heads).map_err(failed)
}

async fn write(common: &Common, args: ExportArgs) -> Result<(), CliError> {
    let Opened { core, context } = open(common).await?;
    let filter = AuditFilter {
        tenant_id: args.tenant,
        category: args.category,
        ..AuditFilter::default()
    };
    let export = export(&core, &context, filter, args.format).await?;
    let mut body = export.with_mark(args.bom).body;
    let path = args
        .output
        .unwrap_or_else(|| PathBuf::from(STANDARD_OUTPUT));
    let failed = |source| CliError::File {
        path: path.clone(),
        source,
    };
    let mut output: Box<dyn AsyncWrite + Unpin> = if path.as_os_str() == STANDARD_OUTPUT {
        Box::new(tokio::io::stdout())
    } else {
        Box::new(tokio::fs::File::create(&path).await.map_err(failed)?)
    };
    while let Some(piece) = body.next().await {
        output.write_all(&piece?).await.map_err(failed)?;
    }
    output.flush().await.map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::process::ExitCode;

    use super::*;

    #[test]
    fn a_file_that_is_no_export_has_the_exit_code_of_one_that_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.csv");
        let told = || verify_file(&path, FileExtent::Stretches, Vec::new()).unwrap_err();
        assert_eq!(told().exit_code(), ExitCode::from(2));
        for (content, what) in [
            (&b""[..], "is empty"),
            (b"chain,seq,id\r\n", "is a table (CSV)"),
            (b"\x1F\x8B\x08", "is compressed (gzip)"),
            (b"<html>", "is a page (HTML or XML)"),
        ] {
            std::fs::write(&path, content).unwrap();
            let error = told();
            let text = error.to_string();
            assert!(text.contains("audit.csv") && text.contains(what), "{text}");
            assert!(!text.contains('\n'), "{text}");
            assert_eq!(error.exit_code(), ExitCode::from(2));
        }
    }
}
