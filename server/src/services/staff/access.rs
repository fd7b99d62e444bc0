//! Access of staff members: roles, deactivation and reactivation, and the end of their sign-ins.

use app::domain::{
    StaffId, SupportSessionId, Timestamp,
    audit::{AuditAction, AuditEvent},
    caller::Context,
    policy::Act,
    problem::{Problem, ProblemCode},
    staff::{Role, RolesForm, StaffAnswer, StaffMember, in_words},
};
use store::{Audited, ChangeKind, Lane, Tx, audit::Receipt};

use super::{StaffService, detail::events_of, not_found};
use crate::services::{
    Acting, ServiceError, gates::end_revoked, staff_sessions::tell_of_ended,
    support_sessions::revoke_all_of,
};

/// A change of access.
#[derive(Debug, Clone)]
enum Change {
    Roles {
        roles: Vec<Role>,
        /// The roles that the person who changes them has seen. With others nothing is changed.
        seen: Option<Vec<Role>>,
    },
    Deactivate,
    Reactivate,
}

/// What an act did, or the staff member whose roles have changed since they were shown.
type Changed = Result<(StaffAnswer, Vec<SupportSessionId>), StaffMember>;

impl StaffService {
    /// Sets a staff member's roles. An empty list is allowed.
    pub async fn set_roles(
        &self,
        context: &Context,
        id: StaffId,
        mut roles: Vec<Role>,
    ) -> Result<StaffAnswer, ServiceError> {
        roles.sort();
        roles.dedup();
        let change = Change::Roles { roles, seen: None };
        self.change_access(context, id, change).await
    }

    /// The same as a form asks for it, which says which roles it had shown. If they have changed since, nothing is done.
    pub(super) async fn set_shown_roles(
        &self,
        context: &Context,
        id: StaffId,
        form: &RolesForm,
    ) -> Result<StaffAnswer, ServiceError> {
        self.core.authorise(context, Act::ManageStaff)?;
        let (roles, seen) = form.validate()?;
        let seen = Some(seen);
        let change = Change::Roles { roles, seen };
        self.change_access(context, id, change).await
    }

    /// Withdraws a staff member's access: the sign-ins end and the active support sessions are
    /// revoked, all in one transaction.
    pub async fn deactivate(
        &self,
        context: &Context,
        id: StaffId,
    ) -> Result<StaffAnswer, ServiceError> {
        self.change_access(context, id, Change::Deactivate).await
    }

    /// Restores a staff member's access. The person must sign in again.
    pub async fn reactivate(
        &self,
        context: &Context,
        id: StaffId,
    ) -> Result<StaffAnswer, ServiceError> {
        self.change_access(context, id, Change::Reactivate).await
    }

    /// Ends every sign-in of a staff member. Support sessions go on.
    pub async fn end_sign_ins(
        &self,
        context: &Context,
        id: StaffId,
    ) -> Result<StaffAnswer, ServiceError> {
        self.core.authorise(context, Act::ManageStaff)?;
        let end = self.core.act(context, (), move |(), mut act| {
            Box::pin(async move {
                let staff = act.tx.lock_staff(id).await?.ok_or_else(not_found)?.member;
                let now = act.now();
                let ended = act.tx.end_staff_sessions_of(id, now).await?;
                if ended.is_empty() {
                    return Ok(Audited::unchanged(StaffAnswer::nothing(staff)));
                }
                let count = ended.len() as u64;
                let action = AuditAction::StaffSignInsEnded {
                    email: staff.email.clone(),
                    ended: count,
                };
                let receipt = act.record(None, id, action);
                tell_of_ended(&mut act, &ended).await?;
                let answer = StaffAnswer {
                    audit_event_id: Some(receipt.event_id()),
                    sign_ins_ended: count,
                    ..StaffAnswer::nothing(staff)
                };
                Ok(Audited::new(answer, receipt))
            })
        });
        Lane::Ends.run(end).await
    }

    async fn change_access(
        &self,
        context: &Context,
        id: StaffId,
        change: Change,
    ) -> Result<StaffAnswer, ServiceError> {
        self.core.authorise(context, Act::ManageStaff)?;
        let change = self.core.act(context, change, move |change, act| {
            Box::pin(change_in(act, id, change))
        });
        match Lane::Ends.run(change).await? {
            Ok((answer, revoked)) => {
                end_revoked(&self.gates, &revoked);
                Ok(answer)
            }
            Err(now) => Err(self.changed_meanwhile(&now).await?.into()),
        }
    }

    /// Says who has changed the roles meanwhile.
    async fn changed_meanwhile(&self, now: &StaffMember) -> Result<Problem, ServiceError> {
        let mut reader = self.core.store.read().await?;
        let since = now.created_at;
        let events = events_of(&mut reader.db(), now.id, since).await?;
        let latest = events.iter().find(|e| e.action == "staff.roles_changed");
        Ok(Problem::new(ProblemCode::Conflict, meanwhile(now, latest)))
    }
}

fn meanwhile(now: &StaffMember, latest: Option<&AuditEvent>) -> String {
    let who = match latest {
        Some(event) => format!(
            "{} changed these roles at {}.",
            event.actor.name,
            event.occurred_at.format("%H:%M UTC")
        ),
        None => "These roles have changed since you opened this page.".to_owned(),
    };
    format!(
        "Nothing was saved. {who} They are now: {}. Your choice is still here. Check it, then save again.",
        in_words(&now.roles)
    )
}

async fn change_in(
    mut act: Acting<'_, '_>,
    id: StaffId,
    change: &Change,
) -> Result<Audited<Changed>, ServiceError> {
    act.tx.lock_all_staff().await?;
    let locked = act.tx.lock_staff(id).await?.ok_or_else(not_found)?;
    let (before, is_pending) = (locked.member, locked.pending.is_some());
    let after = apply(&before, change, act.now());
    if after == before {
        let nothing = (StaffAnswer::nothing(after), Vec::new());
        return Ok(Audited::unchanged(Ok(nothing)));
    }
    if let Change::Roles {
        seen: Some(seen), ..
    } = change
        && *seen != before.roles
    {
        return Ok(Audited::unchanged(Err(before)));
    }
    if !is_pending {
        keep_one_super_admin(act.tx, &before, Some(&after)).await?;
    }
    let receipt = write(&mut act, change, (&before, &after)).await?;
    let (sign_ins, revoked) = match before.may_enter() && !after.may_enter() {
        true => show_out(&mut act, &after).await?,
        false => (0, Vec::new()),
    };
    act.change(ChangeKind::Staff, id).await?;
    let answer = StaffAnswer {
        audit_event_id: Some(receipt.event_id()),
        sign_ins_ended: sign_ins,
        support_sessions_ended: revoked.len() as u64,
        ..StaffAnswer::nothing(after)
    };
    Ok(Audited::new(Ok((answer, revoked)), receipt))
}

fn apply(before: &StaffMember, change: &Change, now: Timestamp) -> StaffMember {
    let mut after = before.clone();
    match change {
        Change::Roles { roles, .. } => after.roles.clone_from(roles),
        // A second time changes nothing, not even the instant.
        Change::Deactivate => after.deactivated_at = before.deactivated_at.or(Some(now)),
        Change::Reactivate => after.deactivated_at = None,
    }
    after
}

/// Makes sure that at least one super admin remains who can sign in. `after` is missing of one who can't for now.
pub(super) async fn keep_one_super_admin(
    tx: &mut Tx<'_>,
    before: &StaffMember,
    after: Option<&StaffMember>,
) -> Result<(), ServiceError> {
    if before.is_super_admin()
        && !after.is_some_and(StaffMember::is_super_admin)
        && tx.count_other_super_admins(before.id).await? == 0
    {
        let detail = "This is the last super admin. Make someone else a super admin first.";
        return Err(Problem::new(ProblemCode::Conflict, detail).into());
    }
    Ok(())
}

/// Writes the change and its event. The event comes before those of tenants, because `system`, the
/// chain without a tenant, is the first in order.
async fn write(
    act: &mut Acting<'_, '_>,
    change: &Change,
    (before, after): (&StaffMember, &StaffMember),
) -> Result<Receipt, ServiceError> {
    let id = after.id;
    let email = after.email.clone();
    let action = match change {
        Change::Roles { roles, .. } => {
            act.tx.set_staff_roles(id, roles).await?;
            AuditAction::StaffRolesChanged {
                email,
                from: before.roles.clone(),
                to: roles.clone(),
            }
        }
        Change::Deactivate => {
            let at = after.deactivated_at.unwrap_or_else(|| act.now());
            act.tx.deactivate_staff(id, at).await?;
            act.tx.revoke_staff_link(id).await?;
            AuditAction::StaffDeactivated { email }
        }
        Change::Reactivate => {
            act.tx.reactivate_staff(id).await?;
            AuditAction::StaffReactivated { email }
        }
    };
    Ok(act.record(None, id, action))
}

/// Ends everything that is open for someone who lost access. Returns how many sign-ins, and the support sessions.
async fn show_out(
    act: &mut Acting<'_, '_>,
    staff: &StaffMember,
) -> Result<(u64, Vec<SupportSessionId>), ServiceError> {
    let now = act.now();
    let ended = act.tx.end_staff_sessions_of(staff.id, now).await?;
    let reason = if staff.deactivated_at.is_some() {
        "staff member deactivated"
    } else {
        "staff member left without a role"
    };
    let revoked = revoke_all_of(act, staff.id, reason).await?;
    tell_of_ended(act, &ended).await?;
    Ok((ended.len() as u64, revoked))
}
