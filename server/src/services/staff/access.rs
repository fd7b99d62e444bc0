//! Access of staff members: roles, deactivation and reactivation.

use app::domain::{
    StaffId, SupportSessionId, Timestamp,
    audit::AuditAction,
    caller::Context,
    policy::Act,
    problem::{Problem, ProblemCode},
    staff::{Role, StaffMember},
};
use store::{Audited, ChangeKind, Lane, Tx, audit::Receipt};

use super::{StaffService, not_found};
use crate::services::{
    Acting, ServiceError, gates::end_revoked, staff_sessions::tell_of_ended,
    support_sessions::revoke_all_of,
};

/// A change of access.
#[derive(Debug, Clone)]
enum Change {
    Roles(Vec<Role>),
    Deactivate,
    Reactivate,
}

impl StaffService {
    /// Sets a staff member's roles. An empty list is allowed.
    pub async fn set_roles(
        &self,
        context: &Context,
        id: StaffId,
        mut roles: Vec<Role>,
    ) -> Result<StaffMember, ServiceError> {
        roles.sort();
        roles.dedup();
        self.change_access(context, id, Change::Roles(roles)).await
    }

    /// Withdraws a staff member's access: the sign-ins end and the active support sessions are
    /// revoked, all in one transaction.
    pub async fn deactivate(
        &self,
        context: &Context,
        id: StaffId,
    ) -> Result<StaffMember, ServiceError> {
        self.change_access(context, id, Change::Deactivate).await
    }

    /// Restores a staff member's access. The person must sign in again.
    pub async fn reactivate(
        &self,
        context: &Context,
        id: StaffId,
    ) -> Result<StaffMember, ServiceError> {
        self.change_access(context, id, Change::Reactivate).await
    }

    async fn change_access(
        &self,
        context: &Context,
        id: StaffId,
        change: Change,
    ) -> Result<StaffMember, ServiceError> {
        self.core.authorise(context, Act::ManageStaff)?;
        let change = self.core.act(context, change, move |change, mut act| {
            Box::pin(async move {
                act.tx.lock_all_staff().await?;
                let before = act.tx.lock_staff(id).await?.ok_or_else(not_found)?.member;
                let after = apply(&before, change, act.now());
                if after == before {
                    return Ok(Audited::unchanged((after, Vec::new())));
                }
                keep_one_super_admin(act.tx, &before, &after).await?;
                let receipt = write(&mut act, change, (&before, &after)).await?;
                let revoked = match before.may_enter() && !after.may_enter() {
                    true => show_out(&mut act, &after).await?,
                    false => Vec::new(),
                };
                act.change(ChangeKind::Staff, id).await?;
                Ok(Audited::new((after, revoked), receipt))
            })
        });
        let (after, revoked) = Lane::Ends.run(change).await?;
        end_revoked(&self.gates, &revoked);
        Ok(after)
    }
}

fn apply(before: &StaffMember, change: &Change, now: Timestamp) -> StaffMember {
    let mut after = before.clone();
    match change {
        Change::Roles(roles) => after.roles.clone_from(roles),
        // A second time changes nothing, not even the instant.
        Change::Deactivate => after.deactivated_at = before.deactivated_at.or(Some(now)),
        Change::Reactivate => after.deactivated_at = None,
    }
    after
}

/// Makes sure that at least one super admin remains.
async fn keep_one_super_admin(
    tx: &mut Tx<'_>,
    before: &StaffMember,
    after: &StaffMember,
) -> Result<(), ServiceError> {
    let is_super_admin = |member: &StaffMember| {
        member.deactivated_at.is_none() && member.roles.contains(&Role::SuperAdmin)
    };
    if is_super_admin(before)
        && !is_super_admin(after)
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
        Change::Roles(roles) => {
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
            AuditAction::StaffDeactivated { email }
        }
        Change::Reactivate => {
            act.tx.reactivate_staff(id).await?;
            AuditAction::StaffReactivated { email }
        }
    };
    Ok(act.record(None, id, action))
}

/// Ends everything that is open for someone who lost access. Returns the support sessions.
async fn show_out(
    act: &mut Acting<'_, '_>,
    staff: &StaffMember,
) -> Result<Vec<SupportSessionId>, ServiceError> {
    let now = act.now();
    let ended = act.tx.end_staff_sessions_of(staff.id, now).await?;
    let reason = if staff.deactivated_at.is_some() {
        "staff member deactivated"
    } else {
        "staff member left without a role"
    };
    let revoked = revoke_all_of(act, staff.id, reason).await?;
    tell_of_ended(act, &ended).await?;
    Ok(revoked)
}
