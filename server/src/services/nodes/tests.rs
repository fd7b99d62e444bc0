//! What keeps a lease, and what a node confirms.

use app::{
    domain::{nodes::NodeReceipt, support_sessions::SupportSessionForm},
    ports::SupportSessionsPort,
};

use super::*;
use crate::{
    config::Config,
    gateway::Lease,
    services::{
        support_sessions::SupportSessionsService,
        testing::{TwoTenants, World, key, super_admin, support_admin, tenant, worlds},
    },
};

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

struct Joined {
    core: Core,
    gates: Arc<SessionGates>,
    service: SupportSessionsService,
    // Removed with the test.
    _folder: tempfile::TempDir,
}

/// A node of a world, before it runs.
async fn join(world: &World, boot: &str) -> (Joined, Node) {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        data_dir: folder.path().to_owned(),
        node_name: Some(format!("node {boot}")),
        ..Config::default()
    };
    let clock = SteadyClock::new(Arc::new(world.clock.clone()), world.clock.now());
    let core = Core {
        clock: Arc::new(clock.clone()),
        config: Arc::new(config),
        ..world.core.clone()
    };
    let gates = SessionGates::new(Lease::new(Arc::clone(&core.clock)));
    let service = SupportSessionsService::new(
        core.clone(),
        Arc::clone(&world.settings),
        Arc::new(TwoTenants(world.clock.clone())),
        Arc::clone(&gates),
    );
    let (node, _) = Node::join(core.clone(), clock, Arc::clone(&gates), boot)
        .await
        .unwrap();
    let joined = Joined {
        core,
        gates,
        service,
        _folder: folder,
    };
    (joined, node)
}

async fn run(world: &World, sql: &'static str) {
    let written = world.core.store.write(Priority::Normal, move |tx| {
        Box::pin(async move { tx.query(sql).execute().await })
    });
    written.await.unwrap();
}

fn form() -> SupportSessionForm {
    SupportSessionForm {
        reason: "Attestations fail with 503".into(),
        ..SupportSessionForm::default()
    }
}

async fn receipts(
    joined: &Joined,
    context: &app::domain::caller::Context,
    id: SupportSessionId,
) -> Vec<NodeReceipt> {
    let detail = joined.service.detail(context, id).await.unwrap();
    detail.session.revocation.unwrap().receipts
}

#[tokio::test]
async fn a_node_confirms_a_revocation_and_tells_tenants_nothing_of_nodes() {
    for world in worlds().await {
        let (joined, node) = join(&world, "one").await;
        let end = CancellationToken::new();
        let running = tokio::spawn(node.run(end.clone()));
        let created = joined
            .service
            .create(&support_admin(1), &tenant("acme"), form())
            .await
            .unwrap();
        let id = created.session.id;
        let mut changes = joined.core.store.changes();
        joined
            .service
            .revoke(&support_admin(1), id, String::new())
            .await
            .unwrap();
        let confirmed = async {
            loop {
                let receipts = receipts(&joined, &super_admin(2), id).await;
                assert_eq!(receipts.len(), 1, "{}: every node is asked", world.engine);
                if receipts[0].confirmed.is_some() {
                    return receipts;
                }
                // The confirmation is told of, so that open pages show it.
                changes.recv().await.unwrap();
            }
        };
        let confirmed = tokio::time::timeout(PATIENCE, confirmed).await.unwrap();
        assert_eq!(confirmed[0].node, "node one");
        let confirmation = confirmed[0].confirmed.unwrap();
        assert_eq!(
            (confirmation.requests_cut, confirmation.last_sent_us),
            (0, None)
        );
        assert!(receipts(&joined, &key(Some("acme")), id).await.is_empty());
        assert_eq!(receipts(&joined, &key(None), id).await.len(), 1);
        end.cancel();
        running.await.unwrap();
    }
}

#[tokio::test]
async fn a_lease_is_renewed_only_by_who_has_applied_everything() {
    for world in worlds().await {
        let (joined, mut node) = join(&world, "one").await;
        let lease = joined.gates.lease();
        assert!(lease.is_held(), "{}", world.engine);
        world.clock.advance(TimeDelta::seconds(1));
        assert!(!lease.is_held());
        let created = joined
            .service
            .create(&support_admin(1), &tenant("acme"), form())
            .await
            .unwrap();
        node.beat(world.clock.since_boot()).await.unwrap();
        assert!(lease.is_held());
        let mut reader = joined.core.store.read().await.unwrap();
        let newest = reader.db().newest_change().await.unwrap();
        assert_eq!(node.applied, newest, "{}", created.session.id);
    }
}

#[tokio::test]
async fn a_store_that_goes_back_under_a_node_takes_its_lease() {
    for world in worlds().await {
        let (joined, mut node) = join(&world, "one").await;
        joined
            .service
            .create(&support_admin(1), &tenant("acme"), form())
            .await
            .unwrap();
        node.beat(world.clock.since_boot()).await.unwrap();
        run(&world, "DELETE FROM changes").await;
        let error = node.beat(world.clock.since_boot()).await.unwrap_err();
        assert!(matches!(error, NodeError::WentBack), "{error}");
        node.failed(&error);
        assert!(!joined.gates.lease().is_held(), "{}", world.engine);
    }
}

#[tokio::test]
async fn a_node_that_the_store_has_forgotten_loses_its_lease() {
    for world in worlds().await {
        let (joined, mut node) = join(&world, "one").await;
        run(&world, "DELETE FROM nodes").await;
        let beat = node.beat(world.clock.since_boot()).await;
        // SQLite's one node is known by the lock that it holds.
        if world.engine == "postgres" {
            node.failed(&beat.unwrap_err());
            assert!(!joined.gates.lease().is_held());
        } else {
            beat.unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_missed_is_found_by_looking_at_everything() {
    for world in worlds().await {
        let (joined, mut node) = join(&world, "one").await;
        let created = joined
            .service
            .create(&support_admin(1), &tenant("acme"), form())
            .await
            .unwrap();
        let id = created.session.id;
        joined
            .service
            .revoke(&support_admin(1), id, String::new())
            .await
            .unwrap();
        // As if the changes had been taken from the queue by a heartbeat that then failed.
        while node.changes.try_recv().is_ok() {}
        node.failed(&NodeError::Slow);
        node.beat(world.clock.since_boot()).await.unwrap();
        let mut changes = joined.core.store.changes();
        let confirmed = async {
            while receipts(&joined, &super_admin(2), id).await[0]
                .confirmed
                .is_none()
            {
                changes.recv().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, confirmed).await.unwrap();
    }
}
