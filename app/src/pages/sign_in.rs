//! Sign-in. A plain form, so that password managers know it and nothing has to load first: the page has no WebAssembly.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::Deserialize;

use crate::{
    api,
    components::{
        BrandMark, DoneNotice, Icon, IconName, PageHeading, ProblemNotice, TextField, suspend,
        use_flash,
    },
    domain::{
        flash::Flash,
        signed_in::LostSignIn,
        staff::{EMAIL_MAX, PASSWORD_MAX},
    },
    paths::{self, local_path},
};

const FIRST_STAFF_MEMBER: &str =
    "support-console staff add --email you@example.com --name \"Your Name\" --role super_admin";

#[component]
pub fn SignInPage() -> impl IntoView {
    let query = use_query_map();
    let flash = use_flash();
    let any_staff = Resource::new(|| (), |()| api::any_staff());
    let next = Memo::new(move |_| {
        let next = query.with(|query| query.get("next")).unwrap_or_default();
        local_path(&next).unwrap_or_default().to_owned()
    });
    let lost = Memo::new(move |_| query.with(|query| query.get("lost")?.parse().ok()));
    view! {
        <Title text="Sign in"/>
        <div class="screen narrow">
            <p class="brand">
                <BrandMark/>
                <span>"Support Console"</span>
            </p>
            <PageHeading>"Sign in"</PageHeading>
            {move || lost.get().map(|lost| view! { <Lost lost/> })}
            <Suspense>
                {move || suspend(any_staff, |any_staff| {
                    let is_first_start = any_staff == Ok(false);
                    is_first_start.then(|| view! { <FirstStart/> })
                })}
            </Suspense>
            <Suspense>
                {move || suspend(flash, move |flash| {
                    view! { <Form flash next/> }
                })}
            </Suspense>
        </div>
    }
}

/// Why the sign-in before does not hold.
#[component]
fn Lost(lost: LostSignIn) -> impl IntoView {
    view! {
        <div class="notice bad" role="alert">
            <Icon name=IconName::Bad size=18/>
            <p><strong>"You're not signed in. "</strong>{lost.sentences()}</p>
        </div>
    }
}

/// What is kept of a refused sign-in.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Kept {
    email: String,
}

#[component]
fn Form(flash: Option<Flash>, next: Memo<String>) -> impl IntoView {
    let kept: Option<Kept> = flash.as_ref().and_then(Flash::kept);
    let email = kept.unwrap_or_default().email;
    let has_email = !email.is_empty();
    view! {
        {match flash {
            Some(Flash::Refused { problem, .. }) => {
                let problem = problem.beside(&[]);
                problem.map(|problem| view! { <ProblemNotice problem/> }.into_any())
            }
            Some(Flash::Done(done)) => Some(view! { <DoneNotice done/> }.into_any()),
            _ => None,
        }}
        <form class="card panel-body" method="post" action=paths::forms::SIGN_IN>
            <input type="hidden" name="next" value=next/>
            <TextField
                name="email"
                label="E-mail"
                kind="email"
                autocomplete="username"
                autocapitalize="none"
                required=true
                maxlength=EMAIL_MAX
                autofocus=!has_email
                value=email
            />
            <TextField
                name="password"
                label="Password"
                kind="password"
                autocomplete="current-password"
                required=true
                maxlength=PASSWORD_MAX
                autofocus=has_email
            />
            <button class="button primary" type="submit">
                "Sign in"
            </button>
        </form>
    }
}

#[component]
fn FirstStart() -> impl IntoView {
    view! {
        <div class="notice info">
            <div class="form">
                <p>
                    <strong>"No one can sign in yet."</strong>
                    " Run this on the server to add the first staff member, then come back:"
                </p>
                <pre class="copy-block" tabindex="0" role="region" aria-label="Command"><code>{FIRST_STAFF_MEMBER}</code></pre>
            </div>
        </div>
    }
}
