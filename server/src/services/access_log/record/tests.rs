use std::time::Duration;

use app::domain::{
    RequestId,
    access_log::{DirectionTally, UpgradeTally},
};
use gateway::{clock::Clock, ports::Recorder};
use serde_json::json;
use store::access_log::WrittenBy;

use super::*;
use crate::services::{
    access_log::StoreRecorder,
    testing::{World, form, tenant, worlds},
};

async fn intent(world: &World) -> Intent {
    let opened = world.open(form()).await;
    Intent {
        path: "/v1/live".into(),
        ..world.intent(opened.id, opened.token_hash)
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
    recorder: &StoreRecorder,
    request: RequestId,
    wanted: impl Fn(&AccessLogEntry) -> bool,
) -> AccessLogEntry {
    let mut touched = recorder.touched().subscribe();
    let asking = async {
        loop {
            let mut reader = world.core.store.read().await.unwrap();
            let found = reader.db().lookup_access_log_entry(request).await.unwrap();
            if let Some(entry) = found.filter(&wanted) {
                return entry;
            }
            drop(reader);
            touched.recv().await.unwrap();
        }
    };
    let row = tokio::time::timeout(Duration::from_secs(20), asking).await;
    row.expect("the row never got there")
}

#[tokio::test]
async fn traffic_of_an_upgraded_connection_is_in_its_row_and_at_its_end_in_the_audit_log() {
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
        let open = row(&world, &recorder, request_id, |entry| {
            entry.upgrade.is_some()
        })
        .await;
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
        let done = row(&world, &recorder, request_id, |e| {
            e.outcome == RequestOutcome::Done
        })
        .await;
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

fn completion_of(world: &World, intent: &Intent, response_bytes: u64) -> Completion {
    Completion {
        request_id: intent.request_id,
        support_session_id: intent.support_session_id,
        tenant_id: tenant("acme"),
        at: world.clock.now(),
        status: Some(200),
        outcome: RequestOutcome::Done,
        refusal: None,
        duration: Duration::from_secs(1),
        request_bytes: 0,
        response_bytes,
        tally: None,
    }
}

#[tokio::test]
async fn completions_that_are_tried_again_delay_none() {
    for world in worlds().await {
        let intent = intent(&world).await;
        let by = WrittenBy {
            node: String::new(),
            boot: "this start".into(),
        };
        let (recorder, _writing) = StoreRecorder::start(world.core.clone(), by);
        let (mut touched, mut requests) = (recorder.touched().subscribe(), Vec::new());
        for _ in 0..=CONCURRENT {
            let request_id = RequestId::from_uuid(world.core.new_uuid());
            let intent = Intent {
                request_id,
                ..intent.clone()
            };
            recorder.begin(intent.clone()).await.unwrap();
            requests.push(intent);
        }
        let (good, poisoned) = requests.split_last().unwrap();
        for intent in poisoned {
            // No event can have such a number.
            recorder.complete(completion_of(&world, intent, u64::MAX));
        }
        recorder.complete(completion_of(&world, good, 7));
        // With all places taken by those, this would be the first that is done, after all their attempts.
        let first = async {
            while touched.recv().await.is_ok() {
                let mut reader = world.core.store.read().await.unwrap();
                let found = reader.db().lookup_access_log_entry(good.request_id).await;
                if found.unwrap().unwrap().outcome == RequestOutcome::Done {
                    return;
                }
            }
        };
        let patience = RETRY * ATTEMPTS / 2;
        let done = tokio::time::timeout(patience, first).await;
        assert!(done.is_ok(), "{}", world.engine);
    }
}
