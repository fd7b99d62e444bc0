//! The nodes as shown to people: their confirmations of a revocation, and their rules.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// One node's confirmation of a revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeReceipt {
    /// The configured `node_name` of the node.
    pub node: String,
    /// When the revocation was about to be committed, by the store's clock.
    pub asked_at: DateTime<Utc>,
    /// When the node's lease at that time ends. After that it forwards nothing, confirmed or not.
    pub lease_until: DateTime<Utc>,
    /// The confirmation, once received.
    pub confirmed: Option<NodeConfirmation>,
}

/// A node has stopped everything in a support session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeConfirmation {
    /// The delay after the commit of the revocation, in microseconds. Slightly too high, because it
    /// is measured from just before.
    pub after_us: u64,
    /// How many of its requests in the session were cut, those while it was active included.
    pub requests_cut: u64,
    /// When the first byte of the node's last request went upstream, in microseconds after the
    /// revocation (negative: before it). `None` if it sent none.
    pub last_sent_us: Option<i64>,
}

/// A start of a server, as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServingNode {
    /// The configured `node_name` of the node.
    pub node: String,
    /// The program's version; empty if an earlier version started.
    pub version: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When its lease ends unless it is renewed. On SQLite the lease is renewed elsewhere, and this is up to 10 seconds old.
    pub lease_until: DateTime<Utc>,
    /// When it stopped; `None` if it hasn't, or has died.
    pub ended_at: Option<DateTime<Utc>>,
    /// The hash of its rules; empty without a gateway.
    pub rules: String,
}

/// The rules that a node uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRules {
    /// The configured `node_name` of the node.
    pub node: String,
    /// The hash of its rules.
    pub rules: String,
}

impl NodeRules {
    /// The node with as much of the hash as people compare.
    pub fn short(&self) -> String {
        let hash = self.rules.get(..12).unwrap_or(&self.rules);
        format!("{} ({hash})", self.node)
    }
}

/// Whether these nodes have different rules. In that case none of them forwards anything.
pub fn rules_differ(nodes: &[NodeRules]) -> bool {
    nodes.windows(2).any(|pair| pair[0].rules != pair[1].rules)
}

/// The state of a node's confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptState {
    /// The node has confirmed.
    Confirmed(NodeConfirmation),
    /// It may still confirm, and may still serve.
    Awaited,
    /// It did not confirm in time. It has forwarded nothing since its lease ended.
    LeaseOver,
}

impl NodeReceipt {
    /// The state at `now`.
    pub fn state(&self, now: Timestamp) -> ReceiptState {
        match self.confirmed {
            Some(confirmed) => ReceiptState::Confirmed(confirmed),
            None if now < self.lease_until => ReceiptState::Awaited,
            None => ReceiptState::LeaseOver,
        }
    }
}

/// The last request of all, in microseconds after the revocation, if any node sent one.
pub fn last_sent_us(receipts: &[NodeReceipt]) -> Option<i64> {
    let confirmed = receipts.iter().filter_map(|receipt| receipt.confirmed);
    confirmed.filter_map(|node| node.last_sent_us).max()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn noon() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn silent() -> NodeReceipt {
        NodeReceipt {
            node: "a".into(),
            asked_at: noon(),
            lease_until: noon() + TimeDelta::seconds(1),
            confirmed: None,
        }
    }

    fn confirmed(last_sent_us: Option<i64>) -> NodeReceipt {
        NodeReceipt {
            confirmed: Some(NodeConfirmation {
                after_us: 900,
                requests_cut: 2,
                last_sent_us,
            }),
            ..silent()
        }
    }

    #[test]
    fn a_node_is_awaited_until_its_lease_is_over() {
        assert_eq!(silent().state(noon()), ReceiptState::Awaited);
        let over = noon() + TimeDelta::seconds(1);
        assert_eq!(silent().state(over), ReceiptState::LeaseOver);
        assert!(matches!(
            confirmed(None).state(over),
            ReceiptState::Confirmed(NodeConfirmation {
                requests_cut: 2,
                ..
            })
        ));
    }

    #[test]
    fn the_last_request_of_all_nodes_counts() {
        let nodes = [confirmed(Some(-70)), confirmed(Some(-9)), silent()];
        assert_eq!(last_sent_us(&nodes), Some(-9));
        assert_eq!(last_sent_us(&[confirmed(None)]), None);
    }
}
