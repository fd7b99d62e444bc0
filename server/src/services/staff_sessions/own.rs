//! One's own sign-ins and devices.

use app::domain::{
    StaffId, StaffSessionId, Timestamp,
    audit::AuditAction,
    caller::{Caller, Context, StaffCaller},
    device::device_in_words,
    policy::{Act, unauthenticated},
    problem::Problem,
    staff::{OwnSignIns, SignIn},
};
use store::{Audited, Db, Lane, StoreError};

use super::{IDLE_LIMIT, StaffSessions, tell_of_ended};
use crate::services::{Core, ServiceError};

/// Which sign-ins of one's own are ended.
#[derive(Debug, Clone, Copy)]
pub enum Elsewhere {
    /// One other.
    One(StaffSessionId),
    /// All but the one that asks.
    All,
}

impl StaffSessions {
    /// Ends other sign-ins of the caller. Returns how many ended. A sign-in of someone else is not found.
    pub async fn sign_out_elsewhere(
        &self,
        context: &Context,
        which: Elsewhere,
    ) -> Result<u64, ServiceError> {
        let caller = own_caller(&self.core, context)?.clone();
        let end = self.core.act(context, caller, move |caller, mut act| {
            Box::pin(async move {
                let (staff, own) = (caller.staff_id, caller.staff_session_id);
                let now = act.now();
                let ended = match which {
                    Elsewhere::All => act.tx.end_other_staff_sessions_of(staff, own, now).await?,
                    Elsewhere::One(id) => {
                        let is_open = act.tx.end_staff_session_of(staff, id, now).await?;
                        if !is_open {
                            return Err(Problem::not_found("sign-in").into());
                        }
                        vec![id]
                    }
                };
                let count = ended.len() as u64;
                if ended.is_empty() {
                    return Ok(Audited::unchanged(0));
                }
                let action = AuditAction::StaffSignedOut {
                    everywhere: false,
                    ended: count,
                };
                let receipt = act.record(None, staff, action);
                tell_of_ended(&mut act, &ended).await?;
                Ok(Audited::new(count, receipt))
            })
        });
        Lane::Ends.run(end).await
    }
}

/// The caller's open sign-ins.
pub(in crate::services) async fn own_sign_ins(
    core: &Core,
    context: &Context,
) -> Result<OwnSignIns, ServiceError> {
    let caller = own_caller(core, context)?;
    let now = core.now();
    let mut reader = core.store.read().await?;
    let own = Some(caller.staff_session_id);
    let sign_ins = open_sign_ins(&mut reader.db(), caller.staff_id, own, now).await?;
    Ok(OwnSignIns { sign_ins, now })
}

fn own_caller<'c>(core: &Core, context: &'c Context) -> Result<&'c StaffCaller, Problem> {
    core.authorise(context, Act::ManageOwnSignIns)?;
    match &context.caller {
        Caller::Staff(caller) => Ok(caller),
        _ => Err(unauthenticated()),
    }
}

/// A staff member's open sign-ins, the latest used first.
pub(in crate::services) async fn open_sign_ins(
    db: &mut Db<'_>,
    staff: StaffId,
    own: Option<StaffSessionId>,
    now: Timestamp,
) -> Result<Vec<SignIn>, StoreError> {
    let open = db
        .list_open_staff_sessions_of(staff, now, now - IDLE_LIMIT)
        .await?;
    let sign_ins = open.into_iter().map(|open| SignIn {
        id: open.id,
        device: device_in_words(&open.user_agent),
        ip: open.ip,
        signed_in_at: open.signed_in_at,
        last_used_at: open.last_used_at,
        is_this: Some(open.id) == own,
    });
    Ok(sign_ins.collect())
}
