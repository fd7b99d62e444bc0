//! Whether a file that was begun may be read on: a slow reader takes hours.

use app::domain::{
    caller::{Caller, Context},
    problem::{Problem, ProblemCode},
};

use crate::services::{Core, ServiceError};

/// Refuses to go on for a staff member who has signed out or may sign in no more, and for a key that
/// is revoked. The idle limit doesn't count: reading a file is no pause.
pub(super) async fn may_read_on(core: &Core, context: &Context) -> Result<(), ServiceError> {
    let mut reader = core.store.read_at_last().await?;
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
