//! A store that an older program has filled says the same after its migration, and verifies.

use app::domain::{
    AuditEventId, RequestId,
    audit::{AuditEvent, AuditFilter},
    record::RecordLevel,
};
use audit::{chain, checkpoint::Checkpoint, testing::chain_of, verify::KeptHead};
use ed25519_dalek::SigningKey;
use secrecy::SecretString;
use serde_json::json;

use super::noon;
use crate::{
    Db, Store, StoreError, StoreOptions,
    audit::{AuditReach, verify_store},
    listing::PageAt,
    migrate,
    pools::Pools,
    searchable,
    testing::{append, new_event, postgres},
};

/// The last version before the record takes less room.
const BEFORE: i64 = 18;
const SESSION: &str = "01937e2c-7b6a-7cc0-8000-0000000000bb";
const REQUEST: &str = "01937e2c-7b6a-7cc0-8000-0000000000cc";
const ADD_EVENT: &str = "INSERT INTO audit_events (v, chain, seq, prev, id, tenant_id, category, action, actor_type, actor_id, \
    actor_name, actor_search, resource_type, resource_id, outcome, occurred_at, recorded_at, request_id, ip, user_agent, \
    metadata, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)";
const ADD_OTHERS: [&str; 7] = [
    "INSERT INTO tenants (id, slug, name, status, created_at, sort_name, search, health_since, health_at) \
        VALUES ('acme', 'acme', 'Acme', 'active', 0, 'acme', 'acme', 0, 0)",
    "INSERT INTO staff (id, email, name, roles, password_hash, must_change_password, created_at) \
        VALUES ('01937e2c-7b6a-7cc0-8000-0000000000aa', 'a@b.c', 'Ana', '', 'x', 0, 0)",
    "INSERT INTO support_sessions (id, tenant_id, tenant_name, staff_id, staff_name, scopes, reason, ip, user_agent, token_hash, \
        idempotency_key, issued_at, expires_at, ends_at) VALUES ('01937e2c-7b6a-7cc0-8000-0000000000bb', 'acme', 'Acme', \
        '01937e2c-7b6a-7cc0-8000-0000000000aa', 'Ana', 'read_only', 'why', '192.0.2.7', 'ua', '1', '', 0, 1, 1)",
    "INSERT INTO access_log (support_session_id, seq, request_id, method, path, query, status, outcome, ip, user_agent, at, \
        duration_ms, request_bytes, response_bytes, boot, node, scope) VALUES ('01937e2c-7b6a-7cc0-8000-0000000000bb', 1, \
        '01937e2c-7b6a-7cc0-8000-0000000000cc', 'GET', '/a', NULL, 200, 'done', '192.0.2.7', 'curl', 5, 3, 0, 9, 'b', 'n', 'read_only')",
    "INSERT INTO access_log (support_session_id, seq, request_id, method, path, outcome, ip, user_agent, at, boot) \
        VALUES ('01937e2c-7b6a-7cc0-8000-0000000000bb', 2, '01937e2c-7b6a-7cc0-8000-0000000000cd', 'GET', '/b', 'open', \
        '192.0.2.7', 'curl', 6, 'b')",
    "INSERT INTO reported_requests (request_id, batch, at) VALUES ('01937e2c-7b6a-7cc0-8000-0000000000cc', 'b', 5)",
    "INSERT INTO audit_heads (chain, seq, hash, recorded_at, ordered_after) \
        SELECT chain, seq, hash, recorded_at, 0 FROM audit_events e WHERE seq = \
        (SELECT MAX(seq) FROM audit_events l WHERE l.chain = e.chain)",
];

/// Events of every form that there was.
fn events() -> Vec<AuditEvent> {
    let mut events = numbered(chain_of(Some("acme"), 6), 0xabc0);
    for (event, action) in events.iter_mut().zip([
        "support_session.created",
        "support_session.request",
        "support_session.response",
        "support_session.request",
        "of.a.later.version",
        "support_session.request_refused",
    ]) {
        event.action = action.to_owned();
        event.recorded_at = noon() + chrono::TimeDelta::seconds(i64::try_from(event.seq).unwrap());
    }
    events[1].metadata =
        json!({"method": "GET", "path": "/ñ", "query": null, "scope": "read_only", "seq": 1});
    events[2].metadata = json!({"outcome": "unknown"});
    // As the first release wrote it.
    events[3].metadata = json!({"method": "GET", "path": "/", "query": "a=b", "seq": 2});
    events[3].user_agent = Some(String::new());
    events[4].resource_id = "sixteen letters!".into();
    events[4].request_id = Some("not ours".into());
    events[5].resource_id = SESSION.to_uppercase();
    events[5].request_id = None;
    linked(events)
}

/// With their own identifiers.
fn numbered(mut events: Vec<AuditEvent>, first: u128) -> Vec<AuditEvent> {
    for (event, number) in events.iter_mut().zip(first..) {
        event.id = AuditEventId::from_uuid(uuid::Uuid::from_u128(number));
    }
    events
}

fn linked(mut events: Vec<AuditEvent>) -> Vec<AuditEvent> {
    let mut prev = chain::GENESIS.to_owned();
    for event in &mut events {
        event.prev.clone_from(&prev);
        event.hash = chain::hash(event).unwrap();
        prev.clone_from(&event.hash);
    }
    events
}

/// A chain whose first two events are deleted, and the checkpoint of that.
fn pruned(key: &SigningKey) -> (Vec<AuditEvent>, Checkpoint) {
    let mut events = linked(numbered(chain_of(Some("bolt"), 5), 0xbcd0));
    let rest = events.split_off(2);
    let last = events.pop().unwrap();
    let head = KeptHead {
        chain: last.chain,
        seq: last.seq,
        hash: last.hash,
    };
    (rest, Checkpoint::sign(head, noon(), key).unwrap())
}

async fn add(db: &mut Db<'_>, event: &AuditEvent) -> Result<(), StoreError> {
    let query = db.query(ADD_EVENT).bind(event.v).bind(&event.chain);
    let query = query.bind(event.seq).bind(&event.prev).bind(event.id);
    let query = query.bind(event.tenant_id.clone()).bind(event.category);
    let query = query.bind(&event.action).bind(event.actor.kind);
    let query = query.bind(&event.actor.id).bind(&event.actor.name);
    let query = query.bind(searchable(&event.actor.name));
    let query = query.bind(&event.resource_type).bind(&event.resource_id);
    let query = query.bind(event.outcome).bind(event.occurred_at);
    let query = query.bind(event.recorded_at).bind(event.request_id.clone());
    let query = query.bind(event.ip.clone()).bind(event.user_agent.clone());
    query.bind(&event.metadata).bind(&event.hash).done().await
}

/// Empty databases with the schema of before, and how to open them.
async fn old() -> Vec<(&'static str, Pools, StoreOptions, Option<tempfile::TempDir>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let (sqlite, _) = Pools::open_sqlite(&path, false, RecordLevel::Flushed)
        .await
        .unwrap();
    let test = postgres().await;
    let mut options = test.options.clone();
    options.serves = false;
    let emptied = test.store.arrange((), |(), tx| {
        Box::pin(async move {
            tx.query("DROP SCHEMA public CASCADE").done().await?;
            tx.query("CREATE SCHEMA public").done().await
        })
    });
    let emptied: Result<(), StoreError> = emptied.await;
    emptied.unwrap();
    let url = secrecy::ExposeSecret::expose_secret(&options.url).to_owned();
    let postgres = Pools::open_postgres(&url).await.unwrap();
    let of_sqlite = StoreOptions {
        url: SecretString::from(format!("sqlite:{}", path.display())),
        ..options.clone()
    };
    let all = vec![
        ("sqlite", sqlite, of_sqlite, Some(folder)),
        ("postgres", postgres, options, None),
    ];
    for (_, pools, ..) in &all {
        migrate::run_up_to(pools, BEFORE).await.unwrap();
    }
    all
}

/// Fills a store as the older program did, and opens it.
async fn migrated(
    pools: Pools,
    options: &StoreOptions,
    events: &[AuditEvent],
    checkpoint: &Checkpoint,
    attack: Option<&'static str>,
) -> Store {
    fill(&pools, events, checkpoint, attack).await;
    drop(pools);
    Store::open(options).await.unwrap()
}

async fn fill(
    pools: &Pools,
    events: &[AuditEvent],
    checkpoint: &Checkpoint,
    attack: Option<&'static str>,
) {
    let mut transaction = pools.begin_batch(None).await.unwrap();
    let mut db = transaction.db();
    for event in events {
        add(&mut db, event).await.unwrap();
    }
    for sql in ADD_OTHERS {
        // A token's hash, in the form of either engine.
        let sql = match db.is_postgres() {
            true => sql.to_owned(),
            false => sql.replace("'1', '', 0, 1, 1", "x'31', '', 0, 1, 1"),
        };
        db.assembled(sql).done().await.unwrap();
    }
    let sql = "INSERT INTO audit_checkpoints (chain, v, seq, hash, signed_at, key, signature) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let add = db.query(sql).bind(&checkpoint.chain).bind(checkpoint.v);
    let add = add.bind(checkpoint.seq).bind(&checkpoint.hash);
    let add = add.bind(checkpoint.signed_at).bind(&checkpoint.key);
    add.bind(&checkpoint.signature).done().await.unwrap();
    if let Some(sql) = attack {
        let changed = db.query(sql).execute().await.unwrap();
        assert!(changed > 0, "{sql}");
    }
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn what_another_node_records_while_the_schema_changes_is_kept() {
    const WAITING: &str =
        "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'audit_heads'::regclass";
    let (_, pools, options, _) = old().await.remove(1);
    let (_, checkpoint) = pruned(&SigningKey::from_bytes(&[7; 32]));
    fill(&pools, &events(), &checkpoint, None).await;
    let late = &chain_of(None, 1)[0];
    let mut transaction = pools.begin_batch(None).await.unwrap();
    let mut db = transaction.db();
    add(&mut db, late).await.unwrap();
    db.query("INSERT INTO audit_heads (chain, seq, hash, recorded_at) VALUES ($1, 1, $2, $3)")
        .bind(&late.chain)
        .bind(&late.hash)
        .bind(late.recorded_at)
        .done()
        .await
        .unwrap();
    let opening = tokio::spawn(async move { Store::open(&options).await });
    loop {
        let waiting: i64 = db.query(WAITING).fetch_one().await.unwrap();
        if waiting > 0 {
            break;
        }
        tokio::task::yield_now().await;
    }
    transaction.commit().await.unwrap();
    let store = opening.await.unwrap().unwrap();
    let mut reader = store.read().await.unwrap();
    let found = reader.db().list_audit_chain("system", 0).await.unwrap();
    assert_eq!(found, std::slice::from_ref(late));
}

#[tokio::test]
async fn a_record_of_before_says_the_same_and_verifies() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let (acme, system) = (events(), chain_of(None, 3));
    let (bolt, checkpoint) = pruned(&key);
    let all = [acme.clone(), bolt.clone(), system.clone()].concat();
    for (engine, pools, options, _folder) in old().await {
        let store = migrated(pools, &options, &all, &checkpoint, None).await;
        let report = verify_store(&store, [], Some(&key.verifying_key())).await;
        let report = report.unwrap();
        assert!(report.is_sound(), "{engine}: {report}");
        assert_eq!(report.events, 12, "{engine}");

        let mut reader = store.read().await.unwrap();
        let mut db = reader.db();
        for (name, expected) in [
            ("tenant:acme", &acme),
            ("tenant:bolt", &bolt),
            ("system", &system),
        ] {
            let found = db.list_audit_chain(name, 0).await.unwrap();
            assert_eq!(found, *expected, "{engine}");
        }
        let found = db.lookup_audit_event(acme[2].id).await.unwrap();
        assert!(found.is_some_and(|found| found.seq == 3), "{engine}");
        let filter = AuditFilter {
            action: Some("support_session.request*".into()),
            ..AuditFilter::default()
        };
        let found = db.list_audit_events(&AuditReach::All, &filter, PageAt::first(10));
        assert_eq!(found.await.unwrap().items.len(), 3, "{engine}");
        let request: RequestId = REQUEST.parse().unwrap();
        let entry = db.lookup_access_log_entry(request).await.unwrap().unwrap();
        assert_eq!(entry.support_session_id.to_string(), SESSION, "{engine}");
        assert_eq!(
            (entry.ip.as_str(), entry.user_agent.as_str()),
            ("192.0.2.7", "curl")
        );
        let open = "SELECT boot FROM access_log WHERE outcome = 'open'";
        let boot: Vec<String> = db.query(open).fetch_all().await.unwrap();
        assert_eq!(boot, ["b"], "{engine}");
        // What people see.
        let shown = "SELECT hash FROM audit_events WHERE chain = 'tenant:acme' ORDER BY seq";
        let hashes: Vec<String> = db.query(shown).fetch_all().await.unwrap();
        let expected: Vec<_> = acme.iter().map(|event| event.hash.clone()).collect();
        assert_eq!(hashes, expected, "{engine}");
        drop(reader);

        append(&store, new_event(Some("acme"), 77, noon()))
            .await
            .unwrap();
        let report = verify_store(&store, [], Some(&key.verifying_key())).await;
        let report = report.unwrap();
        assert!(
            report.is_sound() && report.chains["tenant:acme"].last == 7,
            "{engine}"
        );
    }
}

#[tokio::test]
async fn what_was_done_to_a_record_before_its_migration_is_found_after_it() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let (bolt, checkpoint) = pruned(&key);
    let all = [events(), bolt].concat();
    for attack in [
        "UPDATE audit_events SET resource_id = 'x' WHERE chain = 'tenant:acme' AND seq = 2",
        "UPDATE audit_events SET prev = hash WHERE chain = 'tenant:bolt' AND seq = 3",
        "UPDATE audit_events SET prev = hash WHERE chain = 'tenant:acme' AND seq = 1",
        "UPDATE audit_events SET hash = upper(hash) WHERE chain = 'tenant:acme' AND seq = 2",
        "UPDATE audit_events SET id = upper(id) WHERE chain = 'tenant:acme' AND seq = 2",
        "UPDATE audit_events SET actor_search = 'x' WHERE chain = 'tenant:acme' AND seq = 2",
        "UPDATE audit_events SET tenant_id = NULL WHERE chain = 'tenant:acme' AND seq = 1",
        "UPDATE audit_events SET v = 2 WHERE chain = 'tenant:acme' AND seq = 1",
        "DELETE FROM audit_events WHERE chain = 'tenant:acme' AND seq = 3",
        "DELETE FROM audit_events WHERE chain = 'tenant:acme' AND seq = 6",
        "DELETE FROM audit_heads WHERE chain = 'tenant:acme'",
    ] {
        for (engine, pools, options, _folder) in old().await {
            let store = migrated(pools, &options, &all, &checkpoint, Some(attack)).await;
            let report = verify_store(&store, [], Some(&key.verifying_key())).await;
            let report = report.unwrap();
            assert!(!report.is_sound(), "{engine}: {attack}\n{report}");
        }
    }
}
