//! What is known of a key.

use leptos::prelude::*;

use crate::{
    components::{
        CopyCode, Fact, Outside, Panel, Timestamp,
        format::{counted, thousands},
    },
    domain::{Timestamp as Instant, api_keys::ApiKeyDetail},
    pages::api_keys::table::{LastUse, Maker},
    paths,
};

#[component]
pub(super) fn Facts(detail: ApiKeyDetail) -> impl IntoView {
    view! {
        <Permissions detail=detail.clone()/>
        <Uses detail/>
    }
}

#[component]
fn Permissions(detail: ApiKeyDetail) -> impl IntoView {
    let limit = limit_in_words(&detail);
    let key = detail.key;
    let reach = match key.tenant_id {
        Some(id) => {
            let name = detail.tenant_name.unwrap_or_else(|| id.to_string());
            view! {
                <a class="link" href=paths::tenant(&id)>
                    <Outside text=name/>
                </a>
            }
            .into_any()
        }
        None => "All tenants (a key of the platform)".into_any(),
    };
    let rights = key.rights.iter().map(|right| {
        view! {
            <li>
                <code>{right.as_str()}</code>
                " "
                <span class="muted">{right.meaning()}</span>
            </li>
        }
    });
    let rights = rights.collect_view();
    let addresses = match key.allowed_addresses.is_empty() {
        true => "Everywhere".into_any(),
        false => {
            let each = key.allowed_addresses.iter();
            let each =
                each.map(|network| view! { <code class="tag">{network.to_string()}</code> " " });
            each.collect_view().into_any()
        }
    };
    view! {
        <Panel id="permissions-title" title="Permissions">
            <dl class="facts">
                <Fact name="Key ID">
                    <CopyCode text=key.id.to_string() what="key ID"/>
                </Fact>
                <Fact name="Reach">{reach}</Fact>
                <Fact name="Rights">
                    <ul>{rights}</ul>
                </Fact>
                <Fact name="Allowed addresses">{addresses}</Fact>
                <Fact name="Limit">{limit}</Fact>
            </dl>
        </Panel>
    }
    .into_any()
}

#[component]
fn Uses(detail: ApiKeyDetail) -> impl IntoView {
    let (key, at) = (detail.key, detail.at);
    let (created_at, created_by) = (key.created_at, key.created_by.clone());
    let expires = match key.expires_at {
        Some(at) => view! { <Timestamp at/> }.into_any(),
        None => view! { <span class="muted">"Never"</span> }.into_any(),
    };
    let overlap = key.overlap(at);
    let rotated = key.rotated_at.map(|rotated| {
        view! {
            <Fact name="Rotated"><Timestamp at=rotated/></Fact>
            <Fact name="Previous secret">{previous(overlap)}</Fact>
        }
    });
    let revoked = key
        .revoked_at
        .map(|revoked| view! { <Fact name="Revoked"><Timestamp at=revoked/></Fact> });
    view! {
        <Panel id="use-title" title="Use">
            <dl class="facts">
                <Fact name="Last used"><LastUse key at in_row=false/></Fact>
                <Fact name="Created"><Timestamp at=created_at/></Fact>
                <Fact name="Created by"><Maker name=created_by/></Fact>
                <Fact name="Expires">{expires}</Fact>
                {rotated}
                {revoked}
            </dl>
            <p class="panel-body muted">"The last use is recorded to the minute."</p>
        </Panel>
    }
    .into_any()
}

fn previous(overlap: Option<Instant>) -> AnyView {
    match overlap {
        Some(until) => view! { "Works until " <Timestamp at=until/> }.into_any(),
        None => "No longer works".into_any(),
    }
}

fn limit_in_words(detail: &ApiKeyDetail) -> String {
    let each = |number: u64| match number {
        0 => "no limit".to_owned(),
        number => thousands(number),
    };
    match detail.key.requests_per_minute {
        Some(own) => {
            let own = counted(own.into(), "request", "requests");
            format!("{own} per minute for reading, and as many for reporting, on each node")
        }
        None => format!(
            "As configured: {} requests per minute for reading, {} for reporting, on each node",
            each(detail.configured_requests),
            each(detail.configured_reports)
        ),
    }
}
