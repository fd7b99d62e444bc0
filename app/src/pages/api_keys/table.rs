//! The table of API keys.

use leptos::prelude::*;

use crate::{
    components::{
        Ago, KeyStateBadge, Outside, RowLink, TableBox, Timestamp, columns, format::Precision,
    },
    domain::{
        Timestamp as Instant,
        api_keys::{ApiKey, ApiKeyList, ApiKeyState, ApiKeyUse},
        tenants::TenantRef,
    },
    paths,
};

#[component]
pub(super) fn Table(list: ApiKeyList) -> impl IntoView {
    let (at, tenants) = (list.at, list.tenants);
    let row = |key: ApiKey| {
        let tenant = tenants
            .iter()
            .find(|tenant| Some(&tenant.id) == key.tenant_id.as_ref());
        view! { <Row key tenant=tenant.cloned() at/> }
    };
    let rows = list.keys.items.into_iter().map(row).collect_view();
    view! {
        <TableBox label="API keys" class="stacked">
            {columns([
                "Name",
                "State",
                "Tenant",
                "Rights",
                "Last used",
                "Expires",
                "Created",
                "Created by",
            ])}
            <tbody>{rows}</tbody>
        </TableBox>
    }
}

#[component]
fn Row(key: ApiKey, tenant: Option<TenantRef>, at: Instant) -> impl IntoView {
    let path = paths::api_key(key.id);
    let state = key.state(at);
    let reach = match (tenant, &key.tenant_id) {
        (Some(tenant), _) => view! { <Outside text=tenant.name/> }.into_any(),
        (None, Some(id)) => view! { <code>{id.to_string()}</code> }.into_any(),
        (None, None) => view! { <span class="muted">"All (platform)"</span> }.into_any(),
    };
    let rights = key.rights.iter().map(|right| {
        view! { <code class="tag">{right.as_str()}</code> " " }
    });
    let rights = rights.collect_view();
    let expires = match key.expires_at {
        Some(at) => view! { <Timestamp at precision=Precision::Date in_row=true/> }.into_any(),
        None => view! { <span class="muted">"Never"</span> }.into_any(),
    };
    let overlap = key.overlap(at).map(|until| {
        view! {
            <span class="since">
                "previous secret until "
                <Timestamp at=until precision=Precision::Minute in_row=true/>
            </span>
        }
    });
    let created_by = key.created_by.clone();
    view! {
        <RowLink href=path.clone()>
            <th scope="row">
                <a class="name" href=path>
                    <strong><Outside text=key.name.clone()/></strong>
                </a>
            </th>
            <td data-label="State">
                <KeyStateBadge state/>
                {overlap}
            </td>
            <td data-label="Tenant">{reach}</td>
            <td data-label="Rights">{rights}</td>
            <td data-label="Last used"><LastUse key=key.clone() at/></td>
            <td data-label="Expires">{expires}</td>
            <td data-label="Created">
                <Timestamp at=key.created_at precision=Precision::Date in_row=true/>
            </td>
            <td data-label="Created by"><Maker name=created_by/></td>
        </RowLink>
    }
    .into_any()
}

/// Who made a key.
#[component]
pub(in crate::pages) fn Maker(name: String) -> impl IntoView {
    match name.is_empty() {
        true => view! { <span class="muted">"Not recorded"</span> }.into_any(),
        false => view! { <Outside text=name/> }.into_any(),
    }
}

/// When and from where a key was last used, and whether that is long ago.
#[component]
pub(in crate::pages) fn LastUse(
    key: ApiKey,
    /// The server's time when the page was made.
    at: Instant,
    #[prop(default = true)] in_row: bool,
) -> impl IntoView {
    let is_active = key.state(at) == ApiKeyState::Active;
    let mark =
        |text: &'static str| is_active.then(|| view! { <span class="tag">{text}</span> " " });
    let from = key.last_used_from.clone();
    let from =
        (!from.is_empty()).then(|| view! { <span class="since"><Outside text=from/></span> });
    let ago = |used: Instant| view! { <Ago at=used now=at in_row/> };
    match key.usage(at) {
        ApiKeyUse::Recent => view! { {key.last_used_at.map(ago)} {from} }.into_any(),
        ApiKeyUse::NotSince(since) => view! {
            {mark("Unused for 90 days")}
            {ago(since)}
            {from}
        }
        .into_any(),
        ApiKeyUse::NoneNoted(since) => view! {
            <span class="muted">"Not since "</span>
            <Timestamp at=since precision=Precision::Date in_row/>
        }
        .into_any(),
        ApiKeyUse::Never => match is_active {
            true => view! { {mark("Never used")} }.into_any(),
            false => view! { <span class="muted">"Never"</span> }.into_any(),
        },
    }
}
