//! Nodes with different rules refuse everything, because only people know which rules are right.

use app::domain::nodes::NodeRules;
use gateway::telemetry;
use store::{ChangeKind, Priority};
use tokio::time::Instant;

use super::{Node, NodeError, TELL_EVERY};

impl Node {
    /// Another node that may be serving has other rules. This one stops serving, and says so.
    pub(super) async fn stand_still(&mut self) -> Result<(), NodeError> {
        self.lease.withhold();
        let told_at = self.told_of_rules;
        if told_at.is_some_and(|at| at.elapsed() < TELL_EVERY) {
            return Ok(());
        }
        let now = self.core.now();
        let nodes = self.reader().await?.db().list_rules_of_nodes(now).await?;
        let nodes: Vec<String> = nodes.iter().map(NodeRules::short).collect();
        tracing::error!(
            nodes = nodes.join(", "),
            "the nodes on this data store have different rules: the gateway refuses all requests \
             until every node has the same rules"
        );
        self.told_of_rules = Some(Instant::now());
        if told_at.is_none() {
            telemetry::rules_agree(false);
            self.tell_pages();
        }
        Ok(())
    }

    /// Every node that may be serving has the same rules.
    pub(super) fn agree(&mut self) {
        if self.told_of_rules.take().is_some() {
            telemetry::rules_agree(true);
            tracing::info!("the nodes on this data store have the same rules again");
            self.tell_pages();
        }
    }

    /// No actor. If the message is lost, a page stays as it is until it is reloaded.
    fn tell_pages(&self) {
        let (core, boot) = (self.core.clone(), self.boot.clone());
        tokio::spawn(async move {
            let (store, now) = (core.store, core.clock.now());
            let told = store.write(Priority::Normal, boot, move |boot, tx| {
                Box::pin(async move { tx.change(ChangeKind::Node, boot, now).await })
            });
            if let Err(error) = told.await {
                tracing::warn!(error = %error, "can't announce the nodes' rules to open pages");
            }
        });
    }
}
