//! What was done to a staff member's account, and where to find what they did.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::{
    components::Panel, domain::staff::StaffDetail, pages::audit_log::table::Table, paths,
    query::Query,
};

#[component]
pub(super) fn History(detail: StaffDetail) -> impl IntoView {
    let id = detail.row.member.id.to_string();
    let acts = Query::default().with("actor", &id).of(paths::AUDIT);
    let sessions = Query::default()
        .with("staff", &id)
        .of(paths::SUPPORT_SESSIONS);
    let links = move || {
        view! {
            <span class="bar push">
                <a class="link" href=acts.clone()>
                    "Everything they did"
                </a>
                <a class="link" href=sessions.clone()>
                    "Their support sessions"
                </a>
            </span>
        }
    };
    let body = match detail.events.is_empty() {
        true => view! { <p class="panel-body muted">"Nothing in the last 90 days."</p> }.into_any(),
        false => view! {
            <Table events=detail.events tenants=Vec::new() answers=BTreeMap::new()/>
        }
        .into_any(),
    };
    view! {
        <Panel id="history-title" title="Account history, last 90 days" beside=links>
            {body}
        </Panel>
    }
    .into_any()
}
