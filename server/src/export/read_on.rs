//! Reading on a file that was begun: whether it may be, as a slow reader takes hours, and for how long its next page may take.

use std::time::Duration;

use app::domain::{
    caller::{Caller, Context},
    problem::{Problem, ProblemCode},
};

use store::{Lane, StoreError};
use tokio::time::{sleep, timeout};

use crate::services::{Core, ServiceError};

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

/// Refuses to go on for a staff member who has signed out or may sign in no more, and for a key that
/// is revoked. The idle limit doesn't count: reading a file is no pause.
pub(super) async fn may_read_on(core: &Core, context: &Context) -> Result<(), ServiceError> {
    let mut reader = core.store.within(Lane::Exports).read_at_last().await?;
    let mut db = reader.db();
    let may = match &context.caller {
        Caller::Staff(staff) => {
            let session = db.lookup_staff_session(staff.staff_session_id).await?;
            session.is_some_and(|session| {
                let member = session.staff.member;
                let stays = member.deactivated_at.is_none() && !member.roles.is_empty();
                stays && session.ended_at.is_none()
            })
        }
        Caller::Key(key) => {
            let key = db.lookup_api_key(key.id).await?;
            key.is_some_and(|key| key.revoked_at.is_none())
        }
        Caller::Anonymous | Caller::Support(_) | Caller::Cli { .. } | Caller::System => true,
    };
    match may {
        true => Ok(()),
        false => Err(Problem::new(
            ProblemCode::Unauthenticated,
            "Sign in again. The file is not complete.",
        )
        .into()),
    }
}
