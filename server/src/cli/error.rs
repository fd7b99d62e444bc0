//! Errors of a command.

use std::{path::PathBuf, process::ExitCode};

use app::domain::problem::Problem;
use audit::verify::NotAnExport;
use store::StoreError;

use crate::{
    config::ConfigError,
    demo::DemoError,
    keys::{KeyError, identity::RotationError},
    probe::ProbeError,
    serve::ServeError,
    services::{ServiceError, identity_keys::IdentityKeysError, retention::RetentionError},
    telemetry::TelemetryError,
};

/// Stands for a file where there is none.
pub(super) const STANDARD_OUTPUT: &str = "standard output";

#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Demo(#[from] DemoError),
    #[error(transparent)]
    Rotation(#[from] RotationError),
    #[error(transparent)]
    Probe(#[from] ProbeError),
    #[error(transparent)]
    Retention(RetentionError),
    #[error("{}", sentence(.0))]
    Refused(Problem),
    #[error("{path} can't be used")]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{path} can't be verified: the file {what}")]
    NotAnExport { path: PathBuf, what: NotAnExport },
    #[error("{path} can't be read")]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "{0} can't be read as a whole, so it says nothing against the record. What could be read of it \
         agrees with what was recorded. Export once more."
    )]
    ReadInPart(PathBuf),
    #[error("the backup is whole, but it can't be recorded in the audit log")]
    Unrecorded(#[source] Box<CliError>),
    #[error("the terminal can't be used")]
    Terminal(#[from] std::io::Error),
    /// The command has printed its bad news itself.
    #[error("{0}")]
    Failed(&'static str),
}

impl CliError {
    /// Whether nobody reads what the command prints.
    pub fn is_unread(&self) -> bool {
        let error = match self {
            Self::Terminal(error) => error,
            Self::File { path, source } if path.as_os_str() == STANDARD_OUTPUT => source,
            _ => return false,
        };
        error.kind() == std::io::ErrorKind::BrokenPipe
    }

    /// 2 for wrong usage or configuration and for a file that can't be verified, 1 for everything else.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::NotAnExport { .. }
            | Self::Unreadable { .. }
            | Self::ReadInPart(_)
            | Self::Usage(_)
            | Self::Config(_)
            | Self::Telemetry(TelemetryError::Filter(_)) => ExitCode::from(2),
            Self::Store(error) | Self::Serve(ServeError::Store(error))
                if error.is_configuration() =>
            {
                ExitCode::from(2)
            }
            Self::Probe(error) if error.is_usage() => ExitCode::from(2),
            Self::Serve(error) if error.is_configuration() => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

impl From<RetentionError> for CliError {
    fn from(error: RetentionError) -> Self {
        match error {
            RetentionError::Service(error) => error.into(),
            RetentionError::Key(error) => Self::Keys(error),
            RetentionError::Archive { path, source } => Self::File { path, source },
            RetentionError::Unusable(why) => Self::Usage(why),
            RetentionError::Unsound(_) => Self::Retention(error),
            RetentionError::Unsignable(error) => Self::Usage(error.to_string()),
        }
    }
}

impl From<ServiceError> for CliError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Refused(problem) => Self::Refused(problem),
            ServiceError::Store(error) => Self::Store(error),
        }
    }
}

impl From<IdentityKeysError> for CliError {
    fn from(error: IdentityKeysError) -> Self {
        match error {
            IdentityKeysError::Service(error) => error.into(),
            IdentityKeysError::Rotation(error) => Self::Rotation(error),
        }
    }
}

/// The problem as a sentence that names every field.
fn sentence(problem: &Problem) -> String {
    if problem.fields.is_empty() {
        return problem.detail.clone();
    }
    let fields = problem.fields.iter();
    let fields: Vec<String> = fields
        .map(|field| format!("{} {}", field.field, field.message))
        .collect();
    fields.join("; ")
}
