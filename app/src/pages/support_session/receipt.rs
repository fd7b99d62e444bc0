//! The receipt of a revocation: when the last request went out, and what each node has confirmed.

use leptos::prelude::*;

use super::follow::LiveSession;
use crate::{
    components::{format::counted, use_viewer},
    domain::{
        Timestamp,
        nodes::{NodeReceipt, ReceiptState, last_sent_us},
    },
};

/// Rows for the list of facts; nothing before a revocation.
#[component]
pub(super) fn Receipt(
    /// The session.
    session: LiveSession,
) -> impl IntoView {
    let viewer = use_viewer();
    move || {
        let revocation = session.session.with(|session| session.revocation.clone());
        let receipts = revocation.map_or_else(Vec::new, |revocation| revocation.receipts);
        (!receipts.is_empty()).then(|| {
            let now = viewer.now_or(session.at.get());
            let nodes = receipts.iter().map(|receipt| {
                view! { <li><code>{receipt.node.clone()}</code> ": " {told(receipt, now)}</li> }
            });
            view! {
                <dt>"Last request sent"</dt>
                <dd class="num">{last_request(&receipts, now)}</dd>
                <dt>"Confirmed by"</dt>
                <dd><ul class="plain" role="status">{nodes.collect_view()}</ul></dd>
            }
        })
    }
}

/// When the last request of all nodes went out.
fn last_request(receipts: &[NodeReceipt], now: Timestamp) -> String {
    let awaited = receipts
        .iter()
        .any(|receipt| receipt.state(now) == ReceiptState::Awaited);
    match last_sent_us(receipts) {
        _ if awaited => "Waiting for every node".into(),
        None => "None known".into(),
        Some(us) if us > 0 => format!("{} after the revocation", span(us.unsigned_abs())),
        Some(us) => format!("{} before the revocation", span(us.unsigned_abs())),
    }
}

/// Where a node stands, in words.
fn told(receipt: &NodeReceipt, now: Timestamp) -> String {
    match receipt.state(now) {
        ReceiptState::Confirmed(confirmed) => format!(
            "after {}, {} cut",
            span(confirmed.after_us),
            counted(confirmed.requests_cut, "request", "requests")
        ),
        ReceiptState::Awaited => "not yet".into(),
        ReceiptState::LeaseOver => "did not confirm; its lease is over, so it sends nothing".into(),
    }
}

/// A short span of time.
fn span(us: u64) -> String {
    match us {
        0..10_000 => format!("{}.{} ms", us / 1000, us % 1000 / 100),
        10_000..1_000_000 => format!("{} ms", us / 1000),
        1_000_000..60_000_000 => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
        _ => format!("{} min", us / 60_000_000),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::nodes::NodeConfirmation;

    fn noon() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn receipt(confirmed: Option<NodeConfirmation>) -> NodeReceipt {
        NodeReceipt {
            node: "a".into(),
            asked_at: noon(),
            lease_until: noon() + TimeDelta::seconds(2),
            confirmed,
        }
    }

    #[test]
    fn spans_are_as_precise_as_they_are_short() {
        let spans = [840, 12_345, 1_204_000, 59_999_999, 600_000_000].map(span);
        assert_eq!(spans, ["0.8 ms", "12 ms", "1.2 s", "59.9 s", "10 min"]);
    }

    #[test]
    fn a_node_is_told_of_as_it_stands() {
        let confirmed = receipt(Some(NodeConfirmation {
            after_us: 4_100,
            requests_cut: 1,
            last_sent_us: Some(-1_204_000),
        }));
        assert_eq!(told(&confirmed, noon()), "after 4.1 ms, 1 request cut");
        let silent = receipt(None);
        assert_eq!(told(&silent, noon()), "not yet");
        let later = noon() + TimeDelta::seconds(2);
        assert!(told(&silent, later).contains("did not confirm"));
        let all = [confirmed, silent];
        assert_eq!(last_request(&all, noon()), "Waiting for every node");
        assert_eq!(last_request(&all, later), "1.2 s before the revocation");
    }
}
