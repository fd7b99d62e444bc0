//! Whose session it is and where, its status, and what can be done with it.

use leptos::prelude::*;

use super::follow::LiveSession;
use crate::{
    components::{
        Breadcrumb, ButtonLink, Countdown, OpenTenant, Outside, OutsideLines, PageHeading,
        StatusBadge, Timestamp, format::Precision,
    },
    domain::support_sessions::SupportSession,
    paths,
};

#[component]
pub(super) fn Header(session: LiveSession) -> impl IntoView {
    let first = session.session.get_untracked();
    let short_id = first.short_id();
    let (staff, tenant) = (first.staff_name.clone(), first.tenant_name.clone());
    view! {
        <Breadcrumb href=paths::SUPPORT_SESSIONS label="View Sessions">
            <code>{short_id}</code>
        </Breadcrumb>
        <header class="page-header">
            <div>
                <PageHeading>
                    <Outside text=staff/>
                    " in "
                    <Outside text=tenant/>
                </PageHeading>
                <Facts session first/>
            </div>
            <div class="bar push">
                <Acts session/>
            </div>
        </header>
    }
    .into_any()
}

/// How it stands, in one line: status and time left, what it permits, and why it was created.
#[component]
fn Facts(session: LiveSession, first: SupportSession) -> impl IntoView {
    let until = Signal::derive(move || session.session.with(SupportSession::ends_at));
    let scopes: Vec<_> = first.scopes.iter().map(ToString::to_string).collect();
    let what = first.in_words();
    let time = move || match session.is_active() {
        true => {
            view! { <Countdown until now=session.at what=what.clone() of=first.id/> }.into_any()
        }
        false => view! { <Ended session/> }.into_any(),
    };
    view! {
        <p class="session-facts">
            <StatusBadge status=session.status/>
            {time}
            <code>{scopes.join(", ")}</code>
            <a class="link" href=paths::tenant(&first.tenant_id)>
                <code>{first.tenant_id.to_string()}</code>
            </a>
            <span class="muted summary">
                "“"
                <OutsideLines text=first.reason/>
                "”"
            </span>
            {first.ticket.map(|ticket| view! { <span class="tag"><Outside text=ticket/></span> })}
        </p>
    }
}

/// When it ended, and by whom if anyone.
#[component]
fn Ended(session: LiveSession) -> impl IntoView {
    move || {
        let (at, by) = session.session.with(|session| match &session.revocation {
            Some(revocation) => (revocation.at, Some(revocation.by_name.clone())),
            None => (session.ends_at(), None),
        });
        view! {
            <span>
                <Timestamp at precision=Precision::Second/>
                {by.map(|by| view! { " by " <Outside text=by/> })}
            </span>
        }
    }
}

/// The page has one primary act: for the holder to enter, for others to revoke.
#[component]
fn Acts(session: LiveSession) -> impl IntoView {
    let id = session.session.with_untracked(|session| session.id);
    let enters = session.open_url.with_value(Option::is_some);
    move || {
        session.is_active().then(|| {
            let (replace, revoke) = (paths::REPLACE_TOKEN.page(id), paths::REVOKE.page(id));
            let replace = session.may.replace_token.then(
                || view! { <ButtonLink href=replace class="quiet">"Replace token"</ButtonLink> },
            );
            let class = if enters { "danger" } else { "danger solid" };
            let revoke = session
                .may
                .revoke
                .then(|| view! { <ButtonLink href=revoke class>"Revoke Session"</ButtonLink> });
            let open = enters.then(|| view! { <OpenTenant of=id/> });
            view! { {replace} {revoke} {open} }
        })
    }
}
