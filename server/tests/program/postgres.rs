//! A PostgreSQL that is restarted, crashes or freezes under a running node.

use std::{collections::HashSet, net::SocketAddr};

use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::prelude::*;

const RULES: &str = r#"
    tenant_binding = "path"
    routes = ["/v1/tenants/{tenant_id}"]
    record_timeout_ms = 2000
"#;
const CLIENTS: usize = 6;

/// A node with its own PostgreSQL.
struct Scene {
    postgres: Postgres,
    upstream: Upstream,
    node: Program,
    staff: Staff,
    session: Granted,
}

impl Scene {
    async fn new() -> Self {
        let (postgres, upstream) = (Postgres::start().await, Upstream::start().await);
        let node = Program::start_node("a", &postgres.url(), upstream.address, RULES).await;
        let (_, staff) = acme_and_jo(&node).await;
        let session = staff.create_session("acme", None).await;
        Self {
            postgres,
            upstream,
            node,
            staff,
            session,
        }
    }

    fn head(&self) -> String {
        get(self.node.gateway, "x", &self.session.token)
    }

    async fn ask(&self) -> Answer {
        ask(self.node.gateway, "x", &self.session.token).await
    }

    async fn is_refused(&self) {
        let before = self.upstream.bytes();
        for _ in 0..3 {
            let refused = self.ask().await;
            let told = (refused.status, refused.code());
            assert_eq!(told, (503, "record_unavailable".to_owned()));
        }
        assert_eq!(self.upstream.bytes(), before, "something was sent");
        assert_eq!(self.node.ready().await, 503);
    }

    async fn comes_back(&self) {
        let ready = async || (self.node.ready().await == 200).then_some(());
        until("the node to be ready again", ready).await;
        let answer = self.ask().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Every request that went upstream has a row that says so, and no other. Every answered
    /// request is recorded.
    async fn has_recorded(&self, answered: &HashSet<String>) {
        let store = PgPool::connect(&self.postgres.url()).await.unwrap();
        let rows: Vec<(String, String, Option<i64>)> = until("every row's end", async || {
            let rows = sqlx::query_as("SELECT request_id, outcome, status FROM access_log");
            let rows: Vec<(String, String, Option<i64>)> = rows.fetch_all(&store).await.unwrap();
            let open = rows.iter().any(|row| row.1 == "open");
            (!open).then_some(rows)
        })
        .await;
        let arrived = request_ids(&self.upstream.text());
        assert_eq!(arrived.len(), self.upstream.requests(), "whole, each once");
        assert!(answered.is_subset(&arrived));
        let recorded: HashSet<_> = rows.iter().map(|row| row.0.clone()).collect();
        assert!(arrived.is_subset(&recorded), "a request without a record");
        for (id, outcome, status) in rows {
            let sent = arrived.contains(&id);
            let told = (outcome.as_str(), status);
            assert!(
                matches!(
                    (sent, told),
                    (true, ("done", Some(200))) | (false, ("refused", Some(503)))
                ),
                "{id}: sent {sent}, recorded as {told:?}"
            );
        }
        self.node.run(&["audit", "verify"], "").await;
    }
}

/// Clients that send one request after another, whatever the responses.
struct Load {
    clients: Vec<JoinHandle<HashSet<String>>>,
    stop: CancellationToken,
}

impl Load {
    fn start(scene: &Scene) -> Self {
        let stop = CancellationToken::new();
        let clients = (0..CLIENTS).map(|_| {
            let (gateway, head) = (scene.node.gateway, scene.head());
            tokio::spawn(ask_until(stop.clone(), gateway, head))
        });
        Self {
            clients: clients.collect(),
            stop,
        }
    }

    /// The request ids of whole answers.
    async fn stop(self) -> HashSet<String> {
        self.stop.cancel();
        let clients = futures::future::join_all(self.clients).await;
        clients.into_iter().flat_map(Result::unwrap).collect()
    }
}

async fn ask_until(stop: CancellationToken, gateway: SocketAddr, head: String) -> HashSet<String> {
    let mut answered = HashSet::new();
    let mut client = Client::connect(gateway).await;
    while !stop.is_cancelled() {
        client.send(head.as_bytes()).await;
        let answer = client.answer().await;
        match answer.status {
            200 => {
                let id = answer.header("x-request-id").unwrap().to_owned();
                assert!(answered.insert(id), "an id came twice");
            }
            503 => {}
            0 => client = Client::connect(gateway).await,
            other => panic!("{other}: {}", answer.text()),
        }
    }
    answered
}

#[tokio::test]
async fn a_database_that_is_restarted_loses_no_record_and_lets_nothing_through_meanwhile() {
    let mut scene = Scene::new().await;
    let load = Load::start(&scene);
    // A crash, and an administrator's restart.
    for signal in ["QUIT", "INT"] {
        let before = scene.upstream.requests();
        scene
            .upstream
            .until(|seen| seen.iter().map(|s| s.requests).sum::<usize>() > before + 50)
            .await;
        scene.postgres.end(signal).await;
        let down = async || (scene.node.ready().await == 503).then_some(());
        until("the node to notice", down).await;
        scene.is_refused().await;
        scene.postgres.start_again().await;
        scene.comes_back().await;
    }
    let answered = load.stop().await;
    assert!(answered.len() > 100);
    scene.has_recorded(&answered).await;
    scene.staff.revoke(&scene.session.id).await;
    assert_eq!(scene.ask().await.code(), "session_revoked");
}

#[tokio::test]
async fn a_database_that_stands_still_lets_nothing_through_then_or_when_it_goes_on() {
    let scene = Scene::new().await;
    let load = Load::start(&scene);
    scene
        .upstream
        .until(|seen| seen.iter().map(|s| s.requests).sum::<usize>() > 50)
        .await;
    scene.postgres.freeze();
    let down = async || (scene.node.ready().await == 503).then_some(());
    until("the node to notice", down).await;
    scene.is_refused().await;
    // It now does what it was asked before it froze. Those records are closed as refused.
    scene.postgres.thaw();
    scene.comes_back().await;
    let answered = load.stop().await;
    scene.has_recorded(&answered).await;
}
