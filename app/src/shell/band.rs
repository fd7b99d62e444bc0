//! The band at the top while one holds an active support session: where, with which scopes, for
//! how long, and the way out.

use leptos::prelude::*;

use super::use_signed_in;
use crate::{
    components::{Countdown, Icon, IconName, Settled, use_here, use_viewer},
    domain::{Timestamp, support_sessions::SupportSession},
    routes,
};

/// From more support sessions on, one line stands for all of them.
const FEW: usize = 2;

#[component]
pub(super) fn SupportSessionBand() -> impl IntoView {
    let signed_in = use_signed_in();
    view! {
        <Settled
            resource=signed_in.resource()
            show=|signed_in| {
                let signed_in = signed_in.ok().flatten()?;
                let now = signed_in.now;
                let count = signed_in.own_active.len();
                let rows = signed_in
                    .own_active
                    .into_iter()
                    .map(|session| view! { <BandRow session now/> })
                    .collect_view();
                match count {
                    0 => None,
                    1..=FEW => Some(view! { <ul>{rows}</ul> }.into_any()),
                    // They would push the page out of sight.
                    _ => {
                        Some(
                            view! {
                                <details>
                                    <summary>
                                        <Icon name=IconName::Warn size=16/>
                                        {format!("You are inside {count} support sessions")}
                                    </summary>
                                    <ul>{rows}</ul>
                                </details>
                            }
                                .into_any(),
                        )
                    }
                }
                    .map(|sessions| {
                        view! {
                            <section class="session-band" aria-label="Your active support sessions">
                                {sessions}
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
    let here = use_here();
    let ends = session.ends_at();
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
                <input type="hidden" name="next" value=here/>
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
