//! How a node keeps its lease, and what it confirms.

use app::{
    domain::{
        nodes::NodeReceipt,
        support_sessions::{SupportSession, SupportSessionForm, SupportSessionGranted},
    },
    ports::{CreateSupportSessions, ReadSupportSessions, RevokeSupportSessions},
};
use gateway::{Lease, NodeState, lease::Standstill};

use super::*;
use crate::{
    config::Config,
    services::{
        support_sessions::SupportSessionsService,
        testing::{World, form, key, super_admin, support_admin, tenant, worlds},
    },
};

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

struct Joined {
    core: Core,
    lease: Arc<Lease>,
    service: SupportSessionsService,
    // Removed with the test.
    _folder: tempfile::TempDir,
}

impl Joined {
    async fn create(&self) -> SupportSessionGranted {
        let (holder, acme) = (support_admin(1), tenant("acme"));
        self.service.create(&holder, &acme, form()).await.unwrap()
    }

    async fn revoke(&self, id: SupportSessionId) -> SupportSession {
        let holder = support_admin(1);
        let revoked = self.service.revoke(&holder, id, String::new());
        revoked.await.unwrap().session
    }
}

/// A node of a world, before it runs.
async fn join(world: &World, boot: &str) -> (Joined, Node) {
    join_with(world, boot, "").await
}

/// A node with its own configuration.
async fn join_with(world: &World, boot: &str, config: &str) -> (Joined, Node) {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        data_dir: folder.path().to_owned(),
        node_name: Some(format!("node {boot}")),
        ..toml::from_str(config).unwrap()
    };
    let clock = SteadyClock::new(Arc::new(world.clock.clone()), world.clock.now());
    let core = Core {
        clock: Arc::new(clock.clone()),
        config: Arc::new(config),
        ..world.core.clone()
    };
    let state = NodeState::new(Lease::new(Arc::clone(&core.clock)));
    let service = SupportSessionsService::new(
        core.clone(),
        Arc::clone(&world.settings),
        Arc::clone(&state.gates),
    );
    let (node, _) = Node::join(core.clone(), clock, &state, boot).await.unwrap();
    let joined = Joined {
        core,
        lease: Arc::clone(&state.lease),
        service,
        _folder: folder,
    };
    (joined, node)
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
async fn a_node_confirms_a_revocation_and_tenants_see_no_nodes() {
    for world in worlds().await {
        let (joined, node) = join(&world, "one").await;
        let end = CancellationToken::new();
        let running = tokio::spawn(node.run(end.clone()));
        let created = joined.create().await;
        let id = created.session.id;
        let mut changes = joined.core.store.changes();
        joined.revoke(id).await;
        let confirmed = async {
            loop {
                let receipts = receipts(&joined, &super_admin(2), id).await;
                assert_eq!(receipts.len(), 1, "{}: every node is asked", world.engine);
                if receipts[0].confirmed.is_some() {
                    return receipts;
                }
                // The confirmation is announced, so that open pages show it.
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
async fn a_lease_is_renewed_only_after_every_change_is_applied() {
    for world in worlds().await {
        let (joined, mut node) = join(&world, "one").await;
        let lease = &joined.lease;
        assert!(lease.is_held(), "{}", world.engine);
        world.clock.advance(TimeDelta::seconds(1));
        assert!(!lease.is_held());
        let created = joined.create().await;
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
        joined.create().await;
        node.beat(world.clock.since_boot()).await.unwrap();
        world.run("DELETE FROM changes").await;
        let error = node.beat(world.clock.since_boot()).await.unwrap_err();
        assert!(matches!(error, NodeError::WentBack), "{error}");
        node.failed(&error);
        assert!(!joined.lease.is_held(), "{}", world.engine);
    }
}

#[tokio::test]
async fn a_node_that_the_store_has_forgotten_loses_its_lease() {
    for world in worlds().await {
        let (joined, mut node) = join(&world, "one").await;
        world.run("DELETE FROM nodes").await;
        let beat = node.beat(world.clock.since_boot()).await;
        // SQLite's one node is known by the lock that it holds.
        if world.engine == "postgres" {
            node.failed(&beat.unwrap_err());
            assert!(!joined.lease.is_held());
        } else {
            beat.unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_missed_is_found_by_looking_at_everything() {
    for world in worlds().await {
        let (joined, mut node) = join(&world, "one").await;
        let created = joined.create().await;
        let id = created.session.id;
        joined.revoke(id).await;
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

/// A gateway whose rules differ by one route.
fn rules(route: &str) -> String {
    format!(
        "[gateway]\nlisten = \"127.0.0.1:3100\"\npublic_url = \"http://127.0.0.1:3100\"\n\
         upstream = \"http://127.0.0.1:3200\"\ntenant_binding = \"path\"\n\
         routes = [\"/{route}/{{tenant_id}}\"]\n"
    )
}

/// Every node that is there has just sent a heartbeat, however slow this machine is.
async fn all_are_alive(world: &World) {
    world
        .run("UPDATE nodes SET lease_until = lease_until + 3600000000")
        .await;
}

#[tokio::test]
async fn nodes_with_different_rules_hold_no_lease_until_one_has_left() {
    for world in worlds().await {
        let (old, mut old_node) = join_with(&world, "old", &rules("v1")).await;
        all_are_alive(&world).await;
        let (new, mut new_node) = join_with(&world, "new", &rules("v2")).await;
        if world.engine == "sqlite" {
            // There the previous one has stopped, because it held the file's lock.
            assert!(new.lease.is_held());
            continue;
        }
        let mut changes = old.core.store.changes();
        for node in [&mut old_node, &mut new_node] {
            all_are_alive(&world).await;
            node.beat(world.clock.since_boot()).await.unwrap();
        }
        all_are_alive(&world).await;
        for joined in [&old, &new] {
            let standstill = joined.lease.standstill();
            assert_eq!(standstill, Some(Standstill::RulesDiffer));
        }
        let told = tokio::time::timeout(PATIENCE, changes.recv()).await;
        assert_eq!(told.unwrap().unwrap().kind, ChangeKind::Node);
        let mut reader = new.core.store.read().await.unwrap();
        let listed = reader.db().list_rules_of_nodes(world.clock.now()).await;
        assert!(app::domain::nodes::rules_differ(&listed.unwrap()));

        leave(&old.core, "old").await.unwrap();
        world.clock.advance(TimeDelta::milliseconds(1));
        new_node.beat(world.clock.since_boot()).await.unwrap();
        assert_eq!(new.lease.standstill(), None);
        let mut reader = new.core.store.read().await.unwrap();
        let listed = reader.db().list_rules_of_nodes(world.clock.now()).await;
        assert!(!app::domain::nodes::rules_differ(&listed.unwrap()));
    }
}

#[tokio::test]
async fn a_node_with_other_rules_that_has_died_is_waited_for_no_longer_than_its_lease() {
    for world in worlds().await {
        let (_dead, _) = join_with(&world, "dead", &rules("v1")).await;
        world.run("UPDATE nodes SET lease_until = 0").await;
        let (alive, _node) = join_with(&world, "alive", &rules("v2")).await;
        assert!(alive.lease.is_held(), "{}", world.engine);
    }
}

#[tokio::test]
async fn nodes_with_the_same_rules_or_without_a_gateway_let_each_other_serve() {
    for world in worlds().await {
        let mut nodes = Vec::new();
        for (boot, config) in [
            ("one", rules("v1")),
            ("two", rules("v1")),
            ("console", String::new()),
        ] {
            nodes.push(join_with(&world, boot, &config).await);
            all_are_alive(&world).await;
        }
        for (joined, node) in &mut nodes {
            node.beat(world.clock.since_boot()).await.unwrap();
            assert!(joined.lease.is_held(), "{}", world.engine);
        }
    }
}

#[tokio::test]
async fn a_node_whose_clock_is_behind_ends_what_another_one_has_recorded_as_idle() {
    // SQLite has one node.
    let world = worlds().await.remove(1);
    assert_eq!(world.engine, "postgres");
    let (behind, mut node) = join(&world, "behind").await;
    let idle = SupportSessionForm {
        idle_minutes: "5".into(),
        ..form()
    };
    let (holder, acme) = (support_admin(1), tenant("acme"));
    let created = behind.service.create(&holder, &acme, idle).await;
    let session = created.unwrap().session;
    let _used = node.gates.close(session.id).await;
    // The other node's clock shows the end, and this one's does not yet.
    let recorded = world.write(session.clone(), |session, tx| {
        let end = session.ends_at();
        Box::pin(tx.mark_expiry_recorded(session.id, end, end))
    });
    assert!(recorded.await);
    assert!(session.ends_at() > world.clock.now());
    node.look_at(session.id).await.unwrap();
    assert!(node.gates.has_ended(session.id));
}
