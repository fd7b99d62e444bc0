//! One's own sessions and devices. Plain forms, with and without JavaScript.

use leptos::prelude::*;

use crate::{
    api,
    components::{
        FlashNotice, Loaded, PageHeader, SignInTable, WrittenIn, failed_part, use_page_flash,
    },
    domain::{
        live::LiveInterest,
        staff::{OwnSignIns, SignIn},
    },
    live::use_live,
    paths,
};

#[component]
pub fn OwnSignInsPage() -> impl IntoView {
    let own = Resource::new(|| (), |()| api::list_own_sign_ins());
    let live = use_live(Signal::stored(LiveInterest {
        staff: true,
        ..LiveInterest::default()
    }));
    live.on_reset(move || own.refetch());
    let flash = use_page_flash();
    view! {
        <div class="page">
            <PageHeader
                title="Your sessions and devices"
                lead="Where you are signed in. Sign out anything you don't recognise, then change your password."
            />
            {flash.map(|flash| view! { <FlashNotice flash/> })}
            <section class="card" aria-label="Open sign-ins">
                <Loaded
                    resource=own
                    loading="Loading your sign-ins…"
                    show=|own| view! { <Body own/> }
                    failed=failed_part("Your sign-ins could not be loaded.")
                />
            </section>
            <p>
                <a class="link" href=paths::PASSWORD>
                    "Change password"
                </a>
            </p>
        </div>
    }
}

#[component]
fn Body(own: OwnSignIns) -> impl IntoView {
    let has_others = own.sign_ins.iter().any(|sign_in| !sign_in.is_this);
    let others = has_others.then(|| {
        view! {
            <form class="toolbar" method="post" action=paths::forms::SIGN_OUT_ELSEWHERE>
                <WrittenIn/>
                <button class="button small danger" type="submit">
                    "Sign out everywhere else"
                </button>
            </form>
        }
    });
    view! {
        {others}
        <SignInTable sign_ins=own.sign_ins now=own.now act=sign_out_there/>
    }
}

fn sign_out_there(sign_in: &SignIn) -> AnyView {
    if sign_in.is_this {
        return ().into_any();
    }
    let label = format!("Sign out there: {}", sign_in.device);
    view! {
        <form method="post" action=paths::forms::SIGN_OUT_ELSEWHERE>
            <WrittenIn/>
            <input type="hidden" name="id" value=sign_in.id.to_string()/>
            <button class="button small" type="submit" aria-label=label>
                "Sign out there"
            </button>
        </form>
    }
    .into_any()
}
