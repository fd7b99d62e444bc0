//! The table of audit events.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::{
    components::{
        OutcomeBadge, Outside, RowLink, SortHeader, TableBox, Timestamp, format::Precision,
    },
    domain::{
        TenantId,
        audit::{AuditEvent, OF_REQUEST, REFUSED, RESPONSE, RequestAnswer},
        page::Direction,
        tenants::TenantRef,
    },
    pages::audit_event::shortened,
    paths,
    query::audit::AuditQuery,
};

#[component]
pub(in crate::pages) fn Table(
    events: Vec<AuditEvent>,
    tenants: Vec<TenantRef>,
    /// What became of the requests, by their identifiers.
    answers: BTreeMap<String, RequestAnswer>,
    /// The query of the list, if it can be sorted.
    #[prop(optional)]
    query: Option<AuditQuery>,
) -> impl IntoView {
    let names: BTreeMap<TenantId, String> = tenants
        .into_iter()
        .map(|tenant| (tenant.id, tenant.name))
        .collect();
    let time = query.map_or_else(
        || view! { <th scope="col">"Time"</th> }.into_any(),
        |query| {
            let sorted = match query.is_oldest_first() {
                true => Direction::Ascending,
                false => Direction::Descending,
            };
            view! {
                <SortHeader
                    label="Time"
                    sorted=Signal::stored(Some(sorted))
                    href=Signal::stored(query.in_other_order())
                />
            }
            .into_any()
        },
    );
    let others = ["Action", "Actor", "Tenant", "Resource", "Outcome"]
        .map(|name| view! { <th scope="col">{name}</th> });
    let rows = events.into_iter().map(move |event| {
        let name = event.tenant_id.as_ref().and_then(|id| names.get(id));
        let name = name.cloned();
        let answer = event.request_id.as_ref().and_then(|id| answers.get(id));
        let answer = answer.copied();
        view! { <EventRow event name answer/> }
    });
    view! {
        <TableBox label="Audit events" class="stacked audit">
            <thead>
                <tr>{time} {others.collect_view()}</tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </TableBox>
    }
}

#[component]
fn EventRow(
    event: AuditEvent,
    /// The name of its tenant.
    name: Option<String>,
    /// What became of its request.
    answer: Option<RequestAnswer>,
) -> impl IntoView {
    let path = paths::audit_event(event.id);
    let sentence = shortened(&event.sentence(answer.as_ref()));
    let request = request_of(&event);
    let tenant = event.tenant_id.as_ref().map(|id| {
        view! {
            <a class="link name" href=paths::tenant(id)>
                {name.map(|name| view! { <span><Outside text=name/></span> })}
                <code class="id">{id.to_string()}</code>
            </a>
        }
    });
    let resource = view! {
        <span><Outside text=event.resource_label().to_owned()/></span>
        <code class="id"><Outside text=event.resource_id.clone()/></code>
    };
    let resource = match paths::resource(&event) {
        Some(path) => view! { <a class="link name" href=path>{resource}</a> }.into_any(),
        None => view! { <span class="name">{resource}</span> }.into_any(),
    };
    view! {
        <RowLink href=path.clone()>
            <td data-label="Time">
                <Timestamp at=event.occurred_at precision=Precision::Millisecond in_row=true/>
            </td>
            <th scope="row" class="wide">
                <a class="name" href=path>
                    <strong><Outside text=sentence/></strong>
                    <span class="id"><Outside text=event.action/></span>
                </a>
            </th>
            <td data-label="Actor">
                <span class="name">
                    <span><Outside text=event.actor.name/></span>
                    <span class="kind">{event.actor.kind.label()}</span>
                </span>
            </td>
            <td data-label="Tenant">
                {tenant.map_or_else(|| view! { <span class="muted">"—"</span> }.into_any(), IntoAny::into_any)}
            </td>
            <td data-label="Resource">
                <span class="beside">
                    {resource} {request.map(|path| view! { <a class="link" href=path>"Request"</a> })}
                </span>
            </td>
            <td data-label="Outcome">
                <OutcomeBadge outcome=event.outcome/>
            </td>
        </RowLink>
    }
    .into_any()
}

/// The page of the request at the gateway that an event is of.
fn request_of(event: &AuditEvent) -> Option<String> {
    let is_of_request = [OF_REQUEST, REFUSED, RESPONSE].contains(&event.action.as_str());
    let id = event.request_id.as_ref().filter(|_| is_of_request)?;
    id.parse().ok().map(paths::request)
}
