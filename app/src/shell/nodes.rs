//! The notice on every page while the nodes of the gateway have different rules.

use leptos::prelude::*;

use super::use_signed_in;
use crate::{
    components::{Icon, IconName, Settled},
    domain::{nodes::NodeRules, staff::SignedIn},
};

/// Stays as long as the gateway lets nothing through because nobody knows which rules are meant.
#[component]
pub(super) fn RulesDifferNotice() -> impl IntoView {
    let signed_in = use_signed_in();
    view! {
        <div role="alert" class="contents">
            <Settled
                resource=signed_in.resource()
                show=|signed_in| {
                    let signed_in = signed_in.ok().flatten().filter(SignedIn::may_enter)?;
                    let nodes = signed_in.rules_differ;
                    (!nodes.is_empty()).then(|| view! { <RulesDiffer nodes/> })
                }
            />
        </div>
    }
}

#[component]
fn RulesDiffer(nodes: Vec<NodeRules>) -> impl IntoView {
    let nodes: Vec<String> = nodes.iter().map(NodeRules::short).collect();
    view! {
        <div class="notice bad">
            <Icon name=IconName::Bad size=18/>
            <p>
                <strong>"No support request is let through."</strong>
                " The gateway's nodes have different rules: "
                {nodes.join(", ")}
                ". Start every node with the same rules."
            </p>
        </div>
    }
}
