//! The support overview: the health of all tenants, worst first.

pub mod cards;
pub mod empty;
pub mod history;
pub mod request;
pub mod table;
pub mod toolbar;

use leptos::prelude::*;

use self::{
    cards::Cards,
    empty::{EmptyConsole, NoMatch},
    history::History,
    request::{OverviewQuery, OverviewRequest},
    table::TenantTable,
    toolbar::Toolbar,
};
use crate::{
    api::{self, ApiError},
    components::{
        ButtonLink, FailedList, FlashNotice, Loaded, Notice, PageHeader, Settled, Timestamp, Tone,
        format::Precision, use_page_flash, use_query, use_viewer,
    },
    domain::{
        TenantId,
        live::LiveInterest,
        problem::Problem,
        tenants::{Overview, TelemetryState},
    },
    live::{LiveHandle, use_live},
    paths,
};

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

#[component]
pub fn OverviewPage() -> impl IntoView {
    let query = use_query::<OverviewQuery>();
    let request = Memo::new(move |_| query.with(OverviewQuery::parse));
    let overview = Resource::new(
        move || request.get(),
        |request| async move {
            let OverviewRequest { filter, page, .. } = request?;
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
    live.on_reset(move || overview.refetch());
    // The page says that there are no tenants until it is fetched again.
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
        <div class="page">
            {flash.map(|flash| view! { <FlashNotice flash/> })}
            <PageHeader title="Tenant health" lead="All tenants across the platform, last 24 hours">
                <div class="push">
                    <ButtonLink href=paths::SUPPORT_SESSIONS>"View Sessions"</ButtonLink>
                </div>
            </PageHeader>
            <Top shared/>
            <section class="card" aria-label="Tenants">
                <Toolbar shared/>
                <Tenants shared/>
            </section>
            <History/>
        </div>
    }
}

/// The banner and the four figures. If they fail to load, the table shows the error.
#[component]
fn Top(shared: Shared) -> impl IntoView {
    view! {
        <Settled
            resource=shared.overview
            show=move |overview| {
                let overview = overview.ok()?;
                Some(view! {
                    <StaleBanner telemetry=overview.telemetry shared/>
                    <Cards
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
    let notice = move || {
        let telemetry = telemetry.get();
        let since = match telemetry.last_received_at {
            Some(at) => {
                view! { "No telemetry since " <Timestamp at precision=Precision::Minute/> "." }
                    .into_any()
            }
            None => "No telemetry has arrived yet.".into_any(),
        };
        telemetry.stale.then(|| {
            view! {
                <Notice tone=Tone::Warn>
                    <strong>{since}</strong>
                    " Health figures are out of date and marked as stale. Check what sends \
                     telemetry to this console."
                </Notice>
            }
        })
    };
    view! {
        <div role="status" class="contents">
            {notice}
        </div>
    }
}

/// Whether telemetry arrives: as of rendering, then as the stream reports.
fn telemetry_now(live: LiveHandle, first: TelemetryState) -> TelemetryState {
    live.tenants
        .with(|change| change.as_ref().map(|change| change.telemetry))
        .unwrap_or(first)
}

/// Whether the figures may be out of date: no telemetry arrives, or no update.
fn stale(shared: Shared, first: TelemetryState) -> Signal<bool> {
    Signal::derive(move || {
        telemetry_now(shared.live, first).stale || shared.live.stale_since().is_some()
    })
}

#[component]
fn Tenants(shared: Shared) -> impl IntoView {
    let viewer = use_viewer();
    let show = move |overview: Overview| {
        let request = shared.request.get_untracked().unwrap_or_default();
        viewer.synchronise(overview.sorted_at);
        if overview.counts.total == 0 {
            view! { <EmptyConsole/> }.into_any()
        } else if overview.tenants.items.is_empty() {
            view! { <NoMatch filtered=request.is_filtered()/> }.into_any()
        } else {
            view! { <TenantTable overview request shared/> }.into_any()
        }
    };
    view! {
        <Loaded
            resource=shared.overview
            loading="Loading tenants…"
            show
            failed
        />
    }
}

fn failed(problem: Problem) -> AnyView {
    view! {
        <FailedList problem what="The tenants could not be loaded.">
            <a class="button" href=paths::OVERVIEW rel="external">
                "Go to the first page"
            </a>
        </FailedList>
    }
    .into_any()
}
