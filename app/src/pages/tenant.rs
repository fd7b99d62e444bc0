//! The support detail of a tenant: its health signals, why, and what can be done about it.

pub mod activity;
pub mod signals;

use chrono::TimeDelta;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    components::Outlet,
    hooks::{use_location, use_params_map},
};

use crate::{
    api::{self, ApiError},
    components::{
        ButtonLink, CallsChart, FailedPage, FlashNotice, PageHeading, Settled, TenantStatusTag,
        Timestamp, VerdictBox,
        format::{Precision, counted},
        use_page_flash, use_viewer,
    },
    domain::{
        TenantId,
        flash::Flash,
        live::LiveInterest,
        problem::Problem,
        tenants::{Organization, TenantDetail},
    },
    live::{LiveHandle, use_live},
    routes,
};

/// Figures that the live stream does not carry are fetched again after this time, if calls arrive.
const REFETCH_AFTER: TimeDelta = TimeDelta::seconds(30);

/// Counts what a dialog over this page has done to the tenant, so that the page shows it.
#[derive(Debug, Clone, Copy)]
pub struct TenantActs(RwSignal<u32>);

impl TenantActs {
    fn provide() -> Self {
        let acts = Self(RwSignal::new(0));
        provide_context(acts);
        acts
    }

    /// Something was done.
    pub(super) fn done(self) {
        self.0.update(|done| *done += 1);
    }

    /// How much was done.
    pub(super) fn count(self) -> u32 {
        self.0.get()
    }
}

/// The tenant that the URL names.
fn tenant_id(params: &leptos_router::params::ParamsMap) -> Result<TenantId, Problem> {
    params
        .get("id")
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| Problem::not_found("tenant"))
}

/// The support detail of a tenant, with the dialogs that belong to it.
#[component]
pub fn TenantPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(tenant_id));
    let detail = Resource::new(
        move || id.get(),
        |id| async move { api::tenant_detail(id?).await },
    );
    let live = use_live(Signal::derive(move || LiveInterest {
        tenants: id.get().into_iter().collect(),
        ..LiveInterest::default()
    }));
    refetch_when_old(detail, live);
    let acts = TenantActs::provide();
    Effect::new(move |seen: Option<u32>| {
        let done = acts.0.get();
        if seen.is_some_and(|seen| seen < done) {
            detail.refetch();
        }
        done
    });
    let flash = use_page_flash();
    view! {
        <Outlet/>
        <Settled
            resource=detail
            loading="Loading the tenant…"
            show=move |detail| match detail {
                Err(error) => view! { <FailedPage problem=error.into()/> }.into_any(),
                Ok(detail) => view! { <Detail detail live flash/> }.into_any(),
            }
        />
    }
}

/// The verdict's numbers and the chart come with the page; the stream tells when they are old.
fn refetch_when_old(detail: Resource<Result<TenantDetail, ApiError>>, live: LiveHandle) {
    Effect::new(move |seen: Option<u32>| {
        let resets = live.resets.get();
        if seen.is_some_and(|seen| seen < resets) {
            detail.refetch();
        }
        resets
    });
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
    use_viewer().synchronise(detail.signals.updated_at);
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
    let facts: Vec<_> = [
        tenant.plan.map(|plan| format!("{plan} plan")),
        tenant.region,
    ]
    .into_iter()
    .flatten()
    .map(|fact| format!(" · {fact}"))
    .collect();
    view! {
        // A dialog over this page has a title of its own.
        {move || {
            (!routes::is_dialog(&path.get())).then(|| view! { <Title text=title.clone()/> })
        }}
        <div class="page">
            {flash.map(|flash| view! { <FlashNotice flash/> })}
            <nav class="muted" aria-label="Breadcrumb">
                <a class="link" href=routes::OVERVIEW>"Support"</a>
                " / "
                <span aria-current="page">{tenant.name.clone()}</span>
            </nav>
            <header class="page-header">
                <div>
                    <div class="bar">
                        <PageHeading>{tenant.name}</PageHeading>
                        <TenantStatusTag status=tenant.status/>
                    </div>
                    <p class="muted">
                        <code>{tenant.id.to_string()}</code>
                        {facts}
                        " · since "
                        <Timestamp at=tenant.created_at precision=Precision::Date/>
                        " · "
                        {counted(active_user_sessions, "active user session", "active user sessions")}
                    </p>
                </div>
                <div class="bar push" role="group" aria-label="Support Actions">
                    {manage_url
                        .map(|url| {
                            view! {
                                <a class="button quiet" href=url rel="external noopener">
                                    "Manage tenant"
                                </a>
                            }
                        })}
                    <ButtonLink href=routes::create_session(&tenant.id) class="primary">
                        "Create Support Session"
                    </ButtonLink>
                    <ButtonLink href=routes::force_logout(&tenant.id) class="danger">
                        "Force Logout All Sessions"
                    </ButtonLink>
                </div>
            </header>
            <VerdictBox verdict since=signals.since now stale/>
            <signals::Signals id=tenant.id.clone() first=signals calls=calls.clone() stale live/>
            <CallsChart buckets=calls/>
            <div class="two">
                <activity::SessionsHere tenant=tenant.id.clone() live/>
                <activity::RecentEvents tenant=tenant.id live/>
            </div>
            <Organizations organizations/>
        </div>
    }
}

#[component]
fn Organizations(organizations: Vec<Organization>) -> impl IntoView {
    let is_empty = organizations.is_empty();
    view! {
        <section class="card panel" aria-labelledby="organizations">
            <header class="panel-header">
                <h2 id="organizations">"Organizations"</h2>
                <span class="muted push num">
                    {counted(organizations.len() as u64, "organization", "organizations")}
                </span>
            </header>
            <ul class="rows">
                {organizations
                    .into_iter()
                    .map(|organization| {
                        view! {
                            <li>
                                <span class="grow">
                                    <strong>{organization.name}</strong>
                                    <span class="id">{organization.id.to_string()}</span>
                                </span>
                                <span class="tag" data-status=organization.status.as_str()>
                                    {organization.status.label()}
                                </span>
                            </li>
                        }
                    })
                    .collect_view()}
                {is_empty
                    .then(|| {
                        view! {
                            <li class="muted">"The platform has registered none for this tenant."</li>
                        }
                    })}
            </ul>
        </section>
    }
}
