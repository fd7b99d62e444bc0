//! Rows that a stopped server left open.

use app::domain::{
    access_log::{RequestEnd, RequestOutcome},
    audit::{ActorType, AuditAction, AuditOutcome, RecordedResponse},
    caller::Origin,
};
use store::{Priority, access_log::Orphan, audit::NewAuditEvent};

use crate::services::{Core, ServiceError, core::actor_of};

/// Closes rows that another start of the server left open, as `unknown`. Returns how many. SQLite
/// has one server, so every other start has stopped. On PostgreSQL another start may be a running
/// node. Its rows are left alone until its lease has ended, and with it everything that it relayed.
pub async fn close_orphans(core: &Core, boot: &str) -> Result<u64, ServiceError> {
    let mut closed = 0;
    loop {
        let mut reader = core.store.read().await?;
        let mut db = reader.db();
        let dead_before = db.dead_before(core.now()).await?;
        let orphans = db.list_orphans(boot, dead_before).await?;
        drop(reader);
        if orphans.is_empty() {
            return Ok(closed);
        }
        for orphan in orphans {
            close(core, orphan).await?;
            closed += 1;
        }
    }
}

pub(super) async fn close(core: &Core, orphan: Orphan) -> Result<(), ServiceError> {
    let given = (core.clone(), orphan);
    core.store
        .write(Priority::Normal, given, |(core, orphan), tx| {
            Box::pin(async move {
                let end = RequestEnd {
                    status: None,
                    outcome: RequestOutcome::Unknown,
                    refusal: None,
                    duration_ms: None,
                    request_bytes: None,
                    response_bytes: None,
                    upgrade: None,
                };
                tx.complete_with_event(orphan.request_id, end, event(core, orphan));
                Ok(())
            })
        })
        .await
}

fn event(core: &Core, orphan: &Orphan) -> NewAuditEvent {
    let actor = actor_of(ActorType::System, "recovery", "Support Console");
    let origin = Origin {
        request_id: Some(orphan.request_id.to_string()),
        ..Origin::default()
    };
    let action = AuditAction::SupportSessionResponse(RecordedResponse::Unknown {
        outcome: RequestOutcome::Unknown,
    });
    let (tenant, session) = (Some(&orphan.tenant_id), orphan.support_session_id);
    NewAuditEvent {
        outcome: AuditOutcome::Failure,
        ..core.event_by_place(actor, origin, tenant, session, action)
    }
}

#[cfg(test)]
mod tests {
    use store::Engine;

    use super::*;
    use crate::services::access_log::tests::{Scene, scenes};

    const JOIN: &str = "INSERT INTO nodes (boot, node, started_at, lease_until) \
        VALUES ('a start that is gone', 'n', 0, 4102444800000000)";
    const FALL_SILENT: &str = "UPDATE nodes SET lease_until = 0";

    /// The outcomes that `boot` sets for a row of a running server, and then after such a long
    /// silence that the server can't be running any more.
    async fn outcomes(scene: &Scene, boot: &str) -> Vec<String> {
        scene.recorder_of("a start that is gone").begin_one().await;
        let core = &scene.world.core;
        let mut outcomes = Vec::new();
        for sql in [JOIN, FALL_SILENT] {
            scene.world.run(sql).await;
            let closed = close_orphans(core, boot).await.unwrap();
            let entries = scene.entries().await;
            outcomes.push(format!("{closed} {}", entries[0].outcome));
        }
        outcomes
    }

    #[tokio::test]
    async fn rows_of_an_earlier_start_are_closed_once_it_cannot_be_running() {
        for scene in scenes().await {
            let outcomes = outcomes(&scene, "this start").await;
            let expected = match scene.world.core.store.engine() {
                Engine::Sqlite => ["1 unknown", "0 unknown"],
                Engine::Postgres => ["0 open", "1 unknown"],
            };
            assert_eq!(outcomes, expected, "{}", scene.world.engine);
        }
    }

    #[tokio::test]
    async fn rows_of_this_start_stay_open() {
        for scene in scenes().await {
            let outcomes = outcomes(&scene, "a start that is gone").await;
            assert_eq!(outcomes, ["0 open"; 2], "{}", scene.world.engine);
        }
    }
}
