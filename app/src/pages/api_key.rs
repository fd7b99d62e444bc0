//! One API key: what it may do, how it is used, and what can be done with it.

pub mod facts;
pub mod revoke;
pub mod rotate;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{components::Outlet, hooks::use_location};

use self::facts::Facts;
use super::api_keys::{KeysChanged, follow_keys};
use crate::{
    api,
    components::{
        Breadcrumb, ButtonLink, DoneNotice, FlashNotice, KeyStateBadge, Loaded, Outside,
        PageHeading, failed_page, use_id, use_page_flash,
    },
    domain::{
        ApiKeyId,
        api_keys::{ApiKeyDetail, ApiKeyState},
        flash::Done,
        problem::Problem,
        shown::in_sentence,
    },
    paths,
};

/// What a dialog over the page has done.
#[derive(Debug, Clone, Copy)]
struct WhatWasDone(RwSignal<Option<Done>>);

#[component]
pub fn ApiKeyPage() -> impl IntoView {
    let (id, changed) = (use_id(), KeysChanged::provide());
    let detail = Resource::new(
        move || (id.get(), changed.get()),
        |(id, _)| {
            let id: Result<ApiKeyId, _> = id.parse();
            let id = id.map_err(|_| Problem::not_found("API key"));
            async move { api::api_key(id?).await }
        },
    );
    let done = RwSignal::new(None);
    provide_context(WhatWasDone(done));
    follow_keys(move || detail.refetch());
    let flash = use_page_flash();
    view! {
        <Outlet/>
        <Loaded
            resource=detail
            loading="Loading the API key…"
            show=move |detail| {
                view! {
                    <div class="page">
                        {move || done.get().map(|done| view! { <DoneNotice done/> })}
                        {flash.map(|flash| view! { <FlashNotice flash/> })}
                        <Body detail/>
                    </div>
                }
            }
            failed=failed_page
        />
    }
}

#[component]
fn Body(detail: ApiKeyDetail) -> impl IntoView {
    let path = use_location().pathname;
    let key = detail.key.clone();
    let (id, state) = (key.id, key.state(detail.at));
    let title = format!("API key {}", in_sentence(&key.name));
    let name = key.name.clone();
    view! {
        {move || (!paths::is_dialog(&path.get())).then(|| view! { <Title text=title.clone()/> })}
        <Breadcrumb href=paths::API_KEYS label="API keys">
            <Outside text=name/>
        </Breadcrumb>
        <header class="page-header">
            <div>
                <PageHeading><Outside text=key.name/></PageHeading>
                <p><KeyStateBadge state/></p>
            </div>
            <div class="bar push">
                {(state == ApiKeyState::Active)
                    .then(|| {
                        view! {
                            <ButtonLink href=paths::ROTATE_KEY.page(id)>"Rotate"</ButtonLink>
                        }
                    })}
                {(state != ApiKeyState::Revoked)
                    .then(|| {
                        view! {
                            <ButtonLink href=paths::REVOKE_KEY.page(id) class="danger">
                                "Revoke"
                            </ButtonLink>
                        }
                    })}
            </div>
        </header>
        <Facts detail/>
    }
    .into_any()
}
