use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use app::{
    domain::{
        RequestId,
        access_log::{DirectionTally, UpgradeTally},
        support_sessions::SupportSessionForm,
    },
    ports::CreateSupportSessions,
};
use gateway::{SessionGates, clock::Clock, ports::Recorder, token::Token};
use serde_json::json;
use store::access_log::WrittenBy;
use uuid::Uuid;

use super::*;
use crate::services::{
    access_log::StoreRecorder,
    support_sessions::SupportSessionsService,
    testing::{TwoTenants, World, staff_id, support_admin, tenant, worlds},
};

async fn intent(world: &World) -> Intent {
    let service = SupportSessionsService::new(
        world.core.clone(),
        Arc::clone(&world.settings),
        Arc::new(TwoTenants(world.clock.clone())),
        SessionGates::new(),
    );
    let form = SupportSessionForm {
        reason: "Attestations fail with 503".into(),
        ..SupportSessionForm::default()
    };
    let (holder, acme) = (support_admin(1), tenant("acme"));
    let created = service.create(&holder, &acme, form).await.unwrap();
    let token = Token::parse(&created.token.unwrap()).unwrap();
    Intent {
        request_id: RequestId::from_uuid(Uuid::from_u128(7)),
        support_session_id: created.session.id,
        token_hash: *token.hash().as_bytes(),
        tenant_id: tenant("acme"),
        staff_id: staff_id(1),
        staff_name: "staff1".into(),
        method: "GET".into(),
        path: "/v1/live".into(),
        query: None,
        scope: None,
        profile: None,
        ip: Ipv4Addr::LOCALHOST.into(),
        user_agent: String::new(),
        at: world.clock.now(),
    }
}

fn tally(frames: u64) -> UpgradeTally {
    let direction = DirectionTally {
        frames,
        bytes: 7 * frames,
        sha256: "0".repeat(64),
    };
    UpgradeTally {
        to_upstream: direction.clone(),
        to_client: direction,
    }
}

/// The row, once it is as wanted.
async fn row(
    world: &World,
    request: RequestId,
    wanted: impl Fn(&AccessLogEntry) -> bool,
) -> AccessLogEntry {
    let asking = async {
        loop {
            let mut reader = world.core.store.read().await.unwrap();
            let found = reader.db().lookup_access_log_entry(request).await.unwrap();
            if let Some(entry) = found.filter(&wanted) {
                return entry;
            }
            drop(reader);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let row = tokio::time::timeout(Duration::from_secs(20), asking).await;
    row.expect("the row never got there")
}

#[tokio::test]
async fn what_passes_over_an_upgraded_connection_is_in_its_row_and_at_its_end_in_the_audit_log() {
    for world in worlds().await {
        let intent = intent(&world).await;
        let (request_id, session) = (intent.request_id, intent.support_session_id);
        let (recorder, _writing) = StoreRecorder::start(
            world.core.clone(),
            WrittenBy {
                node: String::new(),
                boot: "this start".into(),
            },
        );
        recorder.begin(intent).await.unwrap();
        let note = |frames| TunnelNote {
            request_id,
            support_session_id: session,
            tally: tally(frames),
        };
        recorder.note(note(1));
        let open = row(&world, request_id, |entry| entry.upgrade.is_some()).await;
        assert_eq!(open.outcome, RequestOutcome::Open, "{}", world.engine);
        assert_eq!(open.upgrade, Some(tally(1)));

        recorder.complete(Completion {
            request_id,
            support_session_id: session,
            tenant_id: tenant("acme"),
            at: world.clock.now(),
            status: Some(101),
            outcome: RequestOutcome::Done,
            refusal: None,
            duration: Duration::from_mins(1),
            request_bytes: 14,
            response_bytes: 14,
            tally: Some(tally(2)),
        });
        let done = row(&world, request_id, |e| e.outcome == RequestOutcome::Done).await;
        assert_eq!(done.upgrade, Some(tally(2)), "{}", world.engine);

        // One that comes too late changes nothing.
        let late = world.core.store.write(Priority::Normal, (), move |(), tx| {
            Box::pin(async move { tx.note_upgrade(request_id, &tally(3)).await })
        });
        assert!(!late.await.unwrap(), "{}", world.engine);
        let mut reader = world.core.store.read().await.unwrap();
        let chain = reader
            .db()
            .list_audit_chain("tenant:acme", 0)
            .await
            .unwrap();
        let last = chain.last().unwrap();
        assert_eq!(last.action, "support_session.response");
        assert_eq!(
            last.metadata["upgrade"],
            json!(tally(2)),
            "{}",
            world.engine
        );
    }
}
