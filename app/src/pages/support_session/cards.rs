//! The two information cards: Session details and Timing.

use leptos::prelude::*;

use super::{
    follow::LiveSession,
    receipt::Receipt,
    scopes::{GrantedAndUsed, ScopesUsed},
};
use crate::{
    components::{
        CopyCode, Fact, Outside, OutsideLines, Panel, StatusBadge, Timestamp,
        format::{counted, thousands},
    },
    domain::support_sessions::{Revocation, SupportSession},
    paths,
};

#[component]
pub(super) fn Cards(session: LiveSession, used: ScopesUsed) -> impl IntoView {
    let first = session.session.get_untracked();
    view! {
        <Details session first used/>
        <Timing session/>
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
        Some(ticket) => view! { <span><Outside text=ticket/></span> }.into_any(),
        None => view! { <span class="muted">"None"</span> }.into_any(),
    };
    view! {
        <Panel id="details-title" title="Session details">
            <dl class="facts">
                <Fact name="Session ID">
                    <CopyCode text=first.id.to_string() what="session ID"/>
                </Fact>
                <Fact name="Status"><StatusBadge status=session.status/></Fact>
                <Fact name="Tenant ID">
                    <a class="link" href=paths::tenant(&first.tenant_id)>
                        <code>{first.tenant_id.to_string()}</code>
                    </a>
                </Fact>
                <Fact name="Organization">{organization}</Fact>
                <Fact name="Platform user ID">
                    <Outside text=first.staff_name/>
                    " "
                    <code class="muted">{staff_id}</code>
                </Fact>
                <Fact name="Scopes"><GrantedAndUsed session used/></Fact>
                <Fact name="Reason" class="pre-line"><OutsideLines text=first.reason/></Fact>
                <Fact name="Ticket">{ticket}</Fact>
                <Fact name="IP address"><code><Outside text=first.ip/></code></Fact>
                <Fact name="User-Agent"><Outside text=first.user_agent/></Fact>
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
                <Fact name="Issued"><Timestamp at=issued_at/></Fact>
                <Fact name="TTL" class="num">{lasts}</Fact>
                <Fact name="Expires"><Timestamp at=expires_at/></Fact>
                {move || revoked(now.with(|session| session.revocation.clone()))}
                <Receipt session/>
                <Fact name="Requests" class="num">{requests}</Fact>
            </dl>
        </Panel>
    }
    .into_any()
}

fn revoked(revocation: Option<Revocation>) -> AnyView {
    let Some(revocation) = revocation else {
        return view! {
            <Fact name="Revoked at" class="muted">"Not revoked"</Fact>
        }
        .into_any();
    };
    let by = revocation
        .by
        .map(|id| view! { " " <code class="muted">{id.to_string()}</code> });
    view! {
        <Fact name="Revoked at"><Timestamp at=revocation.at/></Fact>
        <Fact name="Revoked by"><Outside text=revocation.by_name/> {by}</Fact>
        <Fact name="Revocation reason" class="pre-line">
            <OutsideLines text=revocation.reason.unwrap_or_else(|| "No reason given".into())/>
        </Fact>
    }
    .into_any()
}
