//! The support detail page of a tenant: its health signals, the reason, and the actions.

pub mod activity;
pub mod header;
pub mod organizations;
pub mod signals;

use chrono::TimeDelta;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{components::Outlet, hooks::use_location};

use self::{
    activity::{RecentEvents, SessionsHere},
    header::Header,
    organizations::Organizations,
    signals::Signals,
};
use crate::{
    api::{self, ApiError},
    components::{
        CallsChart, FlashNotice, Loaded, VerdictBox, failed_page, use_id, use_named, use_page_flash,
    },
    domain::{flash::Flash, live::LiveInterest, tenants::TenantDetail},
    live::{LiveHandle, use_live},
    paths::is_dialog,
};

/// Figures that the live stream does not carry are fetched again after this time, if calls arrive.
const REFETCH_AFTER: TimeDelta = TimeDelta::seconds(30);

/// Counts the changes that dialogs over this page made, so that the page refetches.
#[derive(Debug, Clone, Copy)]
pub struct TenantActs(RwSignal<u32>);

impl TenantActs {
    fn provide() -> Self {
        let acts = Self(RwSignal::new(0));
        provide_context(acts);
        acts
    }

    pub(super) fn done(self) {
        self.0.update(|done| *done += 1);
    }

    pub(super) fn count(self) -> u32 {
        self.0.get()
    }
}

/// The support detail of a tenant, with the dialogs that belong to it.
#[component]
pub fn TenantPage() -> impl IntoView {
    let id = use_id();
    let detail = use_named("tenant", api::tenant_detail);
    let live = use_live(Signal::derive(move || LiveInterest {
        tenants: id.with(|id| id.parse().into_iter().collect()),
        new_support_sessions: true,
        ..LiveInterest::default()
    }));
    refetch_when_old(detail, live);
    let acts = TenantActs::provide();
    Effect::new(move || {
        if acts.count() > 0 {
            detail.refetch();
        }
    });
    let flash = use_page_flash();
    view! {
        <Outlet/>
        <Loaded
            resource=detail
            loading="Loading the tenant…"
            show=move |detail| view! { <Detail detail live flash/> }
            failed=failed_page
        />
    }
}

/// The verdict's numbers and the chart come with the page. The stream says when they are out of
/// date.
fn refetch_when_old(detail: Resource<Result<TenantDetail, ApiError>>, live: LiveHandle) {
    live.on_reset(move || detail.refetch());
    Effect::new(move || {
        live.tenants.with(|change| {
            let Some(change) = change else { return };
            let Some(row) = change.rows.first() else {
                return;
            };
            let is_old = detail.with_untracked(|detail| match detail {
                Some(Ok(detail)) => {
                    detail.tenant.id == row.tenant.id
                        && (detail.tenant != row.tenant
                            || detail.signals.health != row.signals.health
                            || detail.signals.updated_at + REFETCH_AFTER < row.signals.updated_at)
                }
                _ => false,
            });
            if is_old {
                detail.refetch();
            }
        });
    });
}

#[component]
fn Detail(
    detail: TenantDetail,
    live: LiveHandle,
    flash: Option<Resource<Option<Flash>>>,
) -> impl IntoView {
    let TenantDetail {
        tenant,
        signals,
        verdict,
        calls,
        telemetry,
        organizations,
        active_user_sessions,
        manage_url,
    } = detail;
    let now = signals.updated_at;
    let stale = Signal::derive(move || {
        live.tenants
            .with(|change| change.as_ref().map_or(telemetry, |change| change.telemetry))
            .stale
    });
    let path = use_location().pathname;
    let title = tenant.name.clone();
    let id = tenant.id.clone();
    view! {
        // A dialog over this page has its own title.
        {move || (!is_dialog(&path.get())).then(|| view! { <Title text=title.clone()/> })}
        <div class="page">
            {flash.map(|flash| view! { <FlashNotice flash/> })}
            <Header tenant active_user_sessions manage_url/>
            <VerdictBox verdict=verdict.clone() since=signals.since now stale/>
            <Signals id=id.clone() first=signals calls=calls.clone() stale live/>
            <CallsChart buckets=calls cause=verdict.cause/>
            <div class="two three">
                <SessionsHere tenant=id.clone() live/>
                <RecentEvents tenant=id live/>
                <Organizations organizations/>
            </div>
        </div>
    }
}
