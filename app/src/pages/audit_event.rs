//! One audit event, with everything that is hashed.

pub mod metadata;

use leptos::prelude::*;
use leptos_meta::Title;

pub use self::metadata::{pretty, shortened};
use crate::{
    api,
    components::{
        ButtonLink, CopyBlock, CopyCode, Fact, Loaded, OutcomeBadge, Outside, PageHeading, Panel,
        Timestamp, failed_page, format::Precision, use_named,
    },
    domain::{audit::AuditEvent, shown::shown},
    paths,
    query::Query,
};

#[component]
pub fn AuditEventPage() -> impl IntoView {
    let event = use_named("audit event", api::audit_event);
    view! {
        <Loaded
            resource=event
            loading="Loading the audit event…"
            show=|event| view! { <Event event/> }
            failed=failed_page
        />
    }
}

#[component]
fn Event(event: AuditEvent) -> impl IntoView {
    let json = pretty(&serde_json::to_value(&event).unwrap_or_default());
    let category = Query::default()
        .with("category", event.category.as_str())
        .of(paths::AUDIT);
    let action = event.action.clone();
    let sentence = event.sentence(None);
    // No other event has this title.
    let title = format!("{} ({} {})", shown(&sentence), event.chain, event.seq);
    view! {
        <Title text=title/>
        <div class="page">
            <nav class="breadcrumb muted" aria-label="Breadcrumb">
                <a class="link" href=paths::AUDIT>
                    "Audit log"
                </a>
                " / "
                <a class="link" href=category>
                    {event.category.label()}
                </a>
            </nav>
            <header class="page-header">
                <div>
                    <div class="bar">
                        <PageHeading><Outside text=sentence/></PageHeading>
                        <OutcomeBadge outcome=event.outcome/>
                    </div>
                    <p class="muted">
                        <code><Outside text=action/></code>
                        " · "
                        <Outside text=event.actor.name.clone()/>
                        " · "
                        <Timestamp at=event.occurred_at precision=Precision::Millisecond/>
                    </p>
                </div>
            </header>
            <div class="two">
                <What event=event.clone()/>
                <Chain event=event.clone()/>
            </div>
            <Panel id="metadata-title" title="Metadata">
                <div class="panel-body">
                    <CopyBlock text=pretty(&event.metadata) what="metadata"/>
                </div>
            </Panel>
            <details class="card">
                <summary class="panel-header">"The event as JSON"</summary>
                <div class="panel-body">
                    <CopyBlock text=json what="event as JSON"/>
                </div>
            </details>
        </div>
    }
}

/// The actor, the action, its target and its origin.
#[component]
fn What(event: AuditEvent) -> impl IntoView {
    let resource = paths::resource(&event);
    let view_resource = match event.resource_type.as_str() {
        "tenant" => "View tenant",
        _ => "View session",
    };
    let open = move || {
        let href = resource.clone()?;
        Some(view! {
            <div class="push">
                <ButtonLink href class="small">{view_resource}</ButtonLink>
            </div>
        })
    };
    let tenant = event.tenant_id.clone().map(|id| {
        view! {
            <a class="link" href=paths::tenant(&id)>
                <code>{id.to_string()}</code>
            </a>
        }
    });
    let kind = event.resource_label().to_owned();
    let text = |text: Option<String>| text.unwrap_or_else(|| "—".into());
    let page = event.request_id.as_ref().and_then(|id| id.parse().ok());
    let page = page.map(paths::request);
    let request = text(event.request_id.clone());
    let request = view! { <code><Outside text=request/></code> };
    let request = match page {
        Some(page) => view! { <a class="link" href=page>{request}</a> }.into_any(),
        None => request.into_any(),
    };
    view! {
        <Panel id="what-title" title="What happened" beside=open>
            <dl class="facts">
                <Fact name="Actor">
                    <Outside text=event.actor.name.clone()/>
                    ", "
                    {event.actor.kind.label()}
                    " "
                    <code class="muted">
                        <Outside text=event.actor.id.clone()/>
                    </code>
                </Fact>
                <Fact name="Category">{event.category.label()}</Fact>
                <Fact name="Tenant">
                    {tenant.map_or_else(|| "—".into_any(), IntoAny::into_any)}
                </Fact>
                <Fact name="Resource">
                    <Outside text=kind/>
                    " "
                    <CopyCode text=event.resource_id what="resource ID" class="muted"/>
                </Fact>
                <Fact name="Occurred">
                    <Timestamp at=event.occurred_at precision=Precision::Millisecond/>
                </Fact>
                <Fact name="Recorded">
                    <Timestamp at=event.recorded_at precision=Precision::Millisecond/>
                </Fact>
                <Fact name="Request ID">{request}</Fact>
                <Fact name="IP address"><code><Outside text=text(event.ip)/></code></Fact>
                <Fact name="User-Agent"><Outside text=text(event.user_agent)/></Fact>
            </dl>
        </Panel>
    }
    .into_any()
}

/// The event's position in its chain, with the hashes that fix it.
#[component]
fn Chain(event: AuditEvent) -> impl IntoView {
    let copied = |text: String, what| view! { <CopyCode text what class="hash"/> };
    view! {
        <Panel id="chain-title" title="Chain">
            <dl class="facts">
                <Fact name="Event ID">{copied(event.id.to_string(), "event ID")}</Fact>
                <Fact name="Chain"><code>{event.chain}</code></Fact>
                <Fact name="Sequence number" class="num">{event.seq}</Fact>
                <Fact name="Previous hash">{copied(event.prev, "previous hash")}</Fact>
                <Fact name="Hash">{copied(event.hash, "hash")}</Fact>
                <Fact name="Format version" class="num">{event.v}</Fact>
            </dl>
        </Panel>
    }
    .into_any()
}
