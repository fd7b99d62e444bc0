//! The confirmation: session ID and expiration time, and the access token, this once.

use leptos::{html, prelude::*};

use super::ends::curl_line;
use crate::{
    components::{
        ButtonLink, CopyBlock, CopyButton, Countdown, Icon, IconName, OpenTenant, Timestamp,
        use_viewer,
    },
    domain::support_sessions::SupportSessionGranted,
};

/// The confirmation of a new support session or a replaced token. Body and actions of a dialog.
#[component]
pub fn Granted(
    /// The session with its token.
    granted: SupportSessionGranted,
    close_href: String,
) -> impl IntoView {
    let SupportSessionGranted {
        session,
        token,
        gateway_url,
        example_path,
        open_url,
    } = granted;
    let details = if open_url.is_some() { "" } else { "primary" };
    let id = session.id.to_string();
    let session_path = format!("/support/sessions/{id}");
    let expires_at = session.expires_at;
    use_viewer().synchronise(session.issued_at);
    // The element with the focus is gone. Reading continues at the confirmation.
    let body = NodeRef::<html::Div>::new();
    Effect::new(move || {
        if let Some(body) = body.get() {
            request_animation_frame(move || drop(body.focus()));
        }
    });
    let secret = match token {
        Some(token) => {
            let curl = curl_line(&gateway_url, &example_path, &token);
            view! { <Token token curl/> }.into_any()
        }
        None => view! { <AlreadyShown session_path=session_path.clone()/> }.into_any(),
    };
    view! {
        <div class="dialog-body" node_ref=body tabindex="-1">
            <dl class="facts">
                <dt>"Session ID"</dt>
                <dd>
                    <code>{id.clone()}</code>
                    " "
                    <CopyButton text=id what="session ID"/>
                </dd>
                <dt>"Expires"</dt>
                <dd>
                    <Timestamp at=expires_at/>
                    " · "
                    <Countdown
                        until=expires_at
                        now=session.issued_at
                        what=format!("Support session in {}", session.tenant_name)
                        short=true
                    />
                </dd>
            </dl>
            {secret}
        </div>
        <footer class="dialog-actions">
            <ButtonLink href=close_href>"Done"</ButtonLink>
            <ButtonLink href=session_path class=details>
                "View session"
            </ButtonLink>
            {open_url.map(|href| view! { <OpenTenant href/> })}
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

#[component]
fn AlreadyShown(session_path: String) -> impl IntoView {
    view! {
        <div class="notice warn">
            <Icon name=IconName::Warn size=18/>
            <div>
                <p>
                    "This session had already been created by the same form; its token was shown "
                    "then and can't be shown again."
                </p>
                <p>
                    <a class="link" href=format!("{session_path}/replace-token")>
                        "Replace token"
                    </a>
                </p>
            </div>
        </div>
    }
    .into_any()
}
