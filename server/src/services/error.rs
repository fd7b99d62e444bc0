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

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use futures::future::join_all;
    use store::{ChangeKind, Priority};

    use super::*;
    use crate::services::testing::{noon, sqlite};

    #[tokio::test]
    async fn a_refused_act_makes_no_other_of_its_batch_run_again() {
        let console = sqlite().await;
        let runs = Arc::new(AtomicUsize::new(0));
        let writes = (0..60).map(|number| {
            let given = (Arc::clone(&runs), number);
            console
                .core
                .store
                .write(Priority::Normal, given, |(runs, number), tx| {
                    Box::pin(async move {
                        if number % 2 == 0 {
                            let code = app::domain::problem::ProblemCode::Conflict;
                            return Err(Problem::new(code, "Someone else was first.").into());
                        }
                        runs.fetch_add(1, Ordering::Relaxed);
                        Ok::<_, ServiceError>(tx.change(ChangeKind::Tenant, "a", noon()).await?)
                    })
                })
        });
        let written = join_all(writes).await;
        assert_eq!(written.iter().filter(|result| result.is_ok()).count(), 30);
        assert_eq!(runs.load(Ordering::Relaxed), 30);
    }
}
