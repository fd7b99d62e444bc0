//! Rows that a server which is gone left open.

use app::domain::{
    AuditEventId, Timestamp,
    access_log::RequestOutcome,
    audit::{Actor, ActorType, AuditCategory, AuditOutcome},
    caller::Origin,
};
use chrono::TimeDelta;
use serde_json::json;

use crate::{
    services::{Core, ServiceError},
    store::{
        Engine, Priority,
        access_log::{Orphan, RequestEnd},
        audit::NewAuditEvent,
    },
};

/// How long after the end of a support session none of its requests is alive on any node. They are
/// cut at the end; what is left is to write that down.
const ALL_CUT: TimeDelta = TimeDelta::minutes(5);

/// What is known of the other starts of the server on this store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtherStarts {
    /// Every one is gone: one server at a time.
    Gone,
    /// Nothing: any may be a node that is alive.
    Unknown,
    /// These are alive, and every other is gone.
    Alive(Vec<String>),
}

impl OtherStarts {
    /// What the engine alone tells: SQLite has one server.
    pub const fn of(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::Gone,
            Engine::Postgres => Self::Unknown,
        }
    }
}

/// Closes rows that a start of the server which is gone left open as `unknown`; how many. Rows of
/// this start and of others that may be alive are left alone: where nothing is known of them, until
/// their support session is long over.
pub async fn close_orphans(
    core: &Core,
    boot: &str,
    others: &OtherStarts,
) -> Result<u64, ServiceError> {
    let ended_before = match others {
        OtherStarts::Gone | OtherStarts::Alive(_) => Timestamp::MAX_UTC,
        OtherStarts::Unknown => core.now() - ALL_CUT,
    };
    let mut alive = vec![boot.to_owned()];
    if let OtherStarts::Alive(others) = others {
        alive.extend_from_slice(others);
    }
    let mut closed = 0;
    loop {
        let mut reader = core.store.read().await?;
        let orphans = reader.db().list_orphans(&alive, ended_before).await?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::access_log::tests::{Scene, scenes};

    async fn begin_as(scene: &Scene, boot: &str) {
        scene.recorder_of(boot).begin_one().await;
    }

    async fn outcome(scene: &Scene) -> String {
        let entries = scene.entries().await;
        entries
            .last()
            .map(|e| e.outcome.to_string())
            .unwrap_or_default()
    }

    #[tokio::test]
    async fn what_a_start_that_is_gone_left_open_is_closed_when_it_cannot_be_alive() {
        for scene in scenes().await {
            begin_as(&scene, "a start that is gone").await;
            let others = OtherStarts::of(scene.world.core.store.engine());
            let mut outcomes = Vec::new();
            // Active, just over, and over for as long as nothing of it can be alive anywhere.
            for minutes in [0, 15, 6] {
                scene.world.clock.advance(TimeDelta::minutes(minutes));
                let closed = close_orphans(&scene.world.core, "this start", &others).await;
                outcomes.push(format!("{} {}", closed.unwrap(), outcome(&scene).await));
            }
            let expected = match others {
                OtherStarts::Gone => ["1 unknown", "0 unknown", "0 unknown"],
                _ => ["0 open", "0 open", "1 unknown"],
            };
            assert_eq!(outcomes, expected, "{}", scene.world.engine);
        }
    }

    #[tokio::test]
    async fn what_this_start_left_open_stays_open() {
        for scene in scenes().await {
            begin_as(&scene, "this start").await;
            scene.world.clock.advance(TimeDelta::hours(1));
            for others in [OtherStarts::Gone, OtherStarts::Unknown] {
                let closed = close_orphans(&scene.world.core, "this start", &others).await;
                assert_eq!(closed.unwrap(), 0, "{}", scene.world.engine);
            }
            assert_eq!(outcome(&scene).await, "open");
        }
    }

    #[tokio::test]
    async fn rows_of_a_dead_start_are_closed_by_any_node_and_those_of_a_live_one_are_left() {
        for scene in scenes().await {
            let boots = ["dead", "alive", "this start"];
            for boot in boots {
                begin_as(&scene, boot).await;
            }
            let others = OtherStarts::Alive(vec!["alive".into()]);
            let closed = close_orphans(&scene.world.core, "this start", &others).await;
            assert_eq!(closed.unwrap(), 1, "{}", scene.world.engine);
            let entries = scene.entries().await;
            let outcomes: Vec<_> = entries.iter().map(|e| e.outcome.as_str()).collect();
            assert_eq!(outcomes, ["unknown", "open", "open"]);
        }
    }
}
