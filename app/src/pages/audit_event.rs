//! One audit event, with everything that is hashed.

pub mod metadata;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

pub use self::metadata::{pretty, summary};
use super::audit_log::OutcomeBadge;
use crate::{
    api::{self, ApiError},
    components::{
        ButtonLink, CopyBlock, CopyButton, FailedPage, PageHeading, Settled, Timestamp,
        format::Precision,
    },
    domain::{AuditEventId, SupportSessionId, audit::AuditEvent, problem::Problem},
    pages::support_session::session_path,
    routes,
};

/// The path of an audit event's page.
pub fn event_path(id: AuditEventId) -> String {
    format!("/audit/events/{id}")
}

/// The page of what an event was done to, if there is one.
pub fn resource_path(event: &AuditEvent) -> Option<String> {
    match event.resource_type.as_str() {
        "support_session" => {
            let id: SupportSessionId = event.resource_id.parse().ok()?;
            Some(session_path(id))
        }
        "tenant" => event.resource_id.parse().ok().map(|id| routes::tenant(&id)),
        _ => None,
    }
}

/// The page of one audit event.
#[component]
pub fn AuditEventPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let event = Resource::new(move || id.get(), load);
    view! {
        <Settled
            resource=event
            loading="Loading the audit event…"
            show=move |event| match event {
                Ok(event) => view! { <Event event/> }.into_any(),
                Err(ApiError(problem)) => view! { <FailedPage problem/> }.into_any(),
            }
        />
    }
}

async fn load(id: String) -> Result<AuditEvent, ApiError> {
    let id = id.parse().map_err(|_| Problem::not_found("audit event"))?;
    api::audit_event(id).await
}

#[component]
fn Event(event: AuditEvent) -> impl IntoView {
    let json = pretty(&serde_json::to_value(&event).unwrap_or_default());
    let category = format!("/audit?category={}", event.category);
    let action = event.action.clone();
    view! {
        <Title text=event.action.clone()/>
        <div class="page">
            <nav class="breadcrumb muted" aria-label="Breadcrumb">
                <a class="link" href=routes::AUDIT>
                    "Audit log"
                </a>
                " / "
                <a class="link" href=category>
                    {event.category.as_str()}
                </a>
            </nav>
            <header class="page-header">
                <div>
                    <div class="bar">
                        <PageHeading>{action}</PageHeading>
                        <OutcomeBadge outcome=event.outcome/>
                    </div>
                    <p class="muted">
                        {event.actor.name.clone()}
                        " · "
                        <Timestamp at=event.occurred_at precision=Precision::Millisecond/>
                    </p>
                </div>
            </header>
            <div class="two">
                <What event=event.clone()/>
                <Chain event=event.clone()/>
            </div>
            <section class="card" aria-labelledby="metadata-title">
                <header class="panel-header">
                    <h2 id="metadata-title">"Metadata"</h2>
                </header>
                <div class="panel-body">
                    <CopyBlock text=pretty(&event.metadata) what="metadata"/>
                </div>
            </section>
            <details class="card">
                <summary class="panel-header">"The event as JSON"</summary>
                <div class="panel-body">
                    <CopyBlock text=json what="event as JSON"/>
                </div>
            </details>
        </div>
    }
}

/// Who did what to what, and from where.
#[component]
fn What(event: AuditEvent) -> impl IntoView {
    let resource = resource_path(&event);
    let resource_id = event.resource_id.clone();
    let tenant = event.tenant_id.clone().map(|id| {
        view! {
            <a class="link" href=routes::tenant(&id)>
                <code>{id.to_string()}</code>
            </a>
        }
    });
    let text = |text: Option<String>| text.unwrap_or_else(|| "—".into());
    view! {
        <section class="card" aria-labelledby="what-title">
            <header class="panel-header">
                <h2 id="what-title">"What happened"</h2>
                {resource
                    .map(|href| {
                        view! {
                            <div class="push">
                                <ButtonLink href class="small">
                                    "Open the resource"
                                </ButtonLink>
                            </div>
                        }
                    })}
            </header>
            <dl class="facts">
                <dt>"Actor"</dt>
                <dd>
                    {event.actor.name.clone()}
                    " "
                    <code class="muted">
                        {format!("{}:{}", event.actor.kind, event.actor.id)}
                    </code>
                </dd>
                <dt>"Category"</dt>
                <dd>
                    <code>{event.category.as_str()}</code>
                </dd>
                <dt>"Tenant"</dt>
                <dd>{tenant.map_or_else(|| "—".into_any(), IntoAny::into_any)}</dd>
                <dt>"Resource"</dt>
                <dd>
                    {event.resource_type.clone()}
                    " "
                    <code class="muted">{resource_id.clone()}</code>
                    " "
                    <CopyButton text=resource_id what="resource ID"/>
                </dd>
                <dt>"Occurred"</dt>
                <dd>
                    <Timestamp at=event.occurred_at precision=Precision::Millisecond/>
                </dd>
                <dt>"Recorded"</dt>
                <dd>
                    <Timestamp at=event.recorded_at precision=Precision::Millisecond/>
                </dd>
                <dt>"Request ID"</dt>
                <dd>
                    <code>{text(event.request_id)}</code>
                </dd>
                <dt>"IP address"</dt>
                <dd>
                    <code>{text(event.ip)}</code>
                </dd>
                <dt>"User-Agent"</dt>
                <dd>{text(event.user_agent)}</dd>
            </dl>
        </section>
    }
    .into_any()
}

/// Where the event stands in its chain, and what ties it there.
#[component]
fn Chain(event: AuditEvent) -> impl IntoView {
    let copied = |text: String, what: &'static str| {
        view! {
            <code class="hash">{text.clone()}</code>
            " "
            <CopyButton text what/>
        }
    };
    view! {
        <section class="card" aria-labelledby="chain-title">
            <header class="panel-header">
                <h2 id="chain-title">"Chain"</h2>
            </header>
            <dl class="facts">
                <dt>"Event ID"</dt>
                <dd>{copied(event.id.to_string(), "event ID")}</dd>
                <dt>"Chain"</dt>
                <dd>
                    <code>{event.chain}</code>
                </dd>
                <dt>"Place (seq)"</dt>
                <dd class="num">{event.seq}</dd>
                <dt>"Hash before (prev)"</dt>
                <dd>{copied(event.prev, "hash before")}</dd>
                <dt>"Hash"</dt>
                <dd>{copied(event.hash, "hash")}</dd>
                <dt>"Format (v)"</dt>
                <dd class="num">{event.v}</dd>
            </dl>
        </section>
    }
    .into_any()
}
