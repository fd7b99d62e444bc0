//! The servers that serve on this store, their leases, and the store's epoch.

use app::domain::{
    Timestamp,
    nodes::{NodeRules, ServingNode},
};
use chrono::TimeDelta;

use super::{
    Bookkeeping, Db, Row, Store, StoreError,
    record::{insert, record, select},
    sql::queries,
};

/// How long after the end of its lease a node is certainly dead. Its streams have been cut by then, even if
/// the clocks of two machines run at slightly different speeds.
const SURELY_DEAD: TimeDelta = TimeDelta::seconds(10);
/// How long the row of a dead node is kept.
const KEPT: TimeDelta = TimeDelta::days(7);

queries! {
    Db {
        /// The latest instant that any node has confirmed; `None` before the first.
        pub fn highest_confirmed_instant() -> one Option<Timestamp>
            = "SELECT COALESCE(MAX(confirmed_at), -1) FROM nodes";

        /// The earliest instant confirmed by nodes that have not stopped and have reported since an
        /// instant; `None` if there is no such node.
        fn least_confirmed_instant(since: Timestamp) -> one Option<Timestamp>
            = "SELECT COALESCE(MIN(confirmed_at), -1) FROM nodes WHERE ended_at = -1 AND lease_until >= :since";

        /// The store's epoch; `None` if it never had one.
        pub fn store_epoch() -> optional i64 = "SELECT epoch FROM store_epoch WHERE id = 1";

        fn count_nodes_before(boot: &str, now: Timestamp) -> one u64
            = "SELECT COUNT(*) FROM nodes WHERE boot < :boot AND ended_at = -1 AND lease_until > :now";

        /// How many servers may be serving at an instant.
        pub fn count_serving_nodes(now: Timestamp) -> one u64
            = "SELECT COUNT(*) FROM nodes WHERE ended_at = -1 AND lease_until > :now";

        /// Every node of the last days, those that may be serving first.
        pub fn list_nodes() -> all ServingNode
            = select!(ServingNode, "nodes ORDER BY ended_at, node, started_at DESC LIMIT 100");

        fn list_rules_held_at(now: Timestamp) -> all NodeRules
            = select!(NodeRules, "nodes WHERE ended_at = -1 AND lease_until > :now AND rule_hash <> '' ORDER BY node, boot");
    }
    Bookkeeping {
        /// Saves a node's state, if its heartbeats don't.
        pub fn touch_node(of: Heartbeat<'_>, now: Timestamp)
            where (boot = of.boot, lease = now + of.lease, applied = of.applied, confirmed_at = of.confirmed_at)
            = "UPDATE nodes SET lease_until = :lease, applied = :applied, confirmed_at = :confirmed_at WHERE boot = :boot";

        /// Sets the store's epoch.
        pub fn set_store_epoch(epoch: i64)
            = "INSERT INTO store_epoch (id, epoch) VALUES (1, :epoch) \
                ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch";

        fn insert_node(node: &NewNode, now: Timestamp)
            where (boot = node.boot, name = node.node, now, lease_until = now + node.lease, applied = node.applied,
                confirmed_at = node.confirmed_at, rule_hash = node.rule_hash, version = node.version)
            = insert!("nodes", "boot, node, started_at, lease_until, applied, confirmed_at, rule_hash, version");

        fn mark_node_ended(boot: &str, now: Timestamp, confirmed_at: Timestamp)
            = "UPDATE nodes SET ended_at = :now, confirmed_at = :confirmed_at WHERE boot = :boot";

        fn end_other_nodes(boot: &str, now: Timestamp)
            = "UPDATE nodes SET ended_at = :now WHERE boot <> :boot AND ended_at = -1";

        fn prune_other_nodes(boot: &str, before: Timestamp) -> count
            = "DELETE FROM nodes WHERE boot <> :boot AND lease_until < :before";
    }
}

/// One start of a server.
#[derive(Debug, Clone)]
pub struct NewNode {
    pub boot: String,
    /// The configured `node_name` of the node.
    pub node: String,
    /// How long a heartbeat lasts.
    pub lease: TimeDelta,
    /// The last change that it has applied.
    pub applied: i64,
    /// By its own clock.
    pub confirmed_at: Timestamp,
    /// The hash of its gateway's rules; empty without a gateway.
    pub rule_hash: String,
    /// The program's version.
    pub version: &'static str,
}

/// A node's state when it sends a heartbeat.
#[derive(Debug, Clone, Copy)]
pub struct Heartbeat<'a> {
    pub boot: &'a str,
    /// How long a heartbeat lasts.
    pub lease: TimeDelta,
    /// The last change that it has applied.
    pub applied: i64,
    /// The latest instant that has certainly passed, by its own clock.
    pub confirmed_at: Timestamp,
}

/// The answer to a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beat {
    /// The highest number in the log of changes.
    pub newest: i64,
    /// The store's own time, if it has a clock.
    pub store_at: Option<Timestamp>,
    /// Whether another node, which may be serving, has other rules.
    pub rules_differ: bool,
}

record! { Beat { newest; store_at; rules_differ as [others] by rules_differ } }

fn rules_differ(row: &Row) -> Result<bool, StoreError> {
    Ok(row.get::<i64>("others")? > 0)
}

record! { ServingNode { node; version; started_at; lease_until; ended_at; rules = rule_hash } }
record! { NodeRules { node; rules = rule_hash } }

impl Db<'_> {
    /// The time by the store's clock, which all its nodes share. `ours` if it has none.
    pub async fn store_now(&mut self, ours: Timestamp) -> Result<Timestamp, StoreError> {
        if !self.is_postgres() {
            return Ok(ours);
        }
        let micros: i64 = self
            .query("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)")
            .fetch_one()
            .await?;
        Ok(Timestamp::from_timestamp_micros(micros).unwrap_or(ours))
    }

    /// Reports that a node is alive, and asks for the newest change. On SQLite there is one node,
    /// which holds the file's lock, so this only reads. `None` if the node is no longer known.
    pub async fn heartbeat(&mut self, of: Heartbeat<'_>) -> Result<Option<Beat>, StoreError> {
        if !self.is_postgres() {
            let newest = self.newest_change().await?;
            return Ok(Some(Beat {
                newest,
                store_at: None,
                rules_differ: false,
            }));
        }
        self.query(
            "UPDATE nodes SET lease_until = $2 + CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT), \
             applied = $3, confirmed_at = $4 WHERE boot = $1 \
             RETURNING CAST(lease_until - $2 AS BIGINT) AS store_at, \
             (SELECT COALESCE(MAX(number), 0) FROM changes) AS newest, \
             (SELECT COUNT(*) FROM nodes AS other WHERE other.ended_at = -1 \
             AND other.lease_until > nodes.lease_until - $2 AND nodes.rule_hash <> '' \
             AND other.rule_hash NOT IN ('', nodes.rule_hash)) AS others",
        )
        .bind(of.boot)
        .bind(of.lease.num_microseconds().unwrap_or_default())
        .bind(of.applied)
        .bind(of.confirmed_at)
        .fetch_optional()
        .await
    }

    /// The rules of every node that may be serving, by the nodes' names. On SQLite heartbeats write
    /// nothing, so these are the rules of the last started server that has not stopped properly.
    pub async fn list_rules_of_nodes(
        &mut self,
        ours: Timestamp,
    ) -> Result<Vec<NodeRules>, StoreError> {
        let now = if self.is_postgres() {
            self.store_now(ours).await?
        } else {
            Timestamp::UNIX_EPOCH
        };
        self.list_rules_held_at(now).await
    }

    /// Whether a node is the first of those that may be serving. This one does the tasks that one
    /// node does for all. While nodes start and stop, there may be two or none for a moment.
    pub async fn is_first_node(&mut self, boot: &str, ours: Timestamp) -> Result<bool, StoreError> {
        if !self.is_postgres() {
            return Ok(true);
        }
        let now = self.store_now(ours).await?;
        Ok(self.count_nodes_before(boot, now).await? == 0)
    }

    /// An instant that has certainly passed for this process, the store's clock and every live
    /// node.
    pub async fn certain_now(&mut self, ours: Timestamp) -> Result<Timestamp, StoreError> {
        let (now, alive_since) = match self.is_postgres() {
            true => {
                let now = self.store_now(ours).await?;
                (now, now - SURELY_DEAD)
            }
            false => (ours, Timestamp::UNIX_EPOCH),
        };
        let nodes = self.least_confirmed_instant(alive_since).await?;
        Ok(nodes.map_or(now, |nodes| nodes.min(now)).min(ours))
    }

    /// A node is certainly dead if its lease ended before this instant. On SQLite every other node
    /// is, because this process holds the file's lock.
    pub async fn dead_before(&mut self, now: Timestamp) -> Result<Timestamp, StoreError> {
        if self.is_postgres() {
            Ok(self.store_now(now).await? - SURELY_DEAD)
        } else {
            Ok(Timestamp::MAX_UTC)
        }
    }
}

impl Bookkeeping<'_> {
    /// Adds a node that is about to serve. On SQLite earlier ones have stopped.
    pub async fn add_node(&mut self, node: &NewNode, ours: Timestamp) -> Result<(), StoreError> {
        let now = self.store_now(ours).await?;
        self.insert_node(node, now).await?;
        if !self.is_postgres() {
            self.end_other_nodes(&node.boot, now).await?;
        }
        Ok(())
    }

    /// Marks a node as stopped, with nothing left open.
    pub async fn end_node(
        &mut self,
        boot: &str,
        ours: Timestamp,
        confirmed_at: Timestamp,
    ) -> Result<(), StoreError> {
        let now = self.store_now(ours).await?;
        self.mark_node_ended(boot, now, confirmed_at).await
    }
}

impl Store {
    /// Deletes nodes that have been dead for long.
    pub async fn prune_nodes(&self, boot: &str, now: Timestamp) -> Result<u64, StoreError> {
        let boot = boot.to_owned();
        self.write(super::Priority::Normal, boot, move |boot, tx| {
            Box::pin(async move {
                let before = tx.store_now(now).await? - KEPT;
                tx.prune_other_nodes(boot, before).await
            })
        })
        .await
    }
}
