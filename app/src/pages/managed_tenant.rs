//! One tenant for managing it: its values, lifecycle, settings and organizations.

pub mod cards;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::cards::{Lifecycle, Organizations, Settings, Values};
use crate::{
    api,
    components::{
        Breadcrumb, ButtonLink, FlashNotice, Loaded, Notice, Outside, PageHeading, TenantStatusTag,
        Tone, failed_page, use_id, use_page_flash,
    },
    domain::{
        TenantId,
        live::LiveInterest,
        problem::Problem,
        tenants::{ManagedTenant, TenantMaster},
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
        tenants: id.with(|id| id.parse().into_iter().collect()),
        ..LiveInterest::default()
    }));
    live.on_reset(move || managed.refetch());
    Effect::new(move || {
        live.tenants.with(|change| {
            let row = change.as_ref().and_then(|change| change.rows.first());
            let is_old = managed.with_untracked(|managed| match (row, managed) {
                (Some(row), Some(Ok(managed))) => {
                    row.tenant.id == managed.tenant.id && row.tenant != managed.tenant
                }
                _ => false,
            });
            if is_old {
                managed.refetch();
            }
        });
    });
    let flash = use_page_flash();
    view! {
        {flash.map(|flash| view! { <FlashNotice flash/> })}
        <Loaded
            resource=managed
            loading="Loading the tenant…"
            show=move |managed| view! { <Managed managed search=search.get_untracked()/> }
            failed=failed_page
        />
    }
}

#[component]
fn Managed(
    managed: ManagedTenant,
    /// What organizations were searched for.
    search: Option<String>,
) -> impl IntoView {
    let tenant = managed.tenant.clone();
    let name = tenant.name.clone();
    view! {
        <Title text=format!("Manage {}", tenant.name)/>
        <div class="page">
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
            <div class="two">
                <Values managed=managed.clone()/>
                <Lifecycle managed=managed.clone()/>
            </div>
            <div class="two">
                <Settings managed=managed.clone()/>
                <Organizations managed search/>
            </div>
        </div>
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
