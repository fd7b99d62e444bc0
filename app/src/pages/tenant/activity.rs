//! The active support sessions and the latest audit events of a tenant.

use leptos::prelude::*;

use super::TenantActs;
use crate::{
    api::{self, NamedEvents},
    components::{
        ButtonLink, Countdown, Loaded, Outside, Panel, StatusBadge, Timestamp, failed_part,
        format::Precision,
    },
    domain::{
        self, TenantId,
        audit::{AuditEvent, AuditFilter},
        page::{Page, PageRequest},
        shown::in_sentence,
        support_sessions::{SupportSession, SupportSessionFilter, SupportSessionStatus},
    },
    live::LiveHandle,
    pages::audit_event::shortened,
    paths,
    query::Query,
};

const ROWS: u32 = 6;

fn first_rows() -> PageRequest {
    PageRequest {
        limit: Some(ROWS),
        cursor: None,
    }
}

/// When support sessions of the tenant have changed, and what dialogs did.
type Changes = (Option<domain::Timestamp>, u32, u32);

/// What depends on them is fetched again.
fn changes(live: LiveHandle, tenant: TenantId) -> Memo<Changes> {
    let acts = use_context::<TenantActs>();
    Memo::new(move |before: Option<&Changes>| {
        let changed = live.support_sessions.with(|change| {
            let change = change.as_ref()?;
            let is_here = |session: &SupportSession| session.tenant_id == tenant;
            change.changed.iter().any(is_here).then_some(change.now)
        });
        let done = acts.map(TenantActs::count).unwrap_or_default();
        let changed = changed.or_else(|| before?.0);
        (changed, live.resets.get(), done)
    })
}

#[component]
pub(crate) fn SessionsHere(tenant: TenantId, live: LiveHandle) -> impl IntoView {
    let all = Query::default()
        .with("tenant", tenant.as_str())
        .of(paths::SUPPORT_SESSIONS);
    let changes = changes(live, tenant.clone());
    let sessions = Resource::new(
        move || changes.get(),
        move |_| {
            let filter = SupportSessionFilter {
                status: Some(SupportSessionStatus::Active),
                tenant_id: Some(tenant.clone()),
                staff_id: None,
                ..SupportSessionFilter::default()
            };
            api::list_support_sessions(filter, first_rows())
        },
    );
    let all = move || view! { <a class="link push" href=all.clone()>"All sessions"</a> };
    view! {
        <Panel id="sessions-here" title="Active support sessions" beside=all>
            <Loaded
                resource=sessions
                loading="Loading support sessions…"
                show=|list| {
                    let now = list.at;
                    let row = move |session| view! { <SessionRow session now/> };
                    rows(list.sessions, "No one is in this tenant.", row)
                }
                failed=failed_part("The support sessions could not be loaded.")
            />
        </Panel>
    }
}

fn rows<T, V: IntoView + 'static>(
    page: Page<T>,
    none: &'static str,
    row: impl Fn(T) -> V,
) -> AnyView {
    if page.items.is_empty() {
        return view! { <p class="panel-body muted">{none}</p> }.into_any();
    }
    let rows = page.items.into_iter().map(row);
    view! { <ul class="rows">{rows.collect_view()}</ul> }.into_any()
}

#[component]
fn SessionRow(session: SupportSession, now: domain::Timestamp) -> impl IntoView {
    let scopes: Vec<_> = session.scopes.iter().map(ToString::to_string).collect();
    let (ends_at, what) = (session.ends_at(), session.in_words());
    let facts: Vec<_> = [Some(scopes.join(", ")), session.ticket]
        .into_iter()
        .flatten()
        .collect();
    view! {
        <li>
            <StatusBadge status=SupportSessionStatus::Active/>
            <a class="grow name" href=paths::support_session(session.id)>
                <strong><Outside text=session.staff_name.clone()/></strong>
                <span class="id">{facts.join(" · ")}</span>
            </a>
            <Countdown
                until=ends_at
                now
                what
                of=session.id
                short=true
            />
            <ButtonLink href=paths::REVOKE.page(session.id) class="small danger">
                "Revoke Session"
                <span class="visually-hidden">
                    {format!(" of {}", in_sentence(&session.staff_name))}
                </span>
            </ButtonLink>
        </li>
    }
}

#[component]
pub(crate) fn RecentEvents(tenant: TenantId, live: LiveHandle) -> impl IntoView {
    let all = Query::default()
        .with("tenant", tenant.as_str())
        .of(paths::AUDIT);
    let changes = changes(live, tenant.clone());
    let events = Resource::new(
        move || changes.get(),
        move |_| {
            let filter = AuditFilter {
                tenant_id: Some(tenant.clone()),
                without_answers: true,
                ..AuditFilter::default()
            };
            api::list_audit_events(filter, first_rows())
        },
    );
    let all = move || view! { <a class="link push" href=all.clone()>"Audit log"</a> };
    view! {
        <Panel id="recent-events" title="Recent audit events" beside=all>
            <Loaded
                resource=events
                loading="Loading audit events…"
                show=|NamedEvents { events, answers, .. }| {
                    let row = |event: AuditEvent| {
                        let answer = event.request_id.as_ref().and_then(|id| answers.get(id));
                        let sentence = shortened(&event.sentence(answer));
                        view! { <EventRow event sentence/> }
                    };
                    rows(events, "No audit events yet.", row)
                }
                failed=failed_part("The audit events could not be loaded.")
            />
        </Panel>
    }
}

#[component]
fn EventRow(
    event: AuditEvent,
    /// What happened.
    sentence: String,
) -> impl IntoView {
    view! {
        <li>
            <a class="grow name" href=paths::audit_event(event.id)>
                <strong><Outside text=sentence/></strong>
                <span class="id">
                    <Outside text=event.action/> " · " <Outside text=event.actor.name/>
                </span>
            </a>
            <span class="muted">
                <Timestamp at=event.occurred_at precision=Precision::Second in_row=true/>
            </span>
        </li>
    }
}
