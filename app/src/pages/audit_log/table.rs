//! The table of audit events.

use leptos::prelude::*;

use crate::{
    components::{OutcomeBadge, Outside, RowLink, TableBox, Timestamp, columns, format::Precision},
    domain::audit::AuditEvent,
    pages::audit_event::summary,
    paths,
};

#[component]
pub(in crate::pages) fn Table(events: Vec<AuditEvent>) -> impl IntoView {
    view! {
        <TableBox label="Audit events" class="stacked audit">
            {columns(["Time", "Action", "Actor", "Tenant", "Resource", "Outcome"])}
            <tbody>
                {events.into_iter().map(|event| view! { <EventRow event/> }).collect_view()}
            </tbody>
        </TableBox>
    }
}

#[component]
fn EventRow(event: AuditEvent) -> impl IntoView {
    let path = paths::audit_event(event.id);
    let summary = summary(&event.metadata);
    let tenant = event.tenant_id.as_ref().map(|id| {
        view! {
            <a class="link" href=paths::tenant(id)>
                <code>{id.to_string()}</code>
            </a>
        }
    });
    let resource_id = view! { <code class="id"><Outside text=event.resource_id.clone()/></code> };
    let resource_id = match paths::resource(&event) {
        Some(path) => view! { <a class="link" href=path>{resource_id}</a> }.into_any(),
        None => resource_id.into_any(),
    };
    view! {
        <RowLink href=path.clone()>
            <td data-label="Time">
                <Timestamp at=event.occurred_at precision=Precision::Millisecond/>
            </td>
            <th scope="row" class="wide">
                <a class="name" href=path>
                    <strong><Outside text=event.action/></strong>
                    {summary.map(|summary| view! { <span class="id"><Outside text=summary/></span> })}
                </a>
            </th>
            <td data-label="Actor">
                <span class="name">
                    <span><Outside text=event.actor.name/></span>
                    <span class="id">{event.actor.kind.as_str()}</span>
                </span>
            </td>
            <td data-label="Tenant">
                {tenant.map_or_else(|| view! { <span class="muted">"—"</span> }.into_any(), IntoAny::into_any)}
            </td>
            <td data-label="Resource">
                <span class="name">
                    <span><Outside text=event.resource_type/></span>
                    {resource_id}
                </span>
            </td>
            <td data-label="Outcome">
                <OutcomeBadge outcome=event.outcome/>
            </td>
        </RowLink>
    }
    .into_any()
}
