//! One tenant for managing it: its values, lifecycle, settings and organizations.

pub mod cards;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::cards::{Lifecycle, Organizations, Settings, Values};
use crate::{
    api::{self, ApiError},
    components::{
        Breadcrumb, ButtonLink, FlashNotice, Following, Notice, Outside, PageHeading,
        TenantStatusTag, Tone, failed_page, use_id, use_page_flash,
    },
    domain::{
        TenantId,
        live::LiveInterest,
        problem::Problem,
        tenants::{ManagedTenant, Organization, TenantMaster},
    },
    live::use_live,
    paths,
};

#[component]
pub fn ManagedTenantPage() -> impl IntoView {
    let id = use_id();
    let query = use_query_map();
    let search = Memo::new(move |_| {
        let text = query.with(|query| query.get("q").unwrap_or_default());
        Some(text).filter(|text| !text.trim().is_empty())
    });
    let managed = Resource::new(
        move || (id.get(), search.get()),
        |(id, search)| async move {
            let id = id.parse::<TenantId>();
            let id = id.map_err(|_| Problem::not_found("tenant"))?;
            api::managed_tenant(id, search).await
        },
    );
    let live = use_live(Signal::derive(move || LiveInterest {
        managed_tenant: id.with(|id| id.parse().ok()),
        ..LiveInterest::default()
    }));
    live.on_reset(move || managed.refetch());
    let flash = use_page_flash();
    view! {
        {flash.map(|flash| view! { <FlashNotice flash/> })}
        <Following
            resource=managed
            loading=Some("Loading the tenant…".to_owned())
            show=move |managed| view! { <Content managed search/> }
        />
    }
}

#[component]
fn Content(
    managed: RwSignal<Result<ManagedTenant, ApiError>>,
    /// What organizations were searched for.
    search: Memo<Option<String>>,
) -> impl IntoView {
    let id = use_id();
    let sessions = Memo::new(move |before: Option<&(u64, u64)>| {
        managed.with(|managed| match managed {
            Ok(now) => (now.active_user_sessions, now.active_support_sessions),
            Err(_) => before.copied().unwrap_or_default(),
        })
    });
    let organizations = Memo::new(move |before: Option<&Vec<Organization>>| {
        managed.with(|managed| match managed {
            Ok(now) => now.organizations.clone(),
            Err(_) => before.cloned().unwrap_or_default(),
        })
    });
    // Users sign in and out all the time. Only the figures change then, and the focus stays.
    let others = Memo::new(move |before: Option<&Result<ManagedTenant, Problem>>| {
        match (managed.get(), before) {
            (Ok(managed), _) => Ok(ManagedTenant {
                active_user_sessions: 0,
                active_support_sessions: 0,
                organizations: Vec::new(),
                ..managed
            }),
            // The same tenant stays while the store or the network fails.
            (Err(ApiError(problem)), Some(Ok(before)))
                if problem.is_passing()
                    && id.with_untracked(|id| before.tenant.id.as_str() == id) =>
            {
                Ok(before.clone())
            }
            (Err(ApiError(problem)), _) => Err(problem),
        }
    });
    // While these are the same, the search of organizations keeps what is typed into it.
    let made_for = Memo::new(move |_| {
        others.with(|others| match others {
            Ok(now) => Ok((now.tenant.id.clone(), now.master, now.may_manage)),
            Err(problem) => Err(problem.clone()),
        })
    });
    move || match (made_for.get(), others.get_untracked()) {
        (Ok(_), Ok(first)) => {
            let managed = Memo::new(move |before: Option<&ManagedTenant>| {
                let now = others.get().ok();
                now.unwrap_or_else(|| before.unwrap_or(&first).clone())
            });
            view! { <Managed managed organizations search sessions/> }.into_any()
        }
        (Err(problem), _) | (_, Err(problem)) => failed_page(problem),
    }
}

#[component]
fn Managed(
    managed: Memo<ManagedTenant>,
    organizations: Memo<Vec<Organization>>,
    search: Memo<Option<String>>,
    /// The active user sessions and support sessions.
    sessions: Memo<(u64, u64)>,
) -> impl IntoView {
    view! {
        <div class="page">
            {move || view! { <Head managed=managed.get()/> }}
            <div class="two">
                {move || view! { <Values managed=managed.get()/> }}
                {move || view! { <Lifecycle managed=managed.get() sessions/> }}
            </div>
            <div class="two">
                {move || view! { <Settings managed=managed.get()/> }}
                <Organizations managed=managed.get_untracked() organizations search/>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Head(managed: ManagedTenant) -> impl IntoView {
    let tenant = managed.tenant.clone();
    let name = tenant.name.clone();
    view! {
        <Title text=format!("Manage {}", tenant.name)/>
        <Breadcrumb href=paths::MANAGED_TENANTS label="Tenants">
            <Outside text=name/>
        </Breadcrumb>
        <header class="page-header">
            <div>
                <div class="bar">
                    <PageHeading><Outside text=tenant.name.clone()/></PageHeading>
                    <TenantStatusTag status=tenant.status/>
                </div>
                <p class="muted"><code>{tenant.id.to_string()}</code></p>
            </div>
            <div class="bar push">
                <ButtonLink href=paths::tenant(&tenant.id)>"Health and support"</ButtonLink>
            </div>
        </header>
        {(managed.master == TenantMaster::Platform).then(|| at_the_platform(&managed))}
    }
    .into_any()
}

/// Where the tenant is managed instead.
fn at_the_platform(managed: &ManagedTenant) -> impl IntoView + use<> {
    let link = managed.manage_url.clone().map(|url| {
        view! {
            " "
            <a class="link" href=url rel="external noopener">
                "Manage tenant on the platform"
            </a>
        }
    });
    view! {
        <Notice tone=Tone::Info>
            "The platform manages this tenant. Values marked “platform” can only be changed there."
            {link}
        </Notice>
    }
}
