//! Rows that a server which is gone left open.

use app::domain::{
    AuditEventId,
    access_log::RequestOutcome,
    audit::{Actor, ActorType, AuditCategory, AuditOutcome},
    caller::Origin,
};
use serde_json::json;

use crate::{
    services::{Core, ServiceError},
    store::{
        Engine, Priority,
        access_log::{Orphan, RequestEnd},
        audit::NewAuditEvent,
    },
};

/// Closes rows that earlier starts of the server left open as `unknown`; how many. On PostgreSQL
/// another node's open rows may be alive, so they are left alone.
pub async fn close_orphans(core: &Core, boot: &str) -> Result<u64, ServiceError> {
    if core.store.engine() == Engine::Postgres {
        return Ok(0);
    }
    let mut closed = 0;
    loop {
        let orphans = core.store.read().await?.db().list_orphans(boot).await?;
        if orphans.is_empty() {
            return Ok(closed);
        }
        for orphan in orphans {
            close(core, orphan).await?;
            closed += 1;
        }
    }
}

async fn close(core: &Core, orphan: Orphan) -> Result<(), ServiceError> {
    let core_ = core.clone();
    core.store
        .write(Priority::Normal, move |tx| {
            let (core, orphan) = (core_.clone(), orphan.clone());
            Box::pin(async move {
                let end = RequestEnd {
                    status: None,
                    outcome: RequestOutcome::Unknown,
                    refusal: None,
                    duration_ms: None,
                    request_bytes: None,
                    response_bytes: None,
                };
                if tx
                    .complete_access_log_entry(orphan.request_id, &end)
                    .await?
                {
                    let _receipt = tx.append_audit(event(&core, &orphan)).await?;
                }
                Ok(())
            })
        })
        .await
}

fn event(core: &Core, orphan: &Orphan) -> NewAuditEvent {
    let now = core.now();
    NewAuditEvent {
        id: AuditEventId::from_uuid(core.new_uuid()),
        tenant_id: Some(orphan.tenant_id.clone()),
        category: AuditCategory::SupportSession,
        action: "support_session.response",
        actor: Actor {
            kind: ActorType::System,
            id: "recovery".to_owned(),
            name: "Support Console".to_owned(),
        },
        resource_type: "support_session",
        resource_id: orphan.support_session_id.to_string(),
        outcome: AuditOutcome::Failure,
        occurred_at: now,
        recorded_at: now,
        origin: Origin {
            request_id: Some(orphan.request_id.to_string()),
            ..Origin::default()
        },
        metadata: json!({ "outcome": RequestOutcome::Unknown.as_str() }),
    }
}
