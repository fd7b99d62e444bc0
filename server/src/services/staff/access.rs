//! Access of staff members: roles, deactivation and reactivation.

use app::domain::{
    StaffId, Timestamp,
    audit::AuditAction,
    caller::Context,
    policy::Act,
    problem::{Problem, ProblemCode},
    staff::{Role, StaffMember},
};
use store::{Audited, ChangeKind, Tx, audit::Receipt};

use super::{StaffService, not_found};
use crate::services::{
    Core, ServiceError, staff_sessions::tell_of_ended, support_sessions::revoke_all_of,
};

/// A change of who may enter.
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

    /// Gives a staff member's access back. The person signs in again.
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
        let given = (self.core.clone(), context.clone(), change);
        self.core
            .store
            .act(given, move |(core, context, change), tx| {
                Box::pin(async move {
                    tx.lock_all_staff().await?;
                    let before = tx.lock_staff(id).await?.ok_or_else(not_found)?.member;
                    let after = apply(&before, change, core.now());
                    if after == before {
                        return Ok(Audited::unchanged(after));
                    }
                    keep_one_super_admin(tx, &before, &after).await?;
                    let receipt = write(tx, core, context, change, (&before, &after)).await?;
                    if before.may_enter() && !after.may_enter() {
                        show_out(tx, core, context, &after).await?;
                    }
                    tx.change(ChangeKind::Staff, &id.to_string(), core.now())
                        .await?;
                    Ok::<_, ServiceError>(Audited::new(after, receipt))
                })
            })
            .await
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

/// There is always someone who can let others in.
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

/// Writes the change and its event. The event comes before those of tenants: `system`, the chain
/// without a tenant, is the first in order.
async fn write(
    tx: &mut Tx<'_>,
    core: &Core,
    context: &Context,
    change: &Change,
    (before, after): (&StaffMember, &StaffMember),
) -> Result<Receipt, ServiceError> {
    let id = after.id;
    let email = after.email.clone();
    let action = match change {
        Change::Roles(roles) => {
            tx.set_staff_roles(id, roles).await?;
            AuditAction::StaffRolesChanged {
                email,
                from: before.roles.clone(),
                to: roles.clone(),
            }
        }
        Change::Deactivate => {
            tx.deactivate_staff(id, after.deactivated_at.unwrap_or_else(|| core.now()))
                .await?;
            AuditAction::StaffDeactivated { email }
        }
        Change::Reactivate => {
            tx.reactivate_staff(id).await?;
            AuditAction::StaffReactivated { email }
        }
    };
    let event = core.event(context, None, id, action);
    Ok(tx.append_audit(event).await?)
}

/// Ends everything that is open for someone who lost access.
async fn show_out(
    tx: &mut Tx<'_>,
    core: &Core,
    context: &Context,
    staff: &StaffMember,
) -> Result<(), ServiceError> {
    let now = core.now();
    let ended = tx.end_staff_sessions_of(staff.id, now).await?;
    let reason = if staff.deactivated_at.is_some() {
        "staff member deactivated"
    } else {
        "staff member left without a role"
    };
    revoke_all_of(tx, core, context, staff.id, reason).await?;
    tell_of_ended(tx, &ended, now).await?;
    Ok(())
}
