//! The notices on every page while the gateway lets nothing through.

use leptos::prelude::*;

use crate::{
    components::{Notice, Timestamp, Tone, format::Precision},
    domain::{nodes::NodeRules, signed_in::SignedIn},
    signed_in::WhileSignedIn,
};

/// Why the gateway lets nothing through, for as long as it does.
#[component]
pub(super) fn StoppedNotices() -> impl IntoView {
    view! {
        <Alert why=cannot_record/>
        <Alert why=rules_differ/>
    }
}

#[component]
fn Alert(why: fn(&SignedIn) -> Option<AnyView>) -> impl IntoView {
    let show = move |signed_in: SignedIn| {
        let why = why(&signed_in).filter(|_| signed_in.may_enter())?;
        Some(view! {
            <Notice tone=Tone::Bad>
                <strong>"All support requests are refused."</strong>
                {why}
            </Notice>
        })
    };
    view! {
        <div role="alert" class="contents">
            <WhileSignedIn show/>
        </div>
    }
}

fn cannot_record(signed_in: &SignedIn) -> Option<AnyView> {
    let outage = signed_in.record_outage.as_ref()?;
    let (since, cause) = (outage.since, outage.cause.sentence());
    let why = view! {
        " Recording has failed since "
        <Timestamp at=since precision=Precision::Second/>
        ". "
        {cause}
    };
    Some(why.into_any())
}

fn rules_differ(signed_in: &SignedIn) -> Option<AnyView> {
    let nodes: Vec<String> = signed_in
        .rules_differ
        .iter()
        .map(NodeRules::short)
        .collect();
    let why = view! {
        " The gateway's nodes have different rules: "
        {nodes.join(", ")}
        ". Start every node with the same rules."
    };
    (!nodes.is_empty()).then(|| why.into_any())
}
