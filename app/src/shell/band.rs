//! The band at the top while one holds an active support session: where, with which scopes, for
//! how long, and the way out.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::use_signed_in;
use crate::{
    components::{Countdown, Icon, IconName, Settled, use_viewer},
    domain::{Timestamp, support_sessions::SupportSession},
    routes,
};

#[component]
pub(super) fn SupportSessionBand() -> impl IntoView {
    let signed_in = use_signed_in();
    view! {
        <Settled
            resource=signed_in.resource()
            show=|signed_in| {
                let signed_in = signed_in.ok().flatten()?;
                let now = signed_in.now;
                (!signed_in.own_active.is_empty())
                    .then(|| {
                        view! {
                            <section class="session-band" aria-label="Your active support sessions">
                                <ul>
                                    {signed_in
                                        .own_active
                                        .into_iter()
                                        .map(|session| view! { <BandRow session now/> })
                                        .collect_view()}
                                </ul>
                            </section>
                        }
                    })
            }
        />
    }
}

#[component]
fn BandRow(session: SupportSession, now: Timestamp) -> impl IntoView {
    let viewer = use_viewer();
    let location = use_location();
    let ends = session.expires_at;
    let scopes: Vec<_> = session.scopes.iter().map(ToString::to_string).collect();
    view! {
        <li hidden=move || { ends <= viewer.now_or(now) }>
            <Icon name=IconName::Warn size=16/>
            <p>
                "You are inside "
                <a href=routes::support_session(session.id)>
                    <strong>{session.tenant_name.clone()}</strong>
                </a>
                " · "
                <code>{scopes.join(", ")}</code>
                " · "
                <Countdown
                    until=ends
                    now
                    what=format!("Support session in {}", session.tenant_name)
                />
            </p>
            <form method="post" action=format!("/forms/support-sessions/{}/revoke", session.id)>
                <input type="hidden" name="reason" value=""/>
                <input type="hidden" name="next" value=move || location.pathname.get()/>
                <button
                    class="button small"
                    type="submit"
                    aria-label=format!("End now: support session in {}", session.tenant_name)
                >
                    "End now"
                </button>
            </form>
        </li>
    }
}
