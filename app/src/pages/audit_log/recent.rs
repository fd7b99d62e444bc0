//! The newest audit events of one tenant, for its support detail page.

use leptos::prelude::*;

use super::query::AuditQuery;
use crate::{
    api::{self, ApiError},
    components::{Loading, ProblemNotice, Timestamp, format::Precision},
    domain::{
        TenantId,
        audit::{AuditEvent, AuditFilter},
        page::PageRequest,
    },
    pages::audit_event::{event_path, summary},
};

/// How many events the card shows.
const SHOWN: u32 = 8;

/// The card Recent audit events.
#[component]
pub fn RecentAuditEvents(
    /// The tenant.
    tenant: TenantId,
) -> impl IntoView {
    let all = AuditQuery {
        tenant: tenant.to_string(),
        ..AuditQuery::default()
    };
    let filter = AuditFilter {
        tenant_id: Some(tenant),
        ..AuditFilter::default()
    };
    let events = Resource::new(
        move || filter.clone(),
        |filter| {
            let page = PageRequest {
                limit: Some(SHOWN),
                cursor: None,
            };
            api::list_audit_events(filter, page)
        },
    );
    view! {
        <section class="card" aria-labelledby="recent-audit-title">
            <header class="panel-header">
                <h2 id="recent-audit-title">"Recent audit events"</h2>
                <a class="link push" href=all.address(None)>
                    "Audit log"
                </a>
            </header>
            <Transition fallback=|| view! { <Loading label="Loading audit events…"/> }>
                {move || Suspend::new(async move {
                    match events.await {
                        Ok(page) => rows(page.items).into_any(),
                        Err(ApiError(problem)) => {
                            view! {
                                <div class="panel-body">
                                    <ProblemNotice
                                        problem
                                        what="The audit events could not be loaded."
                                    />
                                </div>
                            }
                                .into_any()
                        }
                    }
                })}
            </Transition>
        </section>
    }
}

fn rows(events: Vec<AuditEvent>) -> impl IntoView {
    if events.is_empty() {
        return view! { <p class="panel-body muted">"Nothing has been recorded here yet."</p> }
            .into_any();
    }
    let row = |event: AuditEvent| {
        let told = summary(&event.metadata).unwrap_or_else(|| event.actor.name.clone());
        view! {
            <li>
                <a class="grow" href=event_path(event.id)>
                    <strong>{event.action}</strong>
                    <span class="muted">{told}</span>
                </a>
                <span class="muted">
                    <Timestamp at=event.occurred_at precision=Precision::Second/>
                </span>
            </li>
        }
    };
    view! { <ul class="rows">{events.into_iter().map(row).collect_view()}</ul> }.into_any()
}
