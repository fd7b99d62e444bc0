//! The session's title, status and actions.

use leptos::prelude::*;

use super::follow::LiveSession;
use crate::{
    components::{
        ButtonLink, Countdown, OpenTenant, Outside, OutsideLines, PageHeading, StatusBadge,
    },
    domain::support_sessions::SupportSession,
    paths,
};

#[component]
pub(super) fn Header(session: LiveSession) -> impl IntoView {
    let first = session.session.get_untracked();
    let id = first.id;
    let short_id: String = id.to_string().chars().take(8).collect();
    let until = Signal::derive(move || session.session.with(SupportSession::ends_at));
    let tenant_path = paths::tenant(&first.tenant_id);
    let open_url = session.open_url;
    let actions = move || {
        session.is_active().then(|| {
            let open = open_url.get_value().map(|_| view! { <OpenTenant of=id/> });
            let (replace, revoke) = (paths::REPLACE_TOKEN.page(id), paths::REVOKE.page(id));
            let replace = session
                .may
                .replace_token
                .then(|| view! { <ButtonLink href=replace>"Replace token"</ButtonLink> });
            let revoke = session.may.revoke.then(|| {
                view! { <ButtonLink href=revoke class="danger solid">"Revoke Session"</ButtonLink> }
            });
            view! { {replace} {revoke} {open} }
        })
    };
    view! {
        <nav class="breadcrumb muted" aria-label="Breadcrumb">
            <a class="link" href=paths::SUPPORT_SESSIONS>
                "Sessions"
            </a>
            " / "
            <span>{short_id}</span>
        </nav>
        <header class="page-header">
            <div>
                <div class="bar">
                    <PageHeading>"Support session"</PageHeading>
                    <span role="status">
                        <StatusBadge status=session.status/>
                    </span>
                    {move || {
                        session
                            .is_active()
                            .then(|| {
                                view! {
                                    <Countdown until now=session.at what="Support session" short=true/>
                                }
                            })
                    }}
                </div>
                <p class="muted summary">
                    <a class="link" href=tenant_path.clone()>
                        <Outside text=first.tenant_name/>
                    </a>
                    " · "
                    <Outside text=first.staff_name/>
                    " · “"
                    <OutsideLines text=first.reason/>
                    "”"
                </p>
            </div>
            <div class="bar push">
                <ButtonLink href=tenant_path>"Tenant details"</ButtonLink>
                {actions}
            </div>
        </header>
    }
    .into_any()
}
