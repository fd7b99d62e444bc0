//! The confirmation: session ID and expiration time, and the access token, this once.

use leptos::prelude::*;

use super::ends::curl_line;
use crate::{
    components::{
        ButtonLink, CopyBlock, CopyCode, Countdown, DoneBody, Fact, Icon, IconName, Notice,
        OpenTenant, Timestamp, Tone, use_viewer,
    },
    domain::{
        live::LiveInterest,
        support_sessions::{SupportSession, SupportSessionGranted},
    },
    live::use_live,
    paths,
};

/// The confirmation of a new support session or a replaced token. Body and actions of a dialog.
pub fn granted(granted: SupportSessionGranted, close_href: String) -> AnyView {
    let SupportSessionGranted {
        session,
        token,
        audit_event_id,
        gateway_url,
        example_path,
        open_url,
        unused,
    } = granted;
    let details = if open_url.is_some() { "" } else { "primary" };
    let (id, what, expires_at) = (session.id, session.in_words(), session.expires_at);
    use_viewer().refresh();
    let has_ended = use_end(&session);
    let secret = match token {
        Some(token) => {
            let curl = curl_line(&gateway_url, &example_path, &token);
            // What grants nothing any more is not handed out.
            let token = move || {
                if has_ended.get() {
                    view! { <Over/> }.into_any()
                } else {
                    view! { <Token token=token.clone() curl=curl.clone()/> }.into_any()
                }
            };
            token.into_any()
        }
        None => already_shown(&session).into_any(),
    };
    let event = audit_event_id.map(|event| {
        view! {
            <Fact name="Audit event">
                <a class="link" href=paths::audit_event(event)>
                    "View audit event"
                </a>
            </Fact>
        }
    });
    let enter =
        move || (!has_ended.get() && open_url.is_some()).then(|| view! { <OpenTenant of=id/> });
    view! {
        <DoneBody>
            <dl class="facts">
                <Fact name="Session ID">
                    <CopyCode text=id.to_string() what="session ID"/>
                </Fact>
                <Fact name="Expires">
                    <Timestamp at=expires_at/>
                    " · "
                    <Countdown
                        until=expires_at
                        now=session.issued_at
                        what
                        of=id
                        short=true
                    />
                </Fact>
                {event}
            </dl>
            {not_used(&unused)}
            {secret}
        </DoneBody>
        <footer class="dialog-actions">
            <ButtonLink href=close_href>"Done"</ButtonLink>
            <ButtonLink href=paths::support_session(id) class=details>
                "View session"
            </ButtonLink>
            {enter}
        </footer>
    }
    .into_any()
}

/// Whether the session has ended: by the clock, or by a revocation, as the live stream tells.
fn use_end(session: &SupportSession) -> Memo<bool> {
    let viewer = use_viewer();
    let live = use_live(Signal::stored(LiveInterest {
        support_sessions: vec![session.id],
        ..LiveInterest::default()
    }));
    let session = session.clone();
    Memo::new(move |before: Option<&bool>| {
        let is_revoked = live.support_sessions.with(|change| {
            let mut changed = change.iter().flat_map(|change| &change.changed);
            changed.any(|changed| changed.id == session.id && changed.revocation.is_some())
        });
        // Not its end for idleness, which each request moves.
        let has_expired = session.expires_at <= viewer.now_or(session.issued_at);
        is_revoked || has_expired || before.copied().unwrap_or_default()
    })
}

#[component]
fn Over() -> impl IntoView {
    view! {
        <Notice tone=Tone::Info>"This session has ended. Its token grants nothing any more."</Notice>
    }
}

#[component]
fn Token(token: String, curl: String) -> impl IntoView {
    view! {
        <section class="field" aria-labelledby="token-label">
            <h3 id="token-label">"Access token"</h3>
            <CopyBlock text=token what="access token"/>
            <p class="hint">
                "Copy it now, you won't see it again. Anyone who has it can act as you until the \
                 session ends."
            </p>
        </section>
        <section class="field" aria-labelledby="curl-label">
            <h3 id="curl-label">"First request"</h3>
            <CopyBlock text=curl what="curl command"/>
            <p class="hint">"Every request is recorded before it is forwarded."</p>
        </section>
    }
    .into_any()
}

/// That the same form was sent twice with different content.
fn not_used(unused: &[String]) -> Option<impl IntoView + use<>> {
    let (last, others) = unused.split_last()?;
    let names = match others {
        [] => last.clone(),
        others => format!("{} and {last}", others.join(", ")),
    };
    Some(view! {
        <Notice tone=Tone::Warn>
            "You sent this form twice with different content. The first one counts. Not used from the second: "
            {names} "."
        </Notice>
    })
}

fn already_shown(session: &SupportSession) -> impl IntoView + use<> {
    let (id, tenant) = (session.id, session.tenant_id.clone());
    view! {
        <div class="notice warn">
            <Icon name=IconName::Warn size=18/>
            <div>
                <p>
                    <strong>"Nothing was done now"</strong>
                    ": this form was sent at "
                    <Timestamp at=session.issued_at/>
                    " and created this session then. Its token was in the answer to that and can't be shown again."
                </p>
                <p>
                    <a class="link" href=paths::REPLACE_TOKEN.page(id)>
                        "Replace token"
                    </a>
                    " · "
                    // From the server, with a fresh form.
                    <a class="link" rel="external" href=paths::CREATE_SESSION.page(tenant)>
                        "Create another session"
                    </a>
                </p>
            </div>
        </div>
    }
}
