//! Errors of a use case.

use app::domain::{problem::Problem, record::OutageCause};
use store::{ActError, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A problem for the caller: not allowed, not found, not valid.
    #[error(transparent)]
    Refused(#[from] Problem),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ActError for ServiceError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contention())
    }

    fn outage(&self) -> Option<OutageCause> {
        match self {
            Self::Store(error) => error.outage(),
            Self::Refused(_) => None,
        }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Refused(problem) => problem,
            ServiceError::Store(error) => error.into(),
        }
    }
}
