//! The support overview: the health of all tenants, worst first.

pub mod cards;
pub mod empty;
pub mod request;
pub mod table;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::request::OverviewRequest;
use crate::{
    answer::set_status,
    api::{self, ApiError},
    components::{
        ButtonLink, FilterForm, FlashNotice, Icon, IconName, PageHeading, ProblemNotice,
        ResultCount, SearchBox, SelectFilter, Settled, Timestamp,
        format::{Precision, counted},
        use_page_flash, use_viewer,
    },
    domain::{
        TenantId,
        health::Health,
        live::LiveInterest,
        problem::Problem,
        tenants::{Overview, TelemetryState, TenantStatus},
    },
    live::{LiveHandle, use_live},
    routes,
};

const FIELDS: [&str; 6] = ["q", "status", "health", "sort", "dir", "limit"];

/// What the parts of the page share.
#[derive(Debug, Clone, Copy)]
pub struct Shared {
    request: Memo<Result<OverviewRequest, Problem>>,
    overview: Resource<Result<Overview, ApiError>>,
    live: LiveHandle,
}

impl Shared {
    /// The request; the plain one where the URL can't be read.
    fn request(self) -> OverviewRequest {
        self.request.get().unwrap_or_default()
    }
}

/// The support overview.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let query = use_query_map();
    let request =
        Memo::new(move |_| query.with(|query| OverviewRequest::parse(|name| query.get(name))));
    let overview = Resource::new(
        move || request.get(),
        |request| async move {
            let OverviewRequest { filter, page } = request?;
            api::overview(filter, page).await
        },
    );
    let shown = RwSignal::new(Vec::<TenantId>::new());
    Effect::new(move || {
        if let Some(Ok(overview)) = overview.get() {
            let ids = overview.tenants.items.into_iter().map(|row| row.tenant.id);
            shown.set(ids.collect());
        }
    });
    let live = use_live(Signal::derive(move || LiveInterest {
        tenants: shown.get(),
        counts: true,
        ..LiveInterest::default()
    }));
    let shared = Shared {
        request,
        overview,
        live,
    };
    Effect::new(move |seen: Option<u32>| {
        let resets = live.resets.get();
        if seen.is_some_and(|seen| seen < resets) {
            overview.refetch();
        }
        resets
    });
    // The first tenant ever: the page says that there is none until it is fetched anew.
    Effect::new(move || {
        let is_empty = overview
            .with(|overview| matches!(overview, Some(Ok(overview)) if overview.counts.total == 0));
        let counted = live
            .tenants
            .with(|change| change.as_ref().and_then(|change| change.counts));
        if is_empty && counted.is_some_and(|counts| counts.total > 0) {
            overview.refetch();
        }
    });
    let flash = use_page_flash();
    view! {
        <Title text="Support"/>
        <div class="page">
            {flash.map(|flash| view! { <FlashNotice flash/> })}
            <header class="page-header">
                <div>
                    <PageHeading>"Support"</PageHeading>
                    <p class="muted">"Tenant health across the platform, last 24 hours"</p>
                </div>
                <div class="push">
                    <ButtonLink href=routes::SUPPORT_SESSIONS>"View Sessions"</ButtonLink>
                </div>
            </header>
            <Top shared/>
            <section class="card" aria-label="Tenants">
                <Toolbar shared/>
                <Tenants shared/>
            </section>
        </div>
    }
}

/// The banner and the four figures. When they can't be had, the table's place says so.
#[component]
fn Top(shared: Shared) -> impl IntoView {
    view! {
        <Settled
            resource=shared.overview
            show=move |overview| {
                let overview = overview.ok()?;
                Some(view! {
                    <StaleBanner telemetry=overview.telemetry shared/>
                    <cards::Cards
                        counts=overview.counts
                        sorted_at=overview.sorted_at
                        telemetry=overview.telemetry
                        shared
                    />
                })
            }
        />
    }
}

#[component]
fn StaleBanner(telemetry: TelemetryState, shared: Shared) -> impl IntoView {
    let telemetry = Signal::derive(move || telemetry_now(shared.live, telemetry));
    view! {
        <div role="status" class="contents">
            {move || {
                let telemetry = telemetry.get();
                telemetry
                    .stale
                    .then(|| {
                        let since = telemetry
                            .last_received_at
                            .map(|at| {
                                view! {
                                    "No telemetry since "
                                    <Timestamp at precision=Precision::Minute/>
                                    "."
                                }
                            });
                        view! {
                            <div class="notice warn">
                                <Icon name=IconName::Warn size=18/>
                                <p>
                                    <strong>
                                        {since
                                            .map_or_else(
                                                || "No telemetry has arrived yet.".into_any(),
                                                IntoAny::into_any,
                                            )}
                                    </strong>
                                    " Nothing has arrived from any tenant, so health tells nothing \
                                     about now: it is marked as stale. Check what sends telemetry to \
                                     this console."
                                </p>
                            </div>
                        }
                    })
            }}
        </div>
    }
}

/// Whether telemetry arrives: what the page was made with, until the stream knows better.
fn telemetry_now(live: LiveHandle, first: TelemetryState) -> TelemetryState {
    live.tenants
        .with(|change| change.as_ref().map(|change| change.telemetry))
        .unwrap_or(first)
}

#[component]
fn Toolbar(shared: Shared) -> impl IntoView {
    let value =
        move |get: fn(&OverviewRequest) -> String| Signal::derive(move || get(&shared.request()));
    view! {
        <div class="toolbar">
            <FilterForm action=routes::OVERVIEW label="Tenants" names=&FIELDS>
                <SearchBox
                    name="q"
                    label="Search by name or ID"
                    value=value(|r| r.filter.search.clone().unwrap_or_default())
                />
                <SelectFilter
                    name="status"
                    label="Status"
                    any="Any status"
                    options=options(TenantStatus::ALL, TenantStatus::label)
                    value=value(|r| r.filter.status.map(|s| s.to_string()).unwrap_or_default())
                />
                <SelectFilter
                    name="health"
                    label="Health"
                    any="Any health"
                    options=options(Health::ALL, Health::label)
                    value=value(|r| r.filter.health.map(|h| h.to_string()).unwrap_or_default())
                />
                <KeptFields/>
            </FilterForm>
            <Count shared/>
        </div>
    }
}

/// How many tenants match.
#[component]
fn Count(shared: Shared) -> impl IntoView {
    view! {
        <ResultCount>
            <Settled
                resource=shared.overview
                show=|overview| {
                    overview.ok().map(|o| counted(o.tenants.total, "tenant", "tenants"))
                }
            />
        </ResultCount>
    }
}

/// The order and the page size, which a search keeps.
#[component]
fn KeptFields() -> impl IntoView {
    let query = use_query_map();
    ["sort", "dir", "limit"]
        .map(|name| {
            let value = move || query.with(|query| query.get(name).unwrap_or_default());
            view! { <input type="hidden" name=name value=value disabled=move || value().is_empty()/> }
        })
        .collect_view()
}

fn options<T: Copy + ToString>(all: &[T], label: fn(T) -> &'static str) -> Vec<(String, String)> {
    all.iter()
        .map(|value| (value.to_string(), label(*value).to_owned()))
        .collect()
}

#[component]
fn Tenants(shared: Shared) -> impl IntoView {
    let viewer = use_viewer();
    view! {
        <Settled
            resource=shared.overview
            loading="Loading tenants…"
            show=move |overview| {
                let request = shared.request.get_untracked().unwrap_or_default();
                match overview {
                    Err(error) => {
                        set_status(error.code().status());
                        view! { <Failed problem=error.into()/> }.into_any()
                    }
                    Ok(overview) => {
                        viewer.synchronise(overview.sorted_at);
                        if overview.counts.total == 0 {
                            view! { <empty::EmptyConsole/> }.into_any()
                        } else if overview.tenants.items.is_empty() {
                            view! { <empty::NoMatch filtered=request.is_filtered()/> }.into_any()
                        } else {
                            view! { <table::TenantTable overview request shared/> }.into_any()
                        }
                    }
                }
            }
        />
    }
}

#[component]
fn Failed(problem: Problem) -> impl IntoView {
    view! {
        <div class="panel-body">
            <ProblemNotice what="The tenants could not be loaded." problem/>
            <p>
                <a class="button" href=routes::OVERVIEW rel="external">
                    "Start from the first page"
                </a>
            </p>
        </div>
    }
}
