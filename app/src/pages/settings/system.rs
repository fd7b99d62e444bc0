//! The program, the servers and the store.

use leptos::prelude::*;

use crate::{
    components::{
        Ago, Fact, Notice, Outside, Panel, TableBox, Timestamp, Tone, columns,
        format::{self, percent_of},
    },
    domain::{
        Timestamp as Instant,
        nodes::{NodeRules, ServingNode, rules_differ},
        settings::{SettingsDetail, SizeAt},
    },
};

#[component]
pub(super) fn Version(detail: SettingsDetail) -> impl IntoView {
    view! {
        <Panel id="version-title" title="Program">
            <dl class="facts">
                <Fact name="Version"><code>{detail.version}</code></Fact>
                <Fact name="Licence"><code>{detail.licence}</code></Fact>
            </dl>
        </Panel>
    }
}

#[component]
pub(super) fn Nodes(detail: SettingsDetail) -> impl IntoView {
    let (at, is_leased) = (detail.at, detail.store.engine != "SQLite");
    let serving = |node: &&ServingNode| is_serving(node, at, is_leased);
    let rules: Vec<NodeRules> = detail
        .nodes
        .iter()
        .filter(serving)
        .filter(|node| !node.rules.is_empty())
        .map(|node| NodeRules {
            node: node.node.clone(),
            rules: node.rules.clone(),
        })
        .collect();
    let differ = rules_differ(&rules).then(|| {
        view! {
            <Notice tone=Tone::Bad>
                "Nodes have different rules, so none of them forwards anything. Give all the same configuration."
            </Notice>
        }
    });
    let rows = detail
        .nodes
        .into_iter()
        .map(|node| view! { <NodeRow node at is_leased/> });
    let rows = rows.collect_view();
    view! {
        <Panel id="nodes-title" title="Nodes">
            {differ}
            <TableBox label="Nodes" class="stacked">
                {columns(["Node", "State", "Version", "Rules", "Started", "Lease"])}
                <tbody>{rows}</tbody>
            </TableBox>
        </Panel>
    }
    .into_any()
}

/// Without leases that are written, the one that hasn't stopped serves: it answers.
fn is_serving(node: &ServingNode, at: Instant, is_leased: bool) -> bool {
    node.ended_at.is_none() && (!is_leased || node.lease_until > at)
}

#[component]
fn NodeRow(node: ServingNode, at: Instant, is_leased: bool) -> impl IntoView {
    let state = match (node.ended_at, is_serving(&node, at, is_leased)) {
        (None, true) => view! { <span class="tag">"Serving"</span> }.into_any(),
        (None, false) => view! { <span class="tag">"Lost"</span> }.into_any(),
        (Some(ended), _) => view! {
            <span class="muted">"Stopped "</span>
            <Ago at=ended now=at in_row=true/>
        }
        .into_any(),
    };
    let version = match node.version.is_empty() {
        true => view! { <span class="muted">"Not known"</span> }.into_any(),
        false => view! { <code>{node.version.clone()}</code> }.into_any(),
    };
    let rules = match node.rules.get(..12) {
        Some(short) => {
            view! { <code title=node.rules.clone()>{short.to_owned()}</code> }.into_any()
        }
        None => view! { <span class="muted">"No gateway"</span> }.into_any(),
    };
    let lease = match is_leased {
        true => view! { "until " <Timestamp at=node.lease_until in_row=true/> }.into_any(),
        false => view! { <span class="muted">"The only node (SQLite)"</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row"><Outside text=node.node/></th>
            <td data-label="State">{state}</td>
            <td data-label="Version">{version}</td>
            <td data-label="Rules">{rules}</td>
            <td data-label="Started"><Timestamp at=node.started_at in_row=true/></td>
            <td data-label="Lease">{lease}</td>
        </tr>
    }
    .into_any()
}

#[component]
pub(super) fn StoreFacts(detail: SettingsDetail) -> impl IntoView {
    let store = detail.store;
    let growth = |since: Option<SizeAt>| growth(since, store.bytes);
    let (day, month) = (growth(store.day_ago), growth(store.month_ago));
    view! {
        <Panel id="store-title" title="Data store">
            <dl class="facts">
                <Fact name="Engine">{store.engine}</Fact>
                <Fact name="Schema">{store.schema.to_string()}</Fact>
                <Fact name="Size">{format::bytes(store.bytes)}</Fact>
                <Fact name="Last 24 hours">{day}</Fact>
                <Fact name="Last 30 days">{month}</Fact>
            </dl>
            <p class="panel-body muted">"The size is recorded once an hour."</p>
        </Panel>
    }
    .into_any()
}

/// How much larger the store is than it was.
fn growth(since: Option<SizeAt>, bytes: u64) -> AnyView {
    let Some(SizeAt { at, bytes: before }) = since else {
        return view! { <span class="muted">"Not known yet"</span> }.into_any();
    };
    let text = match bytes.checked_sub(before) {
        Some(0) => "Unchanged".to_owned(),
        Some(more) if before > 0 => {
            format!("+{} ({})", format::bytes(more), percent_of(more, before))
        }
        Some(more) => format!("+{}", format::bytes(more)),
        None => format!("−{}", format::bytes(before - bytes)),
    };
    view! {
        {text}
        <span class="muted">" since " <Timestamp at/></span>
    }
    .into_any()
}
