//! The confirmation: session ID and expiration time, and the access token, this once.

use leptos::prelude::*;

use super::ends::curl_line;
use crate::{
    components::{
        ButtonLink, CopyBlock, CopyCode, Countdown, DoneBody, Fact, Icon, IconName, OpenTenant,
        Timestamp, use_viewer,
    },
    domain::{
        shown::in_sentence,
        support_sessions::{SupportSession, SupportSessionGranted},
    },
    paths,
};

/// The confirmation of a new support session or a replaced token. Body and actions of a dialog.
pub fn granted(granted: SupportSessionGranted, close_href: String) -> AnyView {
    let SupportSessionGranted {
        session,
        token,
        gateway_url,
        example_path,
        open_url,
    } = granted;
    let details = if open_url.is_some() { "" } else { "primary" };
    let expires_at = session.expires_at;
    use_viewer().synchronise(session.issued_at);
    let secret = match token {
        Some(token) => {
            let curl = curl_line(&gateway_url, &example_path, &token);
            view! { <Token token curl/> }.into_any()
        }
        None => already_shown(&session).into_any(),
    };
    view! {
        <DoneBody>
            <dl class="facts">
                <Fact name="Session ID">
                    <CopyCode text=session.id.to_string() what="session ID"/>
                </Fact>
                <Fact name="Expires">
                    <Timestamp at=expires_at/>
                    " · "
                    <Countdown
                        until=expires_at
                        now=session.issued_at
                        what=format!("Support session in {}", in_sentence(&session.tenant_name))
                        short=true
                    />
                </Fact>
            </dl>
            {secret}
        </DoneBody>
        <footer class="dialog-actions">
            <ButtonLink href=close_href>"Done"</ButtonLink>
            <ButtonLink href=paths::support_session(session.id) class=details>
                "View session"
            </ButtonLink>
            {open_url.map(|_| view! { <OpenTenant of=session.id/> })}
        </footer>
    }
    .into_any()
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
                    " and created this session then. Its token was shown once and can't be shown again."
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
