//! Stands in for `services::support_sessions` until that is part of this branch.

use app::domain::{StaffId, SupportSessionId, caller::Context, support_sessions::Revocation};

use crate::{
    services::{Core, EventOf, ServiceError},
    store::{ChangeKind, Tx},
};

pub(super) async fn revoke_all_of(
    tx: &mut Tx<'_>,
    core: &Core,
    context: &Context,
    staff: StaffId,
    reason: &str,
) -> Result<Vec<SupportSessionId>, ServiceError> {
    let active = tx.list_active_support_sessions_of(staff, core.now()).await?;
    let mut ended = Vec::new();
    for session in active {
        let revocation = Revocation {
            at: core.now(),
            by: None,
            by_name: crate::services::core::actor(&context.caller).name,
            reason: Some(reason.to_owned()),
        };
        tx.revoke_support_session(session.id, &revocation).await?;
        let event = core.event(
            context,
            EventOf {
                tenant_id: Some(session.tenant_id.clone()),
                category: app::domain::audit::AuditCategory::SupportSession,
                action: "support_session.revoked",
                resource_type: "support_session",
                resource_id: session.id.to_string(),
                metadata: serde_json::json!({ "reason": reason }),
            },
        );
        let _receipt = tx.append_audit(event).await?;
        tx.change(ChangeKind::SupportSession, &session.id.to_string(), core.now())
            .await?;
        ended.push(session.id);
    }
    Ok(ended)
}
