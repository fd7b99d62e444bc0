//! One request: what was asked and answered, in which support session, and its audit events.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_meta::Title;

use super::{audit_log::table::Table, support_session::access_log::row};
use crate::{
    api,
    components::{
        Breadcrumb, ButtonLink, CopyCode, EmptyState, Fact, Loaded, Outside, PageHeading, Panel,
        Timestamp, failed_page, format::Precision, use_named,
    },
    domain::{
        access_log::AccessLogEntry, audit::AuditEvent, find::RecordedRequest, shown::shown,
        support_sessions::SupportSession, tenants::TenantRef,
    },
    paths,
};

#[component]
pub fn RequestPage() -> impl IntoView {
    let request = use_named("request", api::request_detail);
    view! {
        <Loaded
            resource=request
            loading="Loading the request…"
            show=|request| view! { <Request request/> }
            failed=failed_page
        />
    }
}

#[component]
fn Request(request: RecordedRequest) -> impl IntoView {
    let heading = request.title().unwrap_or_else(|| "Request".into());
    let title = match &request.made {
        Some((_, session)) => format!("{heading} in {}", session.tenant_name),
        None => format!("Request {}", request.id),
    };
    let title = shown(&title).into_owned();
    let id = request.id.to_string();
    let tenants = request.tenant.clone().into_iter().collect();
    let made = request.made.map_or_else(
        || view! { <OfConsole/> }.into_any(),
        |(entry, session)| view! { <Made entry session/> }.into_any(),
    );
    view! {
        <Title text=title/>
        <div class="page">
            <Breadcrumb href=paths::AUDIT label="Audit log">
                "Request"
            </Breadcrumb>
            <header class="page-header">
                <div>
                    <PageHeading><Outside text=heading/></PageHeading>
                    <p class="muted">"Request ID " <CopyCode text=id what="request ID"/></p>
                </div>
            </header>
            {made}
            <Events events=request.events tenants/>
        </div>
    }
    .into_any()
}

/// What was asked and answered, and the session that it was made in.
#[component]
fn Made(entry: AccessLogEntry, session: SupportSession) -> impl IntoView {
    let at = entry.at;
    let status = row::status_of(&entry);
    let facts = row::facts(&entry);
    let open = paths::support_session(session.id);
    let view_session = move || {
        let href = open.clone();
        view! {
            <div class="push">
                <ButtonLink href class="small">
                    "View session"
                </ButtonLink>
            </div>
        }
    };
    view! {
        <div class="two">
            <Panel id="request-title" title="Request and response">
                <dl class="facts">
                    <Fact name="Time">
                        <Timestamp at precision=Precision::Millisecond/>
                    </Fact>
                    <Fact name="Status">{status}</Fact>
                </dl>
                {facts}
            </Panel>
            <Panel id="session-title" title="Support session" beside=view_session>
                <dl class="facts">
                    <Fact name="Staff member">
                        <Outside text=session.staff_name/>
                    </Fact>
                    <Fact name="Tenant">
                        <a class="link" href=paths::tenant(&session.tenant_id)>
                            <Outside text=session.tenant_name/>
                        </a>
                        " "
                        <code class="muted">{session.tenant_id.to_string()}</code>
                    </Fact>
                    <Fact name="Reason">
                        <Outside text=session.reason/>
                    </Fact>
                    <Fact name="Issued">
                        <Timestamp at=session.issued_at/>
                    </Fact>
                    <Fact name="Session ID">
                        <CopyCode text=session.id.to_string() what="session ID"/>
                    </Fact>
                </dl>
            </Panel>
        </div>
    }
}

/// A request to the console itself, or one whose access log has been deleted.
#[component]
fn OfConsole() -> impl IntoView {
    view! {
        <p class="muted">
            "No access log has this request: it was made to the console, or the log has been deleted. Its audit events are below."
        </p>
    }
}

#[component]
fn Events(events: Vec<AuditEvent>, tenants: Vec<TenantRef>) -> impl IntoView {
    let events = if events.is_empty() {
        view! {
            <EmptyState title="No audit events">
                <p>"You can't see the audit events of this request, or they have been deleted."</p>
            </EmptyState>
        }
        .into_any()
    } else {
        view! { <Table events tenants answers=BTreeMap::new()/> }.into_any()
    };
    view! {
        <Panel id="events-title" title="Audit events">
            {events}
        </Panel>
    }
}
