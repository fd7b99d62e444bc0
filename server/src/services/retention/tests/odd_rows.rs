//! A row that is not as it should be, or may not be deleted, keeps no other.

use super::*;

/// A request from an address that is later asked for, of a session that can be deleted then.
async fn old_request(world: &World) {
    let old = world.open(form()).await;
    let mut intent = world.intent(old.id, old.token_hash);
    intent.ip = "192.0.2.99".parse().unwrap();
    world.recorder("b").begin(intent).await.unwrap();
}

/// Another session of the same person, two years later, with a request from the usual address.
async fn young_request(world: &World) {
    world.clock.advance(TimeDelta::days(790));
    let holder = staff(1, &[Role::SupportAdmin], world.clock.now());
    let again = SupportSessionForm {
        idempotency_key: uuid::Uuid::from_u128(7).to_string(),
        ..form()
    };
    let service = world.support_sessions();
    let created = service.create(&holder, &tenant("acme"), again).await;
    let created = created.unwrap();
    let token = Token::parse(&created.token.unwrap()).unwrap();
    let intent = world.intent(created.session.id, *token.hash().as_bytes());
    world.recorder("b").begin(intent).await.unwrap();
}

/// Deeds that a row names and that are not there.
async fn lost_deeds(world: &World) -> i64 {
    let lost = world.write((), |(), tx| {
        let sql = "SELECT COUNT(*) FROM (SELECT deed FROM audit_log UNION SELECT deed FROM request_log) AS used \
            WHERE deed IS NOT NULL AND deed NOT IN (SELECT id FROM audit_deeds)";
        Box::pin(tx.raw(sql).fetch_one())
    });
    lost.await
}

#[tokio::test]
async fn one_entry_with_an_old_time_keeps_no_deed_of_others() {
    let folder = tempfile::tempdir().unwrap();
    for world in old_worlds(config(folder.path(), false)).await {
        old_request(&world).await;
        young_request(&world).await;
        // As a machine without a clock wrote it.
        let odd = match world.engine {
            "sqlite" => {
                "UPDATE request_log SET at = 0, request_id = x'00000000000070008000000000000001' \
                 WHERE session = (SELECT MAX(session) FROM request_log)"
            }
            _ => {
                "UPDATE request_log SET at = 0, request_id = '00000000-0000-7000-8000-000000000001' \
                 WHERE session = (SELECT MAX(session) FROM request_log)"
            }
        };
        assert_eq!(world.run(odd).await, 1);
        world.retention().prune_record(&cli()).await.unwrap();
        assert_eq!(world.count("old deeds").await, 0, "{}", world.engine);
        assert_eq!(world.count("access_log").await, 1, "{}", world.engine);
        assert_eq!(lost_deeds(&world).await, 0, "{}", world.engine);
        assert!(world.verified(vec![]).await.is_sound(), "{}", world.engine);
    }
}

#[tokio::test]
async fn a_legal_hold_and_one_old_event_keep_the_deeds_that_they_have_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    for world in old_worlds(config(folder.path(), false)).await {
        let engine = world.engine;
        world.record(Some("bolt"), 3).await;
        let mut odd = new_event(Some("bolt"), 9, at("1970-01-01T00:00:00Z"));
        odd.origin.ip = Some("192.0.2.98".into());
        append(&world.core.store, odd).await.unwrap();
        let (retention, bolt) = (world.retention(), tenant("bolt"));
        retention.hold(&cli(), &bolt, "a dispute").await.unwrap();
        old_request(&world).await;
        young_request(&world).await;
        retention.prune_record(&cli()).await.unwrap();
        assert_eq!(world.count("old deeds").await, 0, "{engine}");
        assert_eq!(world.count("held deeds").await, 1, "{engine}");
        assert_eq!(lost_deeds(&world).await, 0, "{engine}");
        assert!(world.verified(vec![]).await.is_sound(), "{engine}");

        retention.release(&cli(), &bolt, "settled").await.unwrap();
        retention.prune_record(&cli()).await.unwrap();
        assert_eq!(world.count("held deeds").await, 0, "{engine}");
        assert_eq!(lost_deeds(&world).await, 0, "{engine}");
        assert!(world.verified(vec![]).await.is_sound(), "{engine}");
    }
}

#[tokio::test]
async fn a_chain_that_was_tampered_with_keeps_no_deed_of_others() {
    let folder = tempfile::tempdir().unwrap();
    for world in old_worlds(config(folder.path(), false)).await {
        let engine = world.engine;
        world.record(Some("bolt"), 3).await;
        let attack = "UPDATE audit_log SET resource = hash WHERE place = \
            (SELECT number << 40 FROM audit_chains WHERE name = 'tenant:bolt') + 2";
        assert_eq!(world.run(attack).await, 1);
        old_request(&world).await;
        young_request(&world).await;
        let refused = world.retention().prune_record(&cli()).await;
        let is_unsound = matches!(refused, Err(RetentionError::Unsound(_)));
        assert!(is_unsound, "{engine}: {refused:?}");
        assert_eq!(world.count("old deeds").await, 0, "{engine}");
        assert_eq!(lost_deeds(&world).await, 0, "{engine}");
    }
}

#[tokio::test]
async fn a_support_session_that_cannot_be_read_keeps_no_other() {
    let folder = tempfile::tempdir().unwrap();
    for world in old_worlds(config(folder.path(), false)).await {
        let engine = world.engine;
        let ada = world.add_staff(staff_id(0xa1), "Ada").await;
        for number in [1, 2] {
            let id = uuid::Uuid::from_u128(number);
            world.add_session(id, "acme", &ada).await;
        }
        let odd = "UPDATE support_sessions SET scopes = '?', expires_at = 0, ends_at = 0 \
            WHERE id = '00000000-0000-0000-0000-000000000001'";
        assert_eq!(world.run(odd).await, 1);
        let other = "UPDATE support_sessions SET expires_at = 0, ends_at = 0 \
            WHERE id = '00000000-0000-0000-0000-000000000002'";
        assert_eq!(world.run(other).await, 1);
        world.record(Some("acme"), 3).await;
        world.clock.advance(TimeDelta::days(790));
        let refused = world.retention().prune_record(&cli()).await;
        assert!(refused.is_err(), "{engine}: the odd one is named");
        assert_eq!(world.count("support_sessions").await, 1, "{engine}");
        let actions = world.actions("tenant:acme").await;
        let pruned = actions.iter().filter(|action| *action == "audit.pruned");
        assert_eq!(pruned.count(), 1, "{engine}: nor does it keep events");
    }
}

#[tokio::test]
async fn changes_with_a_time_that_has_not_come_keep_no_other() {
    for world in worlds().await {
        let engine = world.engine;
        world.run("DELETE FROM changes").await;
        for (count, at) in [(700_i64, i64::MAX / 2), (300, 0), (1, i64::MAX / 2)] {
            world
                .write((count, at), |(count, at), tx| {
                    let sql = "INSERT INTO changes (kind, subject, at) \
                        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
                        SELECT 'tenant', 'acme', CAST($2 AS BIGINT) FROM n";
                    Box::pin(tx.raw(sql).bind(*count).bind(*at).execute())
                })
                .await;
        }
        world.retention().prune().await.unwrap();
        assert_eq!(world.count("changes").await, 1, "{engine}: the newest");
    }
}
