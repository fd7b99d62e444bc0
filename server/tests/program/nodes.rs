//! Two nodes on one PostgreSQL: what ends on one ends on the other, whatever happens to that node.

use serde_json::Value;
use sqlx::AssertSqlSafe;

use crate::support::prelude::*;

/// Nodes `a` and `b`, with `b` reaching the database over a relay.
struct Nodes {
    upstream: Upstream,
    database: Database,
    relay: Relay,
    a: Program,
    b: Program,
    platform: Platform,
    staff: Staff,
}

impl Nodes {
    async fn start() -> Self {
        let upstream = Upstream::start().await;
        let database = Database::new().await;
        let relay = Relay::start(database.server()).await;
        let a = Program::start_node("a", &database.url(), upstream.address, BY_PATH).await;
        let through = database.url_through(relay.address);
        let b = Program::start_node("b", &through, upstream.address, BY_PATH).await;
        let (platform, staff) = acme_and_jo(&a).await;
        Self {
            upstream,
            database,
            relay,
            a,
            b,
            platform,
            staff,
        }
    }

    async fn session(&self) -> Granted {
        self.staff.create_session("acme", None).await
    }

    async fn receipts(&self, session: &Granted) -> Vec<Value> {
        let path = format!("/support-sessions/{}", session.id);
        let session = self.platform.get(&path).await;
        let receipts = session["revocation"]["receipts"].as_array();
        receipts.cloned().unwrap_or_default()
    }

    /// The receipts, once every node that is asked has confirmed.
    async fn confirmed(&self, session: &Granted, nodes: usize) -> Vec<Value> {
        until("every node's receipt", async || {
            let receipts = self.receipts(session).await;
            let all = receipts.iter().all(|node| node["confirmed"].is_object());
            (receipts.len() == nodes && all).then_some(receipts)
        })
        .await
    }
}

async fn ask(node: &Program, session: &Granted) -> Answer {
    crate::support::ask(node.gateway, "plain", &session.token).await
}

async fn streaming(node: &Program, session: &Granted) -> Client {
    let head = get(node.gateway, "stream", &session.token);
    crate::support::streaming(node.gateway, &head).await
}

#[tokio::test]
async fn a_revocation_on_one_node_ends_everything_on_both_and_each_gives_a_receipt() {
    let nodes = Nodes::start().await;
    let session = nodes.session().await;
    // Each node is asked before it can have heard of the session in any other way.
    assert_eq!(ask(&nodes.b, &session).await.status, 200, "fresh from a");
    let (on_a, on_b) = (
        streaming(&nodes.a, &session).await,
        streaming(&nodes.b, &session).await,
    );
    let sent = nodes.upstream.requests();

    nodes.staff.revoke(&session.id).await;
    // The node that has answered sends nothing more from then on.
    assert_eq!(ask(&nodes.a, &session).await.code(), "session_revoked");
    nodes.upstream.allow_chunks(1000);
    assert!(!cut(on_a).await.contains("chunk 2;"));
    cut(on_b).await;
    assert_eq!(ask(&nodes.b, &session).await.code(), "session_revoked");
    assert_eq!(nodes.upstream.requests(), sent);

    let receipts = nodes.confirmed(&session, 2).await;
    let names: Vec<_> = receipts.iter().map(|node| &node["node"]).collect();
    assert_eq!(names, ["a", "b"]);
    for receipt in &receipts {
        let confirmed = &receipt["confirmed"];
        assert_eq!(confirmed["requests_cut"], 1, "{receipt}");
        assert!(confirmed["after_us"].as_u64().is_some(), "{receipt}");
        assert!(confirmed["last_sent_us"].as_i64().unwrap() < 0, "{receipt}");
    }
    // The session's own log says it too: both streams were cut.
    until("the ends of both streams", async || {
        let path = format!("/support-sessions/{}/access-log", session.id);
        let log = nodes.platform.get(&path).await;
        let items = log["items"].as_array().unwrap();
        let cut = items.iter().filter(|entry| entry["outcome"] == "cut");
        (cut.count() == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_token_replaced_on_one_node_cuts_what_came_with_it_on_the_other() {
    let nodes = Nodes::start().await;
    let session = nodes.session().await;
    let stream = streaming(&nodes.b, &session).await;
    let replaced = nodes.staff.replace_token(&session.id).await;
    cut(stream).await;
    assert_eq!(ask(&nodes.b, &session).await.status, 401);
    assert_eq!(ask(&nodes.b, &replaced).await.status, 200);
}

#[tokio::test]
async fn a_frozen_node_sends_nothing_when_it_goes_on() {
    let nodes = Nodes::start().await;
    let session = nodes.session().await;
    let mut other = Client::connect(nodes.b.gateway).await;
    let stream = streaming(&nodes.b, &session).await;
    nodes.b.freeze().await;
    // Into the frozen node's socket: they wait there.
    other
        .send(get(nodes.b.gateway, "plain", &session.token).as_bytes())
        .await;
    nodes.staff.revoke(&session.id).await;
    until("the frozen node's lease to be over", async || {
        let receipts = nodes.receipts(&session).await;
        let Some(frozen) = receipts.iter().find(|node| node["node"] == "b") else {
            // Not asked: on a busy machine it may have lost its lease before it was frozen.
            return (!receipts.is_empty()).then_some(());
        };
        assert!(frozen["confirmed"].is_null(), "{frozen}");
        let over: chrono::DateTime<chrono::Utc> = frozen["lease_until"].as_str()?.parse().ok()?;
        let now = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
        (nodes.database.number(now).await > over.timestamp_micros()).then_some(())
    })
    .await;
    let sent = nodes.upstream.bytes();
    nodes.upstream.allow_chunks(1000);
    nodes.b.thaw().await;
    assert!(
        !cut(stream).await.contains("chunk 2;"),
        "it went on relaying"
    );
    // It may ask who is revoked, or notice first that it has no lease any more.
    let refused = other.answer().await.code();
    let why = ["session_revoked", "record_unavailable"];
    assert!(why.contains(&refused.as_str()), "{refused}");
    assert_eq!(nodes.upstream.bytes(), sent, "it sent something");
    let asked = nodes.receipts(&session).await.len();
    nodes.confirmed(&session, asked).await;
}

#[tokio::test]
async fn a_node_cut_off_from_the_store_lets_nothing_through_until_it_is_back() {
    for way in [Way::Cut, Way::Hanging] {
        let nodes = Nodes::start().await;
        let session = nodes.session().await;
        let stream = streaming(&nodes.b, &session).await;
        nodes.relay.set(way);
        until("the lease to be over", async || {
            let told = nodes.b.readiness().await;
            (told == "this node has lost contact with the data store").then_some(())
        })
        .await;
        let refused = ask(&nodes.b, &session).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (503, "record_unavailable")
        );
        let sent = nodes.upstream.requests();
        nodes.upstream.allow_chunks(2);
        let rest = cut(stream).await;
        assert!(!rest.contains("chunk 2;"), "{way:?}: it went on relaying");
        assert_eq!(ask(&nodes.b, &session).await.status, 503, "{way:?}");
        assert_eq!(nodes.upstream.requests(), sent, "{way:?}");
        assert_eq!(ask(&nodes.a, &session).await.status, 200, "a is untouched");
        // A session that was revoked meanwhile stays revoked when it is back.
        let other = nodes.session().await;
        nodes.staff.revoke(&session.id).await;
        nodes.relay.set(Way::Open);
        until("the node to be back", async || {
            (ask(&nodes.b, &other).await.status == 200).then_some(())
        })
        .await;
        assert_eq!(ask(&nodes.b, &session).await.code(), "session_revoked");
    }
}

#[tokio::test]
async fn without_notifications_revocations_arrive_all_the_same() {
    let nodes = Nodes::start().await;
    let listening = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
         AND application_name = 'support-console-listen'";
    until("both nodes to listen", async || {
        (nodes.database.number(listening).await == 2).then_some(())
    })
    .await;
    let terminate = "SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'support-console-listen') AS t";
    for _ in 0..3 {
        let session = nodes.session().await;
        let stream = streaming(&nodes.b, &session).await;
        nodes.database.number(terminate).await;
        nodes.staff.revoke(&session.id).await;
        cut(stream).await;
        nodes.confirmed(&session, 2).await;
    }
    until("both nodes to listen again", async || {
        (nodes.database.number(listening).await == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_a_dead_node_left_open_is_closed_by_another_and_what_lives_is_left_alone() {
    let mut nodes = Nodes::start().await;
    let session = nodes.session().await;
    let mut alive = streaming(&nodes.a, &session).await;
    let dead = streaming(&nodes.b, &session).await;
    nodes.b.kill().await;
    drop(dead);
    let outcomes = async |wanted: &str| {
        let path = format!("/support-sessions/{}/access-log", session.id);
        let log = nodes.platform.get(&path).await;
        let items = log["items"].as_array().unwrap();
        let outcomes: Vec<_> = items.iter().map(|entry| entry["outcome"].clone()).collect();
        (outcomes.contains(&wanted.into())).then_some(outcomes)
    };
    let outcomes = until("the dead node's request to be closed", async || {
        outcomes("unknown").await
    })
    .await;
    assert_eq!(outcomes, ["unknown", "open"]);
    nodes.upstream.allow_chunks(2);
    alive.read_until("chunk 2;").await;
}

#[tokio::test]
async fn a_node_that_stops_in_order_is_not_asked_for_a_receipt() {
    let mut nodes = Nodes::start().await;
    let session = nodes.session().await;
    nodes.b.stop().await;
    nodes.staff.revoke(&session.id).await;
    let receipts = nodes.confirmed(&session, 1).await;
    assert_eq!(receipts[0]["node"], "a");
}

#[tokio::test]
async fn a_database_that_was_restored_revokes_everything_at_the_next_start() {
    let mut nodes = Nodes::start().await;
    let (revoked, other) = (nodes.session().await, nodes.session().await);
    nodes.b.stop().await;
    nodes.staff.revoke(&revoked.id).await;
    nodes.confirmed(&revoked, 1).await;
    nodes.a.stop().await;
    // As a backup from before the revocation has it.
    for sql in [
        format!(
            "UPDATE support_sessions SET revoked_at = NULL WHERE id = '{}'",
            revoked.id
        ),
        "DELETE FROM revocation_receipts".to_owned(),
        "DELETE FROM changes WHERE number > 3".to_owned(),
    ] {
        let restore = sqlx::query(AssertSqlSafe(sql));
        restore.execute(&nodes.database.pool).await.unwrap();
    }
    nodes.a.start_again().await;
    let sent = nodes.upstream.requests();
    for session in [&revoked, &other] {
        assert_eq!(ask(&nodes.a, session).await.code(), "session_revoked");
    }
    assert_eq!(nodes.upstream.requests(), sent);
}
