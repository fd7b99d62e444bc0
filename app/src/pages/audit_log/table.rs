//! The table of audit events.

use leptos::prelude::*;

use crate::{
    components::{Icon, IconName, RowLink, TableBox, Timestamp, format::Precision},
    domain::audit::{AuditEvent, AuditOutcome},
    pages::audit_event::{event_path, resource_path, summary},
    routes,
};

/// Audit events, newest first.
#[component]
pub(super) fn Table(
    /// The events of one page.
    events: Vec<AuditEvent>,
) -> impl IntoView {
    view! {
        <TableBox label="Audit events" class="stacked audit">
            <thead>
                <tr>
                    <th scope="col">"Time"</th>
                    <th scope="col">"Action"</th>
                    <th scope="col">"Actor"</th>
                    <th scope="col">"Tenant"</th>
                    <th scope="col">"Resource"</th>
                    <th scope="col">"Outcome"</th>
                </tr>
            </thead>
            <tbody>
                {events.into_iter().map(|event| view! { <EventRow event/> }).collect_view()}
            </tbody>
        </TableBox>
    }
}

#[component]
fn EventRow(event: AuditEvent) -> impl IntoView {
    let path = event_path(event.id);
    let summary = summary(&event.metadata);
    let tenant = event.tenant_id.as_ref().map(|id| {
        view! {
            <a class="link" href=routes::tenant(id)>
                <code>{id.to_string()}</code>
            </a>
        }
    });
    let resource_id = view! { <code class="id">{event.resource_id.clone()}</code> };
    let resource_id = match resource_path(&event) {
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
                    <strong>{event.action}</strong>
                    {summary.map(|summary| view! { <span class="id">{summary}</span> })}
                </a>
            </th>
            <td data-label="Actor">
                <span class="name">
                    <span>{event.actor.name}</span>
                    <span class="id">{event.actor.kind.as_str()}</span>
                </span>
            </td>
            <td data-label="Tenant">
                {tenant.map_or_else(|| view! { <span class="muted">"—"</span> }.into_any(), IntoAny::into_any)}
            </td>
            <td data-label="Resource">
                <span class="name">
                    <span>{event.resource_type}</span>
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

/// Whether the act succeeded: a word, a shape and a colour.
#[component]
pub fn OutcomeBadge(
    /// The outcome.
    outcome: AuditOutcome,
) -> impl IntoView {
    let (tone, icon, label) = match outcome {
        AuditOutcome::Success => ("mute", IconName::Good, "Success"),
        AuditOutcome::Failure => ("bad", IconName::Bad, "Failure"),
    };
    view! {
        <span class=format!("badge {tone}")>
            <Icon name=icon size=13/>
            {label}
        </span>
    }
}
