//! Whether the nodes on the store agree on their rules.

use app::domain::nodes::{NodeRules, rules_differ};
use gateway::clock::{Clock, SystemClock};
use store::{Store, StoreError};

use super::{Check, with_cause};
use crate::config::Config;

/// Compares the rules of the serving nodes with those of this configuration; `None` without a
/// gateway.
pub(super) async fn rules(config: &Config, store: &Store) -> Option<Check> {
    let own = config.rule_source()?.hash();
    Some(match serving(store).await {
        Ok(nodes) => judge(&own, &nodes),
        Err(error) => Check::of("rules of the nodes", Err(with_cause(&error))),
    })
}

async fn serving(store: &Store) -> Result<Vec<NodeRules>, StoreError> {
    let mut reader = store.read().await?;
    reader.db().list_rules_of_nodes(SystemClock.now()).await
}

fn judge(own: &str, nodes: &[NodeRules]) -> Check {
    let named: Vec<String> = nodes.iter().map(NodeRules::short).collect();
    let named = named.join(", ");
    let what = "rules of the nodes".to_owned();
    if rules_differ(nodes) {
        let fault = format!(
            "they differ, so the gateway refuses all requests: {named}; start every node with \
             the same [gateway] rules and scopes"
        );
        return Check::of(what, Err(fault));
    }
    let own = own.get(..12).unwrap_or(own);
    let what = match nodes.first() {
        None => format!("{what} (none running; this configuration has {own})"),
        Some(node) if node.rules.starts_with(own) => format!("{what}: {named}"),
        Some(_) => format!(
            "{what}: {named}; this configuration has other rules ({own}): restart all nodes with \
             it at the same time"
        ),
    };
    Check { what, fault: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(rules: &[&str]) -> Vec<NodeRules> {
        let nodes = ["a", "b"].iter().zip(rules);
        let node = |(node, rules): (&&str, &&str)| NodeRules {
            node: (*node).to_owned(),
            rules: rules.repeat(16),
        };
        nodes.map(node).collect()
    }

    #[test]
    fn the_nodes_rules_are_shown_and_only_a_difference_is_a_fault() {
        let own = "abcd".repeat(16);
        for (rules, fault, part) in [
            (&[][..], false, "none running"),
            (&["abcd"], false, "a (abcdabcdabcd)"),
            (&["abcd", "abcd"], false, "b (abcdabcdabcd)"),
            (&["0123"], false, "restart all nodes"),
            (
                &["abcd", "0123"],
                true,
                "a (abcdabcdabcd), b (012301230123)",
            ),
        ] {
            let check = judge(&own, &nodes(rules));
            assert_eq!(check.fault.is_some(), fault, "{rules:?}");
            let said = format!("{} {}", check.what, check.fault.unwrap_or_default());
            assert!(said.contains(part), "{said}");
        }
    }
}
