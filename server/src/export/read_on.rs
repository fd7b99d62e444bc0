//! Reading on a file that was begun: whether it may be, as a slow reader takes hours, and for how long its next page may take.

use std::time::Duration;

use app::domain::{
    Timestamp,
    api_keys::ApiKeyState,
    caller::{Caller, Context, StaffCaller},
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

/// The caller as the store knows them now, to authorise the next page of a file that was begun at `begun`. The idle limit doesn't
/// count: reading a file is no pause.
///
/// # Errors
///
/// If the sign-in has ended or expired, the staff member may sign in no more, the key has expired or was revoked, or its secret was
/// replaced without an overlap, or with one that has ended.
pub(super) async fn caller_now(
    core: &Core,
    context: &Context,
    begun: Timestamp,
) -> Result<Context, ServiceError> {
    let now = core.now();
    let mut reader = core.store.within(Lane::Exports).read_at_last().await?;
    let mut db = reader.db();
    let caller = match &context.caller {
        Caller::Staff(staff) => {
            let session = db.lookup_staff_session(staff.staff_session_id).await?;
            let session = session.filter(|session| {
                let is_open = session.ended_at.is_none() && session.expires_at > now;
                is_open && session.staff.member.may_enter()
            });
            session.map(|session| {
                Caller::Staff(StaffCaller {
                    roles: session.staff.member.roles,
                    must_change_password: session.staff.must_change_password,
                    ..staff.clone()
                })
            })
        }
        Caller::Key(key) => {
            let found = db.lookup_api_key(key.id).await?;
            let works = found.is_some_and(|found| {
                let was_rotated = found.rotated_at.is_some_and(|at| at > begun);
                let is_active = found.state(now) == ApiKeyState::Active;
                is_active && (!was_rotated || found.overlap(now).is_some())
            });
            works.then(|| context.caller.clone())
        }
        Caller::Anonymous | Caller::Support(_) | Caller::Cli { .. } | Caller::System => {
            Some(context.caller.clone())
        }
    };
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
