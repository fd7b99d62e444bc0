//! What one gets for a new key or a rotation: the secret, this once.

use leptos::prelude::*;

use crate::{
    components::{
        ButtonLink, CopyBlock, CopyCode, DoneBody, Fact, Notice, Outside, Timestamp, Tone,
    },
    domain::api_keys::ApiKeyMade,
    paths,
};

/// Body and actions of a dialog.
pub(in crate::pages) fn made(made: ApiKeyMade, close_href: String) -> AnyView {
    let ApiKeyMade {
        key,
        secret,
        audit_event_id,
        at,
    } = made;
    let (id, overlap) = (key.id, key.overlap(at));
    let is_rotated = key.rotated_at.is_some();
    let event = audit_event_id.map(|event| {
        view! {
            <Fact name="Audit event">
                <a class="link" href=paths::audit_event(event)>
                    "View audit event"
                </a>
            </Fact>
        }
    });
    let previous = is_rotated.then(|| {
        let until = match overlap {
            Some(until) => view! { "Works until " <Timestamp at=until/> }.into_any(),
            None => "No longer works".into_any(),
        };
        view! { <Fact name="Previous secret">{until}</Fact> }
    });
    let expires = match key.expires_at {
        Some(at) => view! { <Timestamp at/> }.into_any(),
        None => "Never".into_any(),
    };
    view! {
        <DoneBody>
            <dl class="facts">
                <Fact name="Name"><Outside text=key.name/></Fact>
                <Fact name="Key ID">
                    <CopyCode text=id.to_string() what="key ID"/>
                </Fact>
                <Fact name="Expires">{expires}</Fact>
                {previous}
                {event}
            </dl>
            {match secret {
                Some(secret) => view! { <Secret secret/> }.into_any(),
                None => view! { <AlreadyShown/> }.into_any(),
            }}
        </DoneBody>
        <footer class="dialog-actions">
            <ButtonLink href=close_href>"Done"</ButtonLink>
            <ButtonLink href=paths::api_key(id) class="primary">
                "View key"
            </ButtonLink>
        </footer>
    }
    .into_any()
}

#[component]
fn Secret(secret: String) -> impl IntoView {
    view! {
        <section class="field" aria-labelledby="secret-label">
            <h3 id="secret-label">"Secret"</h3>
            <CopyBlock text=secret what="secret"/>
            <p class="hint">
                "Copy it now, you won't see it again. Send it as Authorization: Bearer or X-API-Key."
            </p>
        </section>
    }
}

#[component]
fn AlreadyShown() -> impl IntoView {
    view! {
        <Notice tone=Tone::Warn>
            "Nothing was done now: this form was already sent. The secret was shown once and can't be shown \
             again. If you don't have it, rotate the key."
        </Notice>
    }
}
