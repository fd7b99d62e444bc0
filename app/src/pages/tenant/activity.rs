//! Who of the staff is in a tenant now, and what has lately been recorded there.

use leptos::prelude::*;

use super::TenantActs;
use crate::{
    api,
    components::{
        ButtonLink, Countdown, ProblemNotice, Settled, StatusBadge, Timestamp, format::Precision,
    },
    domain::{
        self, TenantId,
        audit::{AuditEvent, AuditFilter},
        page::PageRequest,
        support_sessions::{SupportSession, SupportSessionFilter, SupportSessionStatus},
    },
    live::LiveHandle,
    query::Query,
    routes,
};

/// How many rows each of the two lists shows.
const ROWS: u32 = 6;

fn first_rows() -> PageRequest {
    PageRequest {
        limit: Some(ROWS),
        cursor: None,
    }
}

/// Support sessions' changes and what dialogs did, so that what depends on them is fetched again.
fn changes(live: LiveHandle) -> Memo<(Option<domain::Timestamp>, u32, u32)> {
    let acts = use_context::<TenantActs>();
    Memo::new(move |_| {
        let changed = live.support_sessions.with(|c| c.as_ref().map(|c| c.now));
        let done = acts.map(TenantActs::count).unwrap_or_default();
        (changed, live.resets.get(), done)
    })
}

/// Support sessions that are active in a tenant.
#[component]
pub(crate) fn SessionsHere(tenant: TenantId, live: LiveHandle) -> impl IntoView {
    let all = Query::default()
        .with("tenant", tenant.as_str())
        .of(routes::SUPPORT_SESSIONS);
    let changes = changes(live);
    let sessions = Resource::new(
        move || changes.get(),
        move |_| {
            let filter = SupportSessionFilter {
                status: Some(SupportSessionStatus::Active),
                tenant_id: Some(tenant.clone()),
                staff_id: None,
            };
            api::list_support_sessions(filter, first_rows())
        },
    );
    view! {
        <section class="card panel" aria-labelledby="sessions-here">
            <header class="panel-header">
                <h2 id="sessions-here">"Support sessions here now"</h2>
                <a class="link push" href=all>"All sessions"</a>
            </header>
            <Settled
                resource=sessions
                loading="Loading support sessions…"
                show=|sessions| {
                    match sessions {
                        Err(error) => {
                            view! {
                                <div class="panel-body">
                                    <ProblemNotice
                                        what="The support sessions could not be loaded."
                                        problem=error.into()
                                    />
                                </div>
                            }
                                .into_any()
                        }
                        Ok(list) if list.sessions.items.is_empty() => {
                            view! { <p class="panel-body muted">"Nobody is in this tenant."</p> }
                                .into_any()
                        }
                        Ok(list) => {
                            let now = list.at;
                            view! {
                                <ul class="rows">
                                    {list
                                        .sessions
                                        .items
                                        .into_iter()
                                        .map(|session| view! { <SessionRow session now/> })
                                        .collect_view()}
                                </ul>
                            }
                                .into_any()
                        }
                    }
                }
            />
        </section>
    }
}

#[component]
fn SessionRow(session: SupportSession, now: domain::Timestamp) -> impl IntoView {
    let scopes: Vec<_> = session.scopes.iter().map(ToString::to_string).collect();
    let ends_at = session.ends_at();
    let facts: Vec<_> = [Some(scopes.join(", ")), session.ticket]
        .into_iter()
        .flatten()
        .collect();
    let detail = routes::support_session(session.id);
    view! {
        <li>
            <StatusBadge status=SupportSessionStatus::Active/>
            <a class="grow name" href=detail.clone()>
                <strong>{session.staff_name.clone()}</strong>
                <span class="id">{facts.join(" · ")}</span>
            </a>
            <Countdown
                until=ends_at
                now
                what=format!("Support session of {}", session.staff_name)
                short=true
            />
            <ButtonLink href=format!("{detail}/revoke") class="small danger">
                "Revoke"
                <span class="visually-hidden">
                    {format!(" support session of {}", session.staff_name)}
                </span>
            </ButtonLink>
        </li>
    }
}

/// The latest audit events of a tenant.
#[component]
pub(crate) fn RecentEvents(tenant: TenantId, live: LiveHandle) -> impl IntoView {
    let all = Query::default()
        .with("tenant", tenant.as_str())
        .of(routes::AUDIT);
    let changes = changes(live);
    let events = Resource::new(
        move || changes.get(),
        move |_| {
            let filter = AuditFilter {
                tenant_id: Some(tenant.clone()),
                ..AuditFilter::default()
            };
            api::list_audit_events(filter, first_rows())
        },
    );
    view! {
        <section class="card panel" aria-labelledby="recent-events">
            <header class="panel-header">
                <h2 id="recent-events">"Recent audit events"</h2>
                <a class="link push" href=all>"Audit log"</a>
            </header>
            <Settled
                resource=events
                loading="Loading audit events…"
                show=|events| {
                    match events {
                        Err(error) => {
                            view! {
                                <div class="panel-body">
                                    <ProblemNotice
                                        what="The audit events could not be loaded."
                                        problem=error.into()
                                    />
                                </div>
                            }
                                .into_any()
                        }
                        Ok(page) if page.items.is_empty() => {
                            view! { <p class="panel-body muted">"Nothing has been recorded yet."</p> }
                                .into_any()
                        }
                        Ok(page) => {
                            view! {
                                <ul class="rows">
                                    {page
                                        .items
                                        .into_iter()
                                        .map(|event| view! { <EventRow event/> })
                                        .collect_view()}
                                </ul>
                            }
                                .into_any()
                        }
                    }
                }
            />
        </section>
    }
}

#[component]
fn EventRow(event: AuditEvent) -> impl IntoView {
    view! {
        <li>
            <a class="grow name" href=format!("/audit/events/{}", event.id)>
                <strong>{event.action}</strong>
                <span class="muted">{event.actor.name}</span>
            </a>
            <span class="muted">
                <Timestamp at=event.occurred_at precision=Precision::Second/>
            </span>
        </li>
    }
}
