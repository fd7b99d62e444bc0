//! The promises of the record when everything fails. Attacks and faults first.

use std::{sync::Arc, time::Duration};

use app::{
    domain::{
        RequestId, SupportSessionId, Timestamp,
        access_log::{AccessLogEntry, Refusal, RequestOutcome},
        audit::{AuditAction, AuditOutcome},
        record::OutageCause,
        support_sessions::SupportSessionForm,
    },
    ports::RevokeSupportSessions,
};
use futures::future::join_all;
use gateway::ports::{
    Begun, Completion, Ended, Intent, RecordError, Recorder, RefusedRequest, Sessions,
};
use store::audit::verify_store;
use store::{
    Lane, Priority, Reader, StoreError,
    access_log::WrittenBy,
    testing::{Fault, fill},
};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{StoreRecorder, record, request_event};
use crate::{
    config::Config,
    services::{
        support_sessions::SupportSessionsService,
        testing::{World, form, intent, super_admin, worlds_with},
    },
};

/// A store with one support session in it.
pub(super) struct Scene {
    pub(super) world: World,
    pub(super) service: SupportSessionsService,
    pub(super) session: SupportSessionId,
    pub(super) token_hash: [u8; 32],
}

/// One on each engine. A record may take a second.
pub(super) async fn scenes() -> Vec<Scene> {
    scenes_with("requests_total = 10_000").await
}

async fn scenes_with(support_sessions: &str) -> Vec<Scene> {
    let config: Config = toml::from_str(&format!(
        r#"
        [gateway]
        listen = "127.0.0.1:3100"
        public_url = "http://127.0.0.1:3100"
        upstream = "http://127.0.0.1:3200"
        tenant_binding = "identity"
        record_timeout_ms = 1000
        [support_sessions]
        {support_sessions}
        "#
    ))
    .unwrap();
    let mut scenes = Vec::new();
    for world in worlds_with(config).await {
        let form = SupportSessionForm {
            ttl_minutes: "15".into(),
            ..form()
        };
        let opened = world.open(form).await;
        scenes.push(Scene {
            session: opened.id,
            token_hash: opened.token_hash,
            service: world.support_sessions(),
            world,
        });
    }
    scenes
}

/// A recorder, with what it gets.
pub(super) struct Recording<'s> {
    pub(super) scene: &'s Scene,
    pub(super) recorder: Arc<StoreRecorder>,
}

impl Scene {
    pub(super) fn recorder_of(&self, boot: &str) -> Recording<'_> {
        Recording {
            scene: self,
            recorder: self.world.recorder(boot),
        }
    }

    /// The access log, oldest first.
    pub(super) async fn entries(&self) -> Vec<AccessLogEntry> {
        let mut reader = self.world.core.store.read().await.unwrap();
        let mut db = reader.db();
        let mut entries = Vec::new();
        loop {
            let after = entries.len() as u64;
            let more = db.list_access_log_after(self.session, after).await.unwrap();
            if more.is_empty() {
                return entries;
            }
            entries.extend(more);
        }
    }

    pub(super) fn intent(&self) -> Intent {
        self.world.intent(self.session, self.token_hash)
    }

    fn refusal(&self, refusal: Refusal) -> RefusedRequest {
        RefusedRequest {
            request: self.intent(),
            refusal,
            status: refusal.status(),
        }
    }

    /// Waits until the log is as it should be.
    async fn until(&self, what: &str, good: impl Fn(&[AccessLogEntry]) -> bool) {
        let waiting = async {
            loop {
                let entries = self.entries().await;
                if good(&entries) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_mins(1), waiting).await;
        waited.unwrap_or_else(|_| panic!("{}: {what}", self.world.engine));
    }

    /// The next commit waits for the result to be notified.
    fn hold_next_commit(&self) -> Arc<Notify> {
        let release = Arc::new(Notify::new());
        let held = Fault::Held(Arc::clone(&release));
        self.world.store.faults.next(held);
        release
    }

    async fn is_sound(&self) -> bool {
        let verified = verify_store(&self.world.core.store, [], None).await;
        verified.unwrap().is_sound()
    }

    fn cause(&self) -> Option<OutageCause> {
        self.world.core.store.outage().map(|outage| outage.cause)
    }
}

impl Recording<'_> {
    pub(super) async fn begin(&self, intent: Intent) -> Result<Begun, RecordError> {
        self.recorder.begin(intent).await
    }

    pub(super) async fn begin_one(&self) {
        self.begin(self.scene.intent()).await.unwrap();
    }
}

fn completion(intent: &Intent) -> Completion {
    Completion {
        request_id: intent.request_id,
        support_session_id: intent.support_session_id,
        tenant_id: intent.tenant_id.clone(),
        at: intent.at,
        status: Some(200),
        outcome: RequestOutcome::Done,
        refusal: None,
        duration: Duration::from_millis(5),
        request_bytes: 0,
        response_bytes: 7,
        tally: None,
    }
}

/// A refused request in a session of this number.
pub(super) fn refused(session: u128, at: Timestamp) -> RefusedRequest {
    let session = SupportSessionId::from_uuid(Uuid::from_u128(session));
    let request = intent(
        RequestId::from_uuid(Uuid::from_u128(1)),
        session,
        [0; 32],
        at,
    );
    RefusedRequest {
        request,
        refusal: Refusal::SessionRevoked,
        status: 401,
    }
}

#[tokio::test]
async fn a_flood_with_the_token_of_an_ended_session_fills_nothing_and_delays_nobody() {
    for scene in scenes().await {
        let recording = scene.recorder_of("this start");
        recording.begin_one().await;
        // Nothing is written while this is held. Anyone who waits for the flush queue waits for
        // ever.
        let release = scene.hold_next_commit();
        let held = recording.begin(scene.intent());
        let flood = async {
            for _ in 0..20_000 {
                recording
                    .recorder
                    .refuse(scene.refusal(Refusal::SessionRevoked))
                    .await;
            }
            release.notify_one();
        };
        let (passed, ()) = tokio::join!(held, flood);
        passed.unwrap_or_else(|error| panic!("{}: {error}", scene.world.engine));
        recording.begin_one().await;
        scene
            .until("some are recorded", |entries| {
                entries.iter().any(|e| e.outcome == RequestOutcome::Refused)
            })
            .await;
        let rows = scene.entries().await.len();
        assert!(rows <= 3 + 20, "{}: {rows} rows", scene.world.engine);
    }
}

#[tokio::test]
async fn requests_are_admitted_recorded_and_refused_while_all_who_look_hold_their_connections() {
    for scene in scenes().await {
        let recording = scene.recorder_of("a");
        let held = hold_who_look(&scene).await;
        let found = recording.recorder.lookup(scene.token_hash).await;
        let engine = scene.world.engine;
        assert_eq!(found.unwrap().map(|found| found.id), Some(scene.session));
        recording.begin_one().await;
        let refusal = scene.refusal(Refusal::OutOfScope);
        recording.recorder.refuse(refusal).await;
        drop(held);
        let entries = scene.entries().await;
        let outcomes: Vec<_> = entries.iter().map(|entry| entry.outcome).collect();
        let expected = [RequestOutcome::Open, RequestOutcome::Refused];
        assert_eq!(outcomes, expected, "{engine}");
    }
}

#[tokio::test]
async fn any_number_of_rows_is_written_and_completed_together() {
    for scene in scenes().await {
        let store = &scene.world.core.store;
        // 64, 32, 16, 8, 4, 2 and 1.
        let intents: Arc<Vec<_>> = Arc::new((0..127).map(|_| scene.intent()).collect());
        let by = WrittenBy {
            node: "n".into(),
            boot: "b".into(),
        };
        let given = (scene.world.core.clone(), Arc::clone(&intents), by);
        let begun = store.write(Priority::Gateway, given, |(core, intents, by), tx| {
            for (seq, intent) in (1..).zip(intents.iter()) {
                let entry = record::entry_of(intent, seq, RequestOutcome::Open);
                let action = AuditAction::SupportSessionTokenReplaced {};
                let event = request_event(core, intent, AuditOutcome::Success, action);
                let _receipt = tx.add_access_log_entry(entry, by, event);
            }
            Box::pin(async { Ok::<_, StoreError>(()) })
        });
        begun.await.unwrap();
        let recording = scene.recorder_of("a");
        for intent in intents.iter() {
            recording.recorder.complete(completion(intent));
        }
        scene
            .until("all are complete", |entries| {
                let done = entries.iter().filter(|e| e.outcome == RequestOutcome::Done);
                done.count() == 127
            })
            .await;
        assert!(scene.is_sound().await);
    }
}

#[tokio::test]
async fn the_names_of_fields_that_were_left_out_are_read_in_the_stored_event() {
    for scene in scenes().await {
        let recording = scene.recorder_of("a");
        let names = vec!["x-b".to_owned(), "x-a".to_owned()];
        let with_some = Intent {
            left_out: names.clone(),
            ..scene.intent()
        };
        recording.begin(with_some).await.unwrap();
        recording.begin_one().await;
        let mut reader = scene.world.core.store.read().await.unwrap();
        let chain = reader
            .db()
            .list_audit_chain("tenant:acme", 0)
            .await
            .unwrap();
        let requests = chain.iter();
        let requests = requests.filter(|event| event.action == "support_session.request");
        let left_out: Vec<_> = requests
            .map(|event| event.metadata.get("left_out").cloned())
            .collect();
        let named = Some(serde_json::json!(names));
        assert_eq!(left_out, [named, None], "{}", scene.world.engine);
        drop(reader);
        assert!(scene.is_sound().await);
    }
}

#[tokio::test]
async fn completions_that_share_a_commit_are_written_once_each_with_their_events() {
    for scene in scenes().await {
        let recording = scene.recorder_of("a");
        let intents: Vec<_> = (0..20).map(|_| scene.intent()).collect();
        for intent in &intents {
            recording.begin(intent.clone()).await.unwrap();
        }
        let release = scene.hold_next_commit();
        let held = recording.begin(scene.intent());
        let complete = async {
            // Each twice, as after a commit of which nobody knows.
            for intent in intents.iter().chain(&intents) {
                recording.recorder.complete(completion(intent));
            }
            release.notify_one();
        };
        let (held, ()) = tokio::join!(held, complete);
        held.unwrap();
        scene
            .until("all are complete", |entries| {
                let done = entries.iter().filter(|e| e.outcome == RequestOutcome::Done);
                done.count() == 20
            })
            .await;
        let verified = verify_store(&scene.world.core.store, [], None)
            .await
            .unwrap();
        assert!(verified.is_sound());
        let mut reader = scene.world.core.store.read().await.unwrap();
        let chain = reader
            .db()
            .list_audit_chain("tenant:acme", 0)
            .await
            .unwrap();
        let ends = chain
            .iter()
            .filter(|e| e.action == "support_session.response");
        assert_eq!(ends.count(), 20, "{}", scene.world.engine);
    }
}

/// As the requests of browsers run that end something.
#[tokio::test]
async fn a_revocation_is_committed_while_everyone_else_holds_their_connections() {
    for scene in scenes().await {
        let recording = scene.recorder_of("a");
        recording.begin_one().await;
        let held = hold_who_look(&scene).await;
        let admin = super_admin(3);
        let revoke = scene.service.revoke(&admin, scene.session, String::new());
        Lane::Ends.run(revoke).await.unwrap();
        let refused = recording.begin(scene.intent()).await;
        assert_eq!(refused, Err(RecordError::SessionEnded(Ended::Revoked)));
        drop(held);
    }
}

/// Every connection that neither records nor ends.
async fn hold_who_look(scene: &Scene) -> Vec<Reader> {
    let mut held = Vec::new();
    for lane in [
        Lane::Acts,
        Lane::Pages,
        Lane::Live,
        Lane::Rest,
        Lane::Exports,
        Lane::Reports,
        Lane::Tasks,
    ] {
        held.extend(fill(&scene.world.core.store, lane).await);
    }
    held
}

#[tokio::test]
async fn an_ended_session_records_no_more_refusals_however_long_they_go_on() {
    for scene in scenes().await {
        let recording = scene.recorder_of("this start");
        let admin = super_admin(3);
        let revoke = scene.service.revoke(&admin, scene.session, String::new());
        revoke.await.unwrap();
        for minute in 1..=30_usize {
            for _ in 0..100 {
                recording
                    .recorder
                    .refuse(scene.refusal(Refusal::SessionRevoked))
                    .await;
            }
            let expected = (minute * 20).min(100);
            scene
                .until("the refusals of a minute", |entries| {
                    entries.len() >= expected
                })
                .await;
            scene.world.clock.advance(chrono::TimeDelta::minutes(1));
        }
        assert_eq!(scene.entries().await.len(), 100, "{}", scene.world.engine);
    }
}

#[tokio::test]
async fn after_a_failed_flush_nothing_is_recorded_or_looked_up_until_a_restart() {
    for scene in scenes().await {
        let recording = scene.recorder_of("this start");
        // SQLITE_IOERR_FSYNC: the operating system may have dropped what it could not write.
        scene.world.store.faults.next(Fault::Code("1034"));
        for _ in 0..3 {
            let begun = recording.begin(scene.intent()).await;
            assert_eq!(begun.unwrap_err(), RecordError::Unavailable);
        }
        assert_eq!(scene.cause(), Some(OutageCause::Broken));
        let found = recording.recorder.lookup(scene.token_hash).await;
        assert!(found.is_err(), "{}", scene.world.engine);
        let write = scene
            .world
            .core
            .store
            .write(Priority::Normal, (), |(), _tx| {
                Box::pin(async { Ok::<(), StoreError>(()) })
            });
        assert!(matches!(write.await, Err(StoreError::Broken)));
        assert!(scene.entries().await.is_empty());
    }
}

#[tokio::test]
async fn a_full_store_refuses_and_takes_up_again_by_itself() {
    for scene in scenes().await {
        let recording = scene.recorder_of("this start");
        let full = match scene.world.engine {
            "sqlite" => "13",
            _ => "53100",
        };
        scene.world.store.faults.next(Fault::Code(full));
        let begun = recording.begin(scene.intent()).await;
        assert_eq!(begun.unwrap_err(), RecordError::Unavailable);
        assert_eq!(
            scene.cause(),
            Some(OutageCause::Full),
            "{}",
            scene.world.engine
        );
        assert!(scene.world.core.record_outage().is_some());
        let idle = scene
            .world
            .core
            .store
            .write(Priority::Normal, (), |(), _tx| {
                Box::pin(async { Ok::<(), StoreError>(()) })
            });
        // On PostgreSQL any commit shows that the store can be written. On both engines that of the refusal does, which is
        // recorded by a task that can't run before this thread is free.
        if scene.world.engine == "sqlite" {
            futures::executor::block_on(idle).unwrap();
            assert!(scene.cause().is_some(), "a commit of nothing shows nothing");
        } else {
            idle.await.unwrap();
        }
        let begun = recording.begin(scene.intent()).await;
        assert_eq!(begun.unwrap().seq, 1, "no number is lost");
        assert_eq!(scene.cause(), None, "{}", scene.world.engine);
    }
}

#[tokio::test]
async fn a_commit_of_which_nobody_knows_is_never_taken_for_a_forwarded_request() {
    for scene in scenes().await {
        let recording = scene.recorder_of("this start");
        scene.world.store.faults.next(Fault::LostAfter);
        let begun = recording.begin(scene.intent()).await;
        assert_eq!(begun.unwrap_err(), RecordError::Unavailable);
        scene
            .until("the row is completed as refused", |entries| {
                entries.len() == 1
                    && entries[0].outcome == RequestOutcome::Refused
                    && entries[0].refusal == Some(Refusal::RecordUnavailable)
            })
            .await;
        scene
            .until("the outage to be over", |_| scene.cause().is_none())
            .await;
    }
}

#[tokio::test]
async fn a_store_that_hangs_is_noticed_and_what_waited_too_long_is_never_written() {
    for scene in scenes().await {
        let recording = scene.recorder_of("this start");
        let release = scene.hold_next_commit();
        let mut held = Box::pin(recording.begin(scene.intent()));
        assert!(futures::poll!(&mut held).is_pending());
        let mut outage = scene.world.core.store.watch_outage();
        let mut late = Box::pin(recording.begin(scene.intent()));
        let noticed = async {
            outage.wait_for(Option::is_some).await.unwrap();
            release.notify_one();
        };
        let (first, second, ()) = tokio::join!(&mut held, &mut late, noticed);
        assert_eq!(
            first.unwrap().seq,
            1,
            "begun in time, and told when it was done"
        );
        // Whether it is in time or not, it has a row exactly if it was reported as recorded.
        let rows = scene.entries().await.len();
        assert_eq!(
            rows,
            1 + usize::from(second.is_ok()),
            "{}",
            scene.world.engine
        );
    }
}

#[tokio::test]
async fn a_store_that_another_process_holds_is_reported_in_time() {
    let scene = scenes().await.remove(0);
    let recording = scene.recorder_of("this start");
    let other = scene.world.store.another_writer();
    let asked = std::time::Instant::now();
    let begun = recording.begin(scene.intent()).await;
    assert_eq!(begun.unwrap_err(), RecordError::Unavailable);
    assert_eq!(scene.cause(), Some(OutageCause::Locked));
    assert!(asked.elapsed() < Duration::from_secs(20), "not 41 s");
    drop(other);
    recording.begin_one().await;
    assert_eq!(scene.cause(), None);
}

#[tokio::test]
async fn a_store_that_may_only_be_read_says_so() {
    for scene in scenes().await {
        let recording = scene.recorder_of("this start");
        let read_only = match scene.world.engine {
            "sqlite" => "8",
            _ => "25006",
        };
        scene.world.store.faults.next(Fault::Code(read_only));
        assert!(recording.begin(scene.intent()).await.is_err());
        assert_eq!(scene.cause(), Some(OutageCause::ReadOnly));
    }
}

#[tokio::test]
async fn a_file_that_may_not_grow_is_a_full_store_by_the_engines_own_word() {
    let scene = scenes().await.remove(0);
    let recording = scene.recorder_of("this start");
    let limit = scene
        .world
        .core
        .store
        .write(Priority::Normal, (), |(), tx| {
            Box::pin(async move {
                // No fewer than there are.
                let pages = tx.raw("PRAGMA max_page_count = 1");
                pages.fetch_one::<i64>().await.map(drop)
            })
        });
    limit.await.unwrap();
    let mut recorded = 0;
    while recording.begin(scene.intent()).await.is_ok() {
        recorded += 1;
    }
    assert_eq!(scene.cause(), Some(OutageCause::Full));
    assert_eq!(scene.entries().await.len(), recorded, "nothing by halves");
    // The limit went with the connection.
    recording.begin_one().await;
    assert_eq!(scene.cause(), None);
    assert!(scene.is_sound().await);
}

#[tokio::test]
async fn one_bad_row_never_fails_its_batch_nor_takes_a_number() {
    for scene in scenes().await {
        let recording = scene.recorder_of("this start");
        recording.begin_one().await;
        let twice = scene.intent();
        recording.begin(twice.clone()).await.unwrap();
        let release = scene.hold_next_commit();
        let mut first = Box::pin(recording.begin(scene.intent()));
        assert!(futures::poll!(&mut first).is_pending());
        // These share a commit, because they wait for the previous one.
        let mut rest = Vec::new();
        for number in 0..20 {
            let mut intent = scene.intent();
            match number % 4 {
                // A request id that is there already, and a text that PostgreSQL does not take.
                1 => intent.request_id = twice.request_id,
                2 => intent.path = "/a\0b".into(),
                _ => {}
            }
            rest.push(Box::pin(recording.begin(intent)));
        }
        let waiting = async {
            tokio::task::yield_now().await;
            release.notify_one();
        };
        let (first, answers, ()) = tokio::join!(first, join_all(rest), waiting);
        first.unwrap();
        let bad = |number: usize| {
            number % 4 == 1 || (number % 4 == 2 && scene.world.engine == "postgres")
        };
        for (number, answer) in answers.iter().enumerate() {
            assert_eq!(
                answer.is_err(),
                bad(number),
                "{} {number}",
                scene.world.engine
            );
        }
        let seqs: Vec<_> = scene
            .entries()
            .await
            .iter()
            .map(|entry| entry.seq)
            .collect();
        let good = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(
            seqs,
            (1..=3 + good as u64).collect::<Vec<_>>(),
            "without gaps"
        );
        assert_eq!(scene.cause(), None, "a bad row is no outage");
        assert!(scene.is_sound().await);
    }
}

#[tokio::test]
async fn a_total_is_never_passed_however_many_ask_at_once_and_wherever() {
    for scene in scenes_with("requests_total = 5").await {
        let (here, there) = (scene.recorder_of("one node"), scene.recorder_of("another"));
        let asking = (0..20).map(|number| {
            let node = if number % 2 == 0 { &here } else { &there };
            node.begin(scene.intent())
        });
        let answers = join_all(asking).await;
        let passed = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(passed, 5, "{}", scene.world.engine);
        for refused in answers.into_iter().filter_map(Result::err) {
            assert_eq!(refused, RecordError::BudgetExhausted);
        }
        // After a restart as well. And an end is reported before a budget.
        let later = scene.recorder_of("later");
        let refused = later.begin(scene.intent()).await;
        assert_eq!(refused.unwrap_err(), RecordError::BudgetExhausted);
        scene.world.clock.advance(chrono::TimeDelta::minutes(15));
        let refused = later.begin(scene.intent()).await;
        assert_eq!(
            refused.unwrap_err(),
            RecordError::SessionEnded(Ended::Expired)
        );
    }
}

#[tokio::test]
async fn requests_that_turn_out_free_leave_the_total_to_others_and_nothing_below_none() {
    for scene in scenes_with("requests_total = 2").await {
        let recorder = scene.recorder_of("a node");
        let free = |free| Intent {
            free,
            ..scene.intent()
        };
        for intent in [free(0), free(1), free(0), free(9), free(0)] {
            recorder.begin(intent).await.unwrap();
        }
        for free in [free(0), free(0)] {
            let refused = recorder.begin(free).await.unwrap_err();
            assert_eq!(refused, RecordError::BudgetExhausted);
        }
        recorder.begin(free(1)).await.unwrap();
        assert!(scene.is_sound().await);
    }
}

#[tokio::test]
async fn a_record_that_is_only_written_is_recorded_as_one_that_is_flushed() {
    for scene in scenes().await {
        let written = scene.world.store.again_written().await;
        let core = crate::services::Core {
            store: written,
            ..scene.world.core.clone()
        };
        let by = WrittenBy {
            node: String::new(),
            boot: "written".into(),
        };
        let (recorder, _) = StoreRecorder::start(core.clone(), by);
        for _ in 0..3 {
            recorder.begin(scene.intent()).await.unwrap();
            let note = core.store.write(Priority::Normal, (), |(), _tx| {
                Box::pin(async { Ok::<(), StoreError>(()) })
            });
            note.await.unwrap();
        }
        assert_eq!(scene.entries().await.len(), 3, "{}", scene.world.engine);
        assert!(
            verify_store(&core.store, [], None)
                .await
                .unwrap()
                .is_sound()
        );
    }
}
