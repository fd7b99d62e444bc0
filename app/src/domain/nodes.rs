//! Nodes, as far as people see them: what each has confirmed of a revocation, and by which rules each
//! would serve.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// What one node that served at a revocation has confirmed of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeReceipt {
    /// What people call the node.
    pub node: String,
    /// When the revocation was about to be committed, by the store's clock.
    pub asked_at: DateTime<Utc>,
    /// When the lease that the node may have held then is over: from here on it sends nothing,
    /// whether it has confirmed or not.
    pub lease_until: DateTime<Utc>,
    /// What it has confirmed, if it has.
    pub confirmed: Option<NodeConfirmation>,
}

/// A node has stopped everything in a support session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeConfirmation {
    /// How long after the revocation was committed, in microseconds; a little more, since it counts
    /// from just before.
    pub after_us: u64,
    /// How many of its requests in the session were cut, those while it was active included.
    pub requests_cut: u64,
    /// When the first byte of its last request went upstream, in microseconds after the revocation:
    /// below zero before it. `None` if it sent none.
    pub last_sent_us: Option<i64>,
}

/// By which rules a node lets requests through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRules {
    /// What people call the node.
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

/// Whether these nodes have different rules: then none of them lets anything through.
pub fn rules_differ(nodes: &[NodeRules]) -> bool {
    nodes.windows(2).any(|pair| pair[0].rules != pair[1].rules)
}

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptState {
    /// It has confirmed.
    Confirmed(NodeConfirmation),
    /// It may still confirm, and may still serve.
    Awaited,
    /// It did not confirm while it could; it has served nothing since its lease was over.
    LeaseOver,
}

impl NodeReceipt {
    /// Where the node stands at `now`.
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
