//! Whether a caller may go on with what takes a while: a file, or a change of several tenants or
//! support sessions.

use app::domain::{
    Timestamp,
    api_keys::ApiKeyState,
    caller::{Caller, Context, StaffCaller},
    policy::{Act, authorise, unauthenticated},
    problem::Problem,
};
use store::{Db, StoreError};

use super::Core;

/// Authorises the next of several things that were begun at `begun`.
///
/// # Errors
///
/// If the sign-in or the key no longer counts, or its roles or rights no longer suffice.
pub(super) async fn authorise_again(
    core: &Core,
    context: &Context,
    act: Act<'_>,
    begun: Timestamp,
) -> Result<(), Problem> {
    let mut reader = core.store.read_at_last().await?;
    let caller = caller_now(&mut reader.db(), &context.caller, begun, core.now()).await?;
    // The sign-in was recent enough then.
    authorise(&caller.ok_or_else(unauthenticated)?, act, begun)
}

/// The caller of something that was begun at `begun`, as the store knows them now. `None` if the
/// sign-in has ended or expired, if the staff member may sign in no more, or if the key has expired,
/// was revoked, or was rotated since then without an overlap that still lasts. The idle limit
/// doesn't count.
pub(crate) async fn caller_now(
    db: &mut Db<'_>,
    caller: &Caller,
    begun: Timestamp,
    now: Timestamp,
) -> Result<Option<Caller>, StoreError> {
    match caller {
        Caller::Staff(staff) => {
            let found = db.lookup_staff_session(staff.staff_session_id).await?;
            let open = found.filter(|session| {
                let is_open = session.ended_at.is_none() && session.expires_at > now;
                is_open && session.staff.member.may_enter()
            });
            Ok(open.map(|session| {
                Caller::Staff(StaffCaller {
                    roles: session.staff.member.roles,
                    must_change_password: session.staff.must_change_password,
                    ..staff.clone()
                })
            }))
        }
        Caller::Key(key) => {
            let found = db.lookup_api_key(key.id).await?;
            let works = found.is_some_and(|found| {
                let was_rotated = found.rotated_at.is_some_and(|at| at >= begun);
                let is_active = found.state(now) == ApiKeyState::Active;
                is_active && (!was_rotated || found.overlap(now).is_some())
            });
            Ok(works.then(|| caller.clone()))
        }
        Caller::Anonymous | Caller::Support(_) | Caller::Cli { .. } | Caller::System => {
            Ok(Some(caller.clone()))
        }
    }
}
