//! Reading on a file that was begun: whether it may be, as a slow reader takes hours, and for how long its next page may take.

use std::time::Duration;

use app::domain::{
    Timestamp,
    caller::Context,
    problem::{Problem, ProblemCode},
};

use store::{Lane, StoreError};
use tokio::time::{sleep, timeout};

use crate::services::{Core, ServiceError, caller_now::caller_now};

/// How long the next page may take, with waiting for its turn. A proxy in front of us gives up earlier.
const PAGE_WITHIN: Duration = Duration::from_mins(2);
/// How long to wait before a page is asked for again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Reads the next page, and asks for it again while too many others are reading, or the store doesn't answer. If it fails in the
/// end, the caller must break the file off.
pub(super) async fn at_last<T, F>(read: impl Fn() -> F) -> Result<T, ServiceError>
where
    F: Future<Output = Result<T, ServiceError>>,
{
    let reading = async {
        loop {
            match read().await.map_err(Problem::from) {
                Err(problem) if problem.code == ProblemCode::Unavailable => {
                    sleep(AGAIN_AFTER).await;
                }
                read => return read.map_err(ServiceError::from),
            }
        }
    };
    let read = timeout(PAGE_WITHIN, reading).await;
    let read = read.unwrap_or_else(|_| Err(StoreError::Busy.into()));
    read.inspect_err(|error| tracing::warn!(%error, "a file that was begun breaks off"))
}

/// The caller as stored now, to authorise the next page of a file begun at `begun`.
///
/// # Errors
///
/// If the sign-in or the key no longer counts.
pub(super) async fn context_now(
    core: &Core,
    context: &Context,
    begun: Timestamp,
) -> Result<Context, ServiceError> {
    let mut reader = core.store.within(Lane::Exports).read_at_last().await?;
    let caller = caller_now(&mut reader.db(), &context.caller, begun, core.now()).await?;
    let caller = caller.ok_or_else(|| {
        Problem::new(
            ProblemCode::Unauthenticated,
            "Sign in again, or send a valid key. The file is not complete.",
        )
    })?;
    Ok(Context {
        caller,
        origin: context.origin.clone(),
    })
}
