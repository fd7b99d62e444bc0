//! The band at the top while one holds an active support session: where, with which scopes, for
//! how long, and the way out.

use leptos::prelude::*;

use crate::{
    components::{Countdown, Icon, IconName, Outside, use_here, use_viewer},
    domain::{
        Timestamp, shown::in_sentence, signed_in::SignedIn, support_sessions::SupportSession,
    },
    paths,
    signed_in::WhileSignedIn,
};

/// The most support sessions that get their own line. More are collapsed into one.
const FEW: usize = 2;

#[component]
pub(super) fn SupportSessionBand() -> impl IntoView {
    view! {
        // Stays while what is in it is made anew, so that its height can be followed.
        <div class="session-band" data-band="">
            <WhileSignedIn show=band/>
        </div>
    }
}

fn band(signed_in: SignedIn) -> Option<impl IntoView> {
    let now = signed_in.now;
    let count = signed_in.own_active.len();
    let rows = signed_in
        .own_active
        .into_iter()
        .map(|session| view! { <BandRow session now/> })
        .collect_view();
    let rows = view! { <ul>{rows}</ul> };
    let sessions = match count {
        0 => return None,
        1..=FEW => rows.into_any(),
        // They would push the page out of sight.
        _ => view! {
            <details>
                <summary>
                    <Icon name=IconName::Warn size=16/>
                    {format!("You're in {count} support sessions")}
                </summary>
                {rows}
            </details>
        }
        .into_any(),
    };
    Some(view! {
        <section aria-label="Your active support sessions">
            {sessions}
        </section>
    })
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
                "You're in "
                <a href=paths::support_session(session.id)>
                    <strong><Outside text=session.tenant_name.clone()/></strong>
                </a>
                " · "
                <code>{scopes.join(", ")}</code>
                " · "
                <Countdown
                    until=ends
                    now
                    what=session.in_words()
                    of=session.id
                />
            </p>
            <form method="post" action=paths::REVOKE.form(session.id)>
                <input type="hidden" name="reason" value=""/>
                <input type="hidden" name="next" value=here/>
                <button
                    class="button small"
                    type="submit"
                    aria-label=format!(
                        "End now: support session in {}",
                        in_sentence(&session.tenant_name)
                    )
                >
                    "End now"
                </button>
            </form>
        </li>
    }
}
