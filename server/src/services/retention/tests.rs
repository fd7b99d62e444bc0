mod odd_rows;

use std::path::Path;

use app::{
    domain::{
        AuditEventId, api_keys::ApiRight, problem::ProblemCode, staff::Role,
        support_sessions::SupportSessionForm,
    },
    ports::{CreateSupportSessions as _, RevokeSupportSessions as _},
};

use audit::verify::{Extent, KeptHead, Report, verify_lines};
use gateway::{clock::Clock as _, ports::Recorder as _, token::Token};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::{audit::NewAuditEvent, audit::verify_store, testing::append, testing::new_event};

use super::*;
use crate::{
    config::{Config, RetentionConfig},
    keys::checkpoint_public_key,
    services::testing::*,
};

/// Two years, and keys in a folder of the test.
fn config(folder: &Path, archive_first: bool) -> Config {
    Config {
        data_dir: folder.to_owned(),
        retention: RetentionConfig {
            audit_days: 730,
            access_log_days: 730,
            archive_first,
        },
        ..Config::default()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Worlds of ten years ago, because PostgreSQL has its own clock, by which nothing in the future is
/// old.
async fn old_worlds(config: Config) -> Vec<World> {
    let worlds = worlds_with(config).await;
    for world in &worlds {
        world.clock.set(at("2016-11-22T12:00:00Z"));
    }
    worlds
}

impl World {
    fn retention(&self) -> Retention {
        Retention::new(self.core.clone())
    }

    /// Appends `count` events of a tenant at the clock's time.
    async fn record(&self, tenant: Option<&str>, count: u64) {
        for number in 0..count {
            let event = NewAuditEvent {
                id: AuditEventId::from_uuid(self.core.new_uuid()),
                ..new_event(tenant, number, self.clock.now())
            };
            append(&self.core.store, event).await.unwrap();
        }
    }

    async fn verified(&self, kept: Vec<KeptHead>) -> Report {
        let key = checkpoint_public_key(&self.core.config.data_dir).unwrap();
        let report = verify_store(&self.core.store, kept, key.as_ref()).await;
        report.unwrap()
    }

    async fn count(&self, table: &'static str) -> i64 {
        self.write(table, |table, tx| {
            let sql = match *table {
                "access_log" => "SELECT COUNT(*) FROM access_log",
                "support_sessions" => "SELECT COUNT(*) FROM support_sessions",
                "audit_events" => "SELECT COUNT(*) FROM audit_events",
                "old deeds" => "SELECT COUNT(*) FROM audit_deeds WHERE ip = '192.0.2.99'",
                "held deeds" => "SELECT COUNT(*) FROM audit_deeds WHERE ip = '192.0.2.98'",
                "user_sessions" => "SELECT COUNT(*) FROM user_sessions",
                "rule_sets" => "SELECT COUNT(*) FROM rule_sets",
                "pages_without_banner" => "SELECT COUNT(*) FROM pages_without_banner",
                "changes" => "SELECT COUNT(*) FROM changes",
                other => panic!("no question about {other}"),
            };
            Box::pin(tx.raw(sql).fetch_one())
        })
        .await
    }
}

#[test]
fn what_is_deleted_ends_with_a_month() {
    let now = at("2026-11-22T12:00:00Z");
    assert_eq!(cutoff(now, 0), None);
    assert_eq!(cutoff(now, 30), Some(at("2026-10-01T00:00:00Z")));
    assert_eq!(cutoff(now, 22), Some(at("2026-10-01T00:00:00Z")));
    assert_eq!(cutoff(now, 21), Some(at("2026-11-01T00:00:00Z")));
    assert_eq!(cutoff(now, u32::MAX), None);
}

#[tokio::test]
async fn old_events_are_deleted_and_what_is_left_proves_itself() {
    let folder = tempfile::tempdir().unwrap();
    for world in old_worlds(config(folder.path(), false)).await {
        let engine = world.engine;
        world.record(Some("acme"), 1_203).await;
        world.record(None, 2).await;
        world.clock.advance(TimeDelta::days(700));
        world.record(Some("acme"), 3).await;
        let unchanged = world.retention().prune_record(&cli()).await.unwrap();
        assert_eq!(
            unchanged,
            PrunedRecord::default(),
            "{engine}: not old enough"
        );

        world.clock.advance(TimeDelta::days(60));
        let pruned = world.retention().prune_record(&cli()).await.unwrap();
        assert_eq!(pruned.audit_events, 1_205, "{engine}");
        let report = world.verified(vec![]).await;
        assert!(report.is_sound(), "{engine}: {report}");
        let acme = &report.chains["tenant:acme"];
        assert_eq!(
            (acme.first, acme.checkpoint),
            (1_204, Some(1_203)),
            "{engine}"
        );
        assert_eq!(acme.events, 4, "{engine}: three, and that of the deletion");
        assert_eq!(report.chains["system"].first, 3, "{engine}");
        let actions = world.actions("tenant:acme").await;
        assert_eq!(
            actions.last().map(String::as_str),
            Some("audit.pruned"),
            "{engine}"
        );

        let again = world.retention().prune_record(&cli()).await.unwrap();
        assert_eq!(again, PrunedRecord::default(), "{engine}");
    }
}

#[tokio::test]
async fn events_cut_off_without_the_key_are_missed() {
    const ATTACKS: [(&str, &str); 7] = [
        ("DELETE FROM audit_beginnings", "prev"),
        (
            "UPDATE audit_beginnings SET hash = (SELECT hash FROM audit_log ORDER BY place DESC LIMIT 1)",
            "hash",
        ),
        ("DELETE FROM audit_checkpoints", "gap"),
        (
            "DELETE FROM audit_log WHERE place = (SELECT number << 40 FROM audit_chains WHERE name = 'tenant:acme') + 4",
            "gap",
        ),
        ("UPDATE audit_checkpoints SET seq = seq + 1", "checkpoint"),
        ("UPDATE audit_checkpoints SET signature = ''", "checkpoint"),
        (
            "UPDATE audit_checkpoints SET chain = 'tenant:bolt' WHERE chain = 'tenant:acme'",
            "gap",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (attack, code) in ATTACKS {
        for world in old_worlds(config(folder.path(), false)).await {
            world.record(Some("acme"), 3).await;
            world.clock.advance(TimeDelta::days(790));
            world.record(Some("acme"), 3).await;
            world.retention().prune_record(&cli()).await.unwrap();
            assert!(world.verified(vec![]).await.is_sound());
            assert!(world.run(attack).await > 0, "{attack}");
            let report = world.verified(vec![]).await;
            let found = report.first_fault().map(|fault| fault.wrong.code());
            assert_eq!(found, Some(code), "{}: {attack}\n{report}", world.engine);
        }
    }
}

#[tokio::test]
async fn nothing_of_a_chain_that_was_tampered_with_is_deleted_or_archived() {
    // Each would have young events deleted, or changed ones replaced by a checkpoint.
    const ATTACKS: [&str; 4] = [
        "UPDATE audit_log SET recorded_at = 0 WHERE place > (SELECT number << 40 FROM audit_chains WHERE name = 'tenant:acme') + 3 AND place < (SELECT number << 40 FROM audit_chains WHERE name = 'tenant:acme') + 99",
        "UPDATE audit_log SET resource = hash WHERE place = (SELECT number << 40 FROM audit_chains WHERE name = 'tenant:acme') + 2",
        "DELETE FROM audit_log WHERE place = (SELECT number << 40 FROM audit_chains WHERE name = 'tenant:acme') + 1",
        "UPDATE audit_log SET hash = resource WHERE place = (SELECT number << 40 FROM audit_chains WHERE name = 'tenant:acme') + 3",
    ];
    let folder = tempfile::tempdir().unwrap();
    for attack in ATTACKS {
        for world in old_worlds(config(folder.path(), false)).await {
            world.record(Some("acme"), 3).await;
            world.record(Some("bolt"), 2).await;
            world.clock.advance(TimeDelta::days(790));
            world.record(Some("acme"), 3).await;
            assert!(world.run(attack).await > 0, "{attack}");
            let found = world.verified(vec![]).await.first_fault().cloned();
            let left = world.count("audit_events").await;

            let refused = world.retention().prune_record(&cli()).await;
            assert!(
                matches!(refused, Err(RetentionError::Unsound(_))),
                "{attack}: {refused:?}"
            );
            // Only the other tenant's chain got shorter, by two, and has a new event.
            assert_eq!(world.count("audit_events").await, left - 1, "{attack}");
            assert_eq!(
                world.verified(vec![]).await.first_fault().cloned(),
                found,
                "{attack}"
            );
            let archives = tempfile::tempdir().unwrap();
            let refused = world
                .retention()
                .archive(&cli(), archives.path(), None)
                .await;
            assert!(
                matches!(refused, Err(RetentionError::Unsound(_))),
                "{attack}: {refused:?}"
            );
            assert_eq!(std::fs::read_dir(archives.path()).unwrap().count(), 0);
        }
    }
}

#[tokio::test]
async fn events_stay_behind_the_first_that_is_young() {
    let folder = tempfile::tempdir().unwrap();
    for world in old_worlds(config(folder.path(), false)).await {
        world.record(Some("acme"), 2).await;
        world.clock.advance(TimeDelta::days(790));
        world.record(Some("acme"), 1).await;
        // As a machine without a clock wrote it before the store kept instants in order.
        let mut old = new_event(Some("acme"), 9, at("1970-01-01T00:00:00Z"));
        old.id = AuditEventId::from_uuid(world.core.new_uuid());
        append(&world.core.store, old).await.unwrap();
        let pruned = world.retention().prune_record(&cli()).await.unwrap();
        assert_eq!(pruned.audit_events, 2, "{}", world.engine);
        assert!(world.verified(vec![]).await.is_sound(), "{}", world.engine);
    }
}

#[tokio::test]
async fn an_old_support_session_goes_with_its_access_log_and_leaves_an_event() {
    let folder = tempfile::tempdir().unwrap();
    for world in old_worlds(config(folder.path(), false)).await {
        let engine = world.engine;
        let old = world.open(form()).await;
        for _ in 0..3 {
            let intent = world.intent(old.id, old.token_hash);
            world.recorder("b").begin(intent).await.unwrap();
        }
        world
            .run("INSERT INTO pages_without_banner (session, seq) SELECT session, seq FROM request_log")
            .await;
        let service = world.support_sessions();
        let (ana, acme) = (support_admin(1), tenant("acme"));
        service.revoke(&ana, old.id, "done".into()).await.unwrap();
        world
            .run("INSERT INTO rule_sets (hash, source, first_used_at) VALUES ('a', '{}', 0)")
            .await;
        world.clock.advance(TimeDelta::days(790));
        let holder = staff(1, &[Role::SupportAdmin], world.clock.now());
        service.create(&holder, &acme, form()).await.unwrap();

        let pruned = world.retention().prune_record(&cli()).await.unwrap();
        assert_eq!(
            (pruned.support_sessions, pruned.requests, pruned.rule_sets),
            (1, 3, 1),
            "{engine}"
        );
        assert_eq!(world.count("support_sessions").await, 1, "{engine}");
        assert_eq!(world.count("access_log").await, 0, "{engine}");
        assert_eq!(world.count("pages_without_banner").await, 0, "{engine}");
        let actions = world.actions("tenant:acme").await;
        assert!(
            actions.contains(&"support_session.deleted".to_owned()),
            "{engine}: {actions:?}"
        );
        assert!(world.verified(vec![]).await.is_sound(), "{engine}");
    }
}

#[tokio::test]
async fn nothing_of_a_tenant_under_legal_hold_is_deleted_until_it_is_released() {
    let folder = tempfile::tempdir().unwrap();
    for world in old_worlds(config(folder.path(), false)).await {
        let engine = world.engine;
        let old = world.open(form()).await;
        let intent = world.intent(old.id, old.token_hash);
        world.recorder("b").begin(intent).await.unwrap();
        world.record(Some("bolt"), 3).await;
        let retention = world.retention();
        let acme = tenant("acme");
        retention.hold(&cli(), &acme, " a dispute ").await.unwrap();
        assert_eq!(
            code_of(retention.hold(&cli(), &acme, "again").await),
            ProblemCode::Conflict
        );
        world.clock.advance(TimeDelta::days(790));
        let pruned = retention.prune_record(&cli()).await.unwrap();
        assert_eq!(
            (
                pruned.support_sessions,
                pruned.requests,
                pruned.audit_events
            ),
            (0, 0, 3),
            "{engine}: only of the other tenant"
        );
        let holds = retention.holds(&cli()).await.unwrap();
        assert_eq!(
            (holds.len(), holds[0].reason.as_str()),
            (1, "a dispute"),
            "{engine}"
        );

        retention.release(&cli(), &acme, "settled").await.unwrap();
        assert_eq!(
            code_of(retention.release(&cli(), &acme, "again").await),
            ProblemCode::Conflict
        );
        let pruned = retention.prune_record(&cli()).await.unwrap();
        assert_eq!(
            (pruned.support_sessions, pruned.requests),
            (1, 1),
            "{engine}"
        );
        assert!(pruned.audit_events > 0, "{engine}");
        assert!(world.verified(vec![]).await.is_sound(), "{engine}");
    }
}

#[tokio::test]
async fn with_archive_first_only_what_is_in_an_archive_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    for world in old_worlds(config(folder.path(), true)).await {
        let engine = world.engine;
        let archives = tempfile::tempdir().unwrap();
        world.record(Some("acme"), 1_203).await;
        world.record(Some("bolt"), 2).await;
        let old: Vec<_> = world.verified(vec![]).await.heads().collect();
        world.clock.advance(TimeDelta::days(790));
        world.record(Some("acme"), 1).await;
        let retention = world.retention();
        let kept = retention.prune_record(&cli()).await.unwrap();
        assert_eq!(kept.audit_events, 0, "{engine}");

        let archive = async |before| retention.archive(&cli(), archives.path(), before).await;
        let too_new = archive(Some(world.clock.now())).await;
        assert!(
            matches!(too_new, Err(RetentionError::Unusable(_))),
            "{engine}"
        );
        let archived = archive(None).await.unwrap();
        assert_eq!(
            (archived.events, &archived.heads),
            (1_205, &old),
            "{engine}"
        );
        let file = std::fs::read(&archived.path).unwrap();
        let report = verify_lines(file.as_slice(), Extent::All, old.clone()).unwrap();
        assert!(report.is_sound(), "{engine}: {report}");
        let again = archive(None).await;
        assert!(
            matches!(again, Err(RetentionError::Archive { .. })),
            "{engine}: {again:?}"
        );
        assert_eq!(
            std::fs::read(&archived.path).unwrap(),
            file,
            "{engine}: as it was"
        );
        assert_eq!(
            std::fs::read_dir(archives.path()).unwrap().count(),
            1,
            "{engine}"
        );

        let pruned = retention.prune_record(&cli()).await.unwrap();
        assert_eq!(pruned.audit_events, 1_205, "{engine}");
        assert!(world.verified(old).await.is_sound(), "{engine}");
    }
}

#[tokio::test]
async fn a_chain_that_does_not_verify_keeps_no_other_from_the_archive() {
    // Changed behind the first page that is read, unreadable, and with its beginning cut off.
    const ATTACKS: [&str; 3] = [
        "UPDATE audit_log SET resource = hash WHERE place = (SELECT number << 40 FROM audit_chains WHERE name = 'tenant:acme') + 1100",
        "UPDATE audit_log SET recorded_at = 9223372036854775807 WHERE place = (SELECT number << 40 FROM audit_chains WHERE name = 'tenant:acme') + 1",
        "DELETE FROM audit_log WHERE place = (SELECT number << 40 FROM audit_chains WHERE name = 'tenant:acme') + 1",
    ];
    let folder = tempfile::tempdir().unwrap();
    for attack in ATTACKS {
        for world in old_worlds(config(folder.path(), true)).await {
            let about = format!("{} {attack}", world.engine);
            let archives = tempfile::tempdir().unwrap();
            world.record(Some("aaa"), 2).await;
            world.record(Some("acme"), 1_203).await;
            world.record(Some("bolt"), 3).await;
            let heads = world.verified(vec![]).await;
            let sound = heads.heads().filter(|head| head.chain != "tenant:acme");
            let old: Vec<_> = sound.collect();
            world.clock.advance(TimeDelta::days(790));
            assert_eq!(world.run(attack).await, 1, "{about}");

            let retention = world.retention();
            let archived = retention.archive(&cli(), archives.path(), None).await;
            let archived = archived.unwrap_or_else(|error| panic!("{about}: {error}"));
            assert_eq!((archived.events, &archived.heads), (5, &old), "{about}");
            let [Unsound { chain, .. }] = &archived.unsound[..] else {
                panic!("{about}: {:?}", archived.unsound)
            };
            assert_eq!(chain, "tenant:acme", "{about}");
            let file = std::fs::read(&archived.path).unwrap();
            assert_eq!(
                archived.sha256,
                hex::encode(Sha256::digest(&file)),
                "{about}"
            );
            let report = verify_lines(file.as_slice(), Extent::All, old).unwrap();
            assert!(report.is_sound() && report.events == 5, "{about}: {report}");
            let mut reader = world.core.store.read().await.unwrap();
            let events = reader.db().list_audit_chain("system", 0).await.unwrap();
            drop(reader);
            let noted = events.iter().find(|event| event.action == "audit.archived");
            assert_eq!(
                noted.unwrap().metadata["unsound"],
                json!(["tenant:acme"]),
                "{about}"
            );

            let left = world.count("audit_events").await;
            // It names what it can't delete, and deletes the rest.
            let _ = retention.prune_record(&cli()).await;
            let pruned = ["tenant:aaa", "tenant:bolt"];
            for chain in pruned {
                assert_eq!(world.actions(chain).await, ["audit.pruned"], "{about}");
            }
            assert_eq!(world.count("audit_events").await, left - 5 + 2, "{about}");
        }
    }
}

#[tokio::test]
async fn from_where_something_was_done_is_deleted_with_the_last_record_of_it() {
    let folder = tempfile::tempdir().unwrap();
    for (access_log_days, left) in [(730, 0), (0, 1)] {
        let mut config = config(folder.path(), false);
        config.retention.access_log_days = access_log_days;
        for world in old_worlds(config).await {
            let engine = world.engine;
            let old = world.open(form()).await;
            let mut intent = world.intent(old.id, old.token_hash);
            intent.ip = "192.0.2.99".parse().unwrap();
            world.recorder("b").begin(intent).await.unwrap();
            assert_eq!(world.count("old deeds").await, 1, "{engine}");
            world.clock.advance(TimeDelta::days(790));
            world.record(Some("acme"), 1).await;
            world.retention().prune_record(&cli()).await.unwrap();
            assert_eq!(world.count("old deeds").await, left, "{engine}");
            assert_eq!(world.count("access_log").await, left, "{engine}");
            assert!(world.verified(vec![]).await.is_sound(), "{engine}");
        }
    }
}

#[tokio::test]
async fn what_nobody_needs_any_more_is_deleted_however_much_there_is() {
    for world in worlds().await {
        let engine = world.engine;
        world
            .run(
                "INSERT INTO user_sessions (tenant_id, id, user_id, issued_at, expires_at) \
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1203) \
                 SELECT 'acme', 's' || i, 'u', 0, 1 FROM n",
            )
            .await;
        world
            .run(
                "INSERT INTO user_sessions (tenant_id, id, user_id, issued_at, expires_at) \
                 VALUES ('acme', 'young', 'u', 0, 9000000000000000)",
            )
            .await;
        for name in ["Acme", "Acme Ltd"] {
            world.register("acme", name).await;
        }
        world.retention().prune().await.unwrap();
        assert_eq!(world.count("user_sessions").await, 1, "{engine}");
        assert!(world.count("changes").await > 0, "{engine}");
        world.clock.advance(TimeDelta::hours(2));
        world.retention().prune().await.unwrap();
        assert_eq!(world.count("changes").await, 1, "{engine}: the newest");
    }
}

#[tokio::test]
async fn nobody_but_the_operator_archives_deletes_or_holds() {
    let folder = tempfile::tempdir().unwrap();
    for world in old_worlds(config(folder.path(), false)).await {
        let retention = world.retention();
        for (caller, code) in [
            (anonymous(), ProblemCode::Unauthenticated),
            (support_admin(1), ProblemCode::Forbidden),
            (super_admin(1), ProblemCode::Forbidden),
            (platform_key(), ProblemCode::Forbidden),
            (key(Some("acme")), ProblemCode::Forbidden),
            (
                key_with(Some("bolt"), &[ApiRight::Read]),
                ProblemCode::Forbidden,
            ),
        ] {
            let acme = tenant("acme");
            let answers = [
                retention.hold(&caller, &acme, "x").await.map(drop),
                retention.release(&caller, &acme, "x").await.map(drop),
                retention.holds(&caller).await.map(drop),
            ];
            for answer in answers {
                assert_eq!(code_of(answer), code, "{:?}", caller.caller);
            }
            let before = Some(at("2020-01-01T00:00:00Z"));
            let refused = [
                retention.prune_record(&caller).await.map(drop),
                retention
                    .archive(&caller, folder.path(), before)
                    .await
                    .map(drop),
            ];
            for refused in refused {
                let Err(RetentionError::Service(error)) = refused else {
                    panic!("{refused:?}");
                };
                assert_eq!(code_of::<()>(Err(error)), code, "{:?}", caller.caller);
            }
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_clock_that_is_ahead_of_that_of_the_store_or_of_another_node_deletes_nothing() {
    const NODE: &str = "INSERT INTO nodes (boot, node, started_at, lease_until, confirmed_at) \
        VALUES ('b', 'b', 0, 9000000000000000, 1479816000000000)";
    let folder = tempfile::tempdir().unwrap();
    for world in old_worlds(config(folder.path(), false)).await {
        world.record(Some("acme"), 3).await;
        // It has confirmed the instant at which the events were recorded.
        world.run(NODE).await;
        world.clock.advance(TimeDelta::days(790));
        let kept = world.retention().prune_record(&cli()).await.unwrap();
        assert_eq!(kept, PrunedRecord::default(), "{}", world.engine);
        world.run("DELETE FROM nodes").await;
        let pruned = world.retention().prune_record(&cli()).await.unwrap();
        assert_eq!(pruned.audit_events, 3, "{}", world.engine);
    }
    for world in worlds_with(config(folder.path(), false)).await {
        world.record(Some("acme"), 3).await;
        world.clock.advance(TimeDelta::days(3_650));
        let pruned = world.retention().prune_record(&cli()).await.unwrap();
        // SQLite has no clock, and no other node.
        let expected = if world.engine == "sqlite" { 3 } else { 0 };
        assert_eq!(pruned.audit_events, expected, "{}", world.engine);
    }
}
