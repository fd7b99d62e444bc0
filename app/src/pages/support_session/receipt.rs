//! The receipt of a revocation: when the last request went out, and what each node has confirmed.

use leptos::prelude::*;

use super::follow::LiveSession;
use crate::{
    components::{Fact, format::counted, use_viewer},
    domain::{
        Timestamp,
        nodes::{NodeReceipt, ReceiptState, last_sent_us},
    },
};

/// Rows for the list of facts; nothing before a revocation.
#[component]
pub(super) fn Receipt(session: LiveSession) -> impl IntoView {
    let viewer = use_viewer();
    move || {
        let revocation = session.session.with(|session| session.revocation.clone());
        let receipts = revocation.map_or_else(Vec::new, |revocation| revocation.receipts);
        (!receipts.is_empty()).then(|| {
            let now = viewer.now_or(session.at.get());
            let last_request = last_request(&receipts, now);
            let nodes = receipts.into_iter().map(|receipt| {
                let told = told(&receipt, now);
                view! { <li>"Gateway " <code>{receipt.node}</code> " " {told}</li> }
            });
            let nodes = nodes.collect_view();
            view! {
                <Fact name="Last request" class="num">{last_request}</Fact>
                <Fact name="Confirmation">
                    <ul class="bare">{nodes}</ul>
                </Fact>
            }
        })
    }
}

/// When the last request of all nodes was sent.
fn last_request(receipts: &[NodeReceipt], now: Timestamp) -> String {
    let awaited = receipts
        .iter()
        .any(|receipt| receipt.state(now) == ReceiptState::Awaited);
    match last_sent_us(receipts) {
        _ if awaited => "Waiting for every gateway".into(),
        None => "None known".into(),
        Some(us) if us > 0 => format!("{} after the revocation", span(us.unsigned_abs())),
        Some(us) => format!("{} before the revocation", span(us.unsigned_abs())),
    }
}

/// The state of a node's confirmation, in words.
fn told(receipt: &NodeReceipt, now: Timestamp) -> String {
    match receipt.state(now) {
        ReceiptState::Confirmed(confirmed) => {
            let open = match confirmed.requests_cut {
                0 => "no open requests".to_owned(),
                cut => counted(cut, "open request cut off", "open requests cut off"),
            };
            format!("confirmed in {}; {open}", span(confirmed.after_us))
        }
        ReceiptState::Awaited => "has not confirmed yet".into(),
        ReceiptState::LeaseOver => {
            "has not confirmed. Its lease has run out, so it can't forward requests.".into()
        }
    }
}

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
        assert_eq!(
            told(&confirmed, noon()),
            "confirmed in 4.1 ms; 1 open request cut off"
        );
        let silent = receipt(None);
        assert_eq!(told(&silent, noon()), "has not confirmed yet");
        let later = noon() + TimeDelta::seconds(2);
        assert!(told(&silent, later).contains("has not confirmed. Its lease has run out"));
        let all = [confirmed, silent];
        assert_eq!(last_request(&all, noon()), "Waiting for every gateway");
        assert_eq!(last_request(&all, later), "1.2 s before the revocation");
    }
}
