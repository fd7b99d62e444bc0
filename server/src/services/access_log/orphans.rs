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

/// Closes rows that another start of the server left open as `unknown`; how many. SQLite has one
/// server, so every other start is gone. On PostgreSQL another start may be a node that is alive:
/// its rows are left alone until their support session is long over.
pub async fn close_orphans(core: &Core, boot: &str) -> Result<u64, ServiceError> {
    let ended_before = match core.store.engine() {
        Engine::Sqlite => Timestamp::MAX_UTC,
        Engine::Postgres => core.now() - ALL_CUT,
    };
    let mut closed = 0;
    loop {
        let mut reader = core.store.read().await?;
        let orphans = reader.db().list_orphans(boot, ended_before).await?;
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
                    upgrade: None,
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
    use std::{net::Ipv4Addr, sync::Arc};

    use app::{
        domain::{RequestId, page::PageRequest, support_sessions::SupportSessionForm},
        ports::SupportSessionsPort,
    };
    use uuid::Uuid;

    use super::*;
    use crate::{
        clock::Clock,
        gateway::{
            SessionGates,
            ports::{Intent, Recorder},
        },
        services::{
            access_log::StoreRecorder,
            support_sessions::SupportSessionsService,
            testing::{TwoTenants, World, staff_id, support_admin, tenant, worlds},
        },
        token::Token,
    };

    fn service(world: &World) -> SupportSessionsService {
        SupportSessionsService::new(
            world.core.clone(),
            Arc::clone(&world.settings),
            Arc::new(TwoTenants(world.clock.clone())),
            SessionGates::new(),
        )
    }

    async fn outcomes(world: &World, service: &SupportSessionsService, boot: &str) -> Vec<String> {
        let form = SupportSessionForm {
            reason: "Attestations fail with 503".into(),
            ..SupportSessionForm::default()
        };
        let holder = support_admin(1);
        let created = service
            .create(&holder, &tenant("acme"), form)
            .await
            .unwrap();
        let session = created.session.id;
        let token = Token::parse(&created.token.unwrap()).unwrap();
        let intent = Intent {
            request_id: RequestId::from_uuid(Uuid::from_u128(7)),
            support_session_id: session,
            token_hash: *token.hash().as_bytes(),
            tenant_id: tenant("acme"),
            staff_id: staff_id(1),
            staff_name: "staff1".into(),
            method: "GET".into(),
            path: "/v1/feed".into(),
            query: None,
            scope: None,
            ip: Ipv4Addr::LOCALHOST.into(),
            user_agent: String::new(),
            at: world.clock.now(),
        };
        let (gone, _completions) = StoreRecorder::start(world.core.clone(), "a start that is gone");
        gone.begin(intent).await.unwrap();

        let mut outcomes = Vec::new();
        // Active, just over, and over for as long as nothing of it can be alive anywhere.
        for minutes in [0, 15, 6] {
            world.clock.advance(TimeDelta::minutes(minutes));
            let closed = close_orphans(&world.core, boot).await.unwrap();
            let page = PageRequest::default();
            let log = service.access_log(&holder, session, page).await.unwrap();
            outcomes.push(format!("{closed} {}", log.items[0].outcome));
        }
        outcomes
    }

    #[tokio::test]
    async fn what_a_start_that_is_gone_left_open_is_closed_when_it_cannot_be_alive() {
        for world in worlds().await {
            let service = service(&world);
            let expected = match world.core.store.engine() {
                Engine::Sqlite => ["1 unknown", "0 unknown", "0 unknown"],
                Engine::Postgres => ["0 open", "0 open", "1 unknown"],
            };
            assert_eq!(outcomes(&world, &service, "this start").await, expected);
        }
    }

    #[tokio::test]
    async fn what_this_start_left_open_stays_open() {
        for world in worlds().await {
            let service = service(&world);
            let outcomes = outcomes(&world, &service, "a start that is gone").await;
            assert_eq!(outcomes, ["0 open"; 3], "{}", world.engine);
        }
    }
}
