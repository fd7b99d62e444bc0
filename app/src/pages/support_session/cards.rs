//! The two information cards: Session details and Timing.

use leptos::prelude::*;

use super::{
    follow::LiveSession,
    receipt::Receipt,
    scopes::{GrantedAndUsed, ScopesUsed},
};
use crate::{
    components::{
        CopyCode, Panel, StatusBadge, Timestamp,
        format::{counted, thousands},
    },
    domain::support_sessions::{Revocation, SupportSession},
    paths,
};

#[component]
pub(super) fn Cards(session: LiveSession, used: ScopesUsed) -> impl IntoView {
    let first = session.session.get_untracked();
    view! {
        <div class="two">
            <Details session first used/>
            <Timing session/>
        </div>
    }
}

/// The facts that don't change, except the status.
#[component]
fn Details(session: LiveSession, first: SupportSession, used: ScopesUsed) -> impl IntoView {
    let staff_id = first.staff_id.to_string();
    let organization = match first.organization_id {
        Some(id) => view! { <code>{id.to_string()}</code> }.into_any(),
        None => view! { <span class="muted">"Whole tenant"</span> }.into_any(),
    };
    let ticket = match first.ticket {
        Some(ticket) => view! { <span>{ticket}</span> }.into_any(),
        None => view! { <span class="muted">"None"</span> }.into_any(),
    };
    view! {
        <Panel id="details-title" title="Session details">
            <dl class="facts">
                <dt>"Session ID"</dt>
                <dd><CopyCode text=first.id.to_string() what="session ID"/></dd>
                <dt>"Status"</dt>
                <dd><StatusBadge status=session.status/></dd>
                <dt>"Tenant ID"</dt>
                <dd>
                    <a class="link" href=paths::tenant(&first.tenant_id)>
                        <code>{first.tenant_id.to_string()}</code>
                    </a>
                </dd>
                <dt>"Organization"</dt>
                <dd>{organization}</dd>
                <dt>"Platform user ID"</dt>
                <dd>
                    {first.staff_name}
                    " "
                    <code class="muted">{staff_id}</code>
                </dd>
                <dt>"Scopes"</dt>
                <dd><GrantedAndUsed session used/></dd>
                <dt>"Reason"</dt>
                <dd class="pre-line">{first.reason}</dd>
                <dt>"Ticket"</dt>
                <dd>{ticket}</dd>
                <dt>"IP address"</dt>
                <dd><code>{first.ip}</code></dd>
                <dt>"User-Agent"</dt>
                <dd>{first.user_agent}</dd>
            </dl>
        </Panel>
    }
    .into_any()
}

/// The facts that change while the session is active.
#[component]
fn Timing(session: LiveSession) -> impl IntoView {
    let now = session.session;
    let issued_at = Signal::derive(move || now.with(|session| session.issued_at));
    let expires_at = Signal::derive(move || now.with(|session| session.expires_at));
    let lasts = move || {
        let minutes = (expires_at.get() - issued_at.get()).num_minutes();
        counted(
            u64::try_from(minutes).unwrap_or_default(),
            "minute",
            "minutes",
        )
    };
    let requests = move || {
        now.with(|session| {
            format!(
                "{} forwarded · {} refused",
                thousands(session.requests_forwarded),
                thousands(session.requests_refused)
            )
        })
    };
    view! {
        <Panel id="timing-title" title="Timing">
            <dl class="facts">
                <dt>"Issued"</dt>
                <dd><Timestamp at=issued_at/></dd>
                <dt>"TTL"</dt>
                <dd class="num">{lasts}</dd>
                <dt>"Expires"</dt>
                <dd><Timestamp at=expires_at/></dd>
                {move || revoked(now.with(|session| session.revocation.clone()))}
                <Receipt session/>
                <dt>"Requests"</dt>
                <dd class="num">{requests}</dd>
            </dl>
        </Panel>
    }
    .into_any()
}

fn revoked(revocation: Option<Revocation>) -> AnyView {
    let Some(revocation) = revocation else {
        return view! {
            <dt>"Revoked at"</dt>
            <dd class="muted">"Not revoked"</dd>
        }
        .into_any();
    };
    let by = revocation
        .by
        .map(|id| view! { " " <code class="muted">{id.to_string()}</code> });
    view! {
        <dt>"Revoked at"</dt>
        <dd><Timestamp at=revocation.at/></dd>
        <dt>"Revoked by"</dt>
        <dd>{revocation.by_name} {by}</dd>
        <dt>"Revocation reason"</dt>
        <dd class="pre-line">
            {revocation.reason.unwrap_or_else(|| "No reason given".into())}
        </dd>
    }
    .into_any()
}
