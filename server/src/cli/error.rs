//! Errors of a command.

use std::{path::PathBuf, process::ExitCode};

use app::domain::problem::Problem;
use store::StoreError;

use crate::{
    config::ConfigError,
    demo::DemoError,
    keys::{KeyError, identity::RotationError},
    probe::ProbeError,
    serve::ServeError,
    services::{ServiceError, identity_keys::IdentityKeysError},
    telemetry::TelemetryError,
};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The command was used wrongly.
    #[error("{0}")]
    Usage(String),
    /// The configuration is at fault.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The log or the metrics can't be set up.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The store is at fault.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key file is at fault.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The server couldn't start or had to stop.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The demo couldn't start or had to stop.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// A key that signs identities can't be added, promoted or retired.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// The gateway and its upstream could not be tried.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// A service refused.
    #[error("{}", sentence(.0))]
    Refused(Problem),
    /// A file can't be read or written.
    #[error("{path} can't be used")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The terminal can't be read or written.
    #[error("the terminal can't be used")]
    Terminal(#[from] std::io::Error),
    /// The command has printed its bad news itself.
    #[error("{0}")]
    Failed(&'static str),
}

impl CliError {
    /// 2 for wrong usage or configuration, 1 for everything else.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) | Self::Config(_) | Self::Telemetry(TelemetryError::Filter(_)) => {
                ExitCode::from(2)
            }
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
