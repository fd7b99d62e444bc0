//! The list of tenants for managing them: plan, region and status, where the overview shows health.

pub mod table;
pub mod toolbar;

use leptos::prelude::*;

use self::{table::Table, toolbar::Toolbar};
use super::overview::request::{Home, OverviewQuery, OverviewRequest};
use crate::{
    api::{self, ApiError},
    components::{
        ButtonLink, EmptyState, FailedList, FlashNotice, Following, Notice, PageHeader,
        ResultCount, Settled, Tone, format::found, use_page_flash, use_query,
    },
    domain::{
        live::LiveInterest,
        problem::Problem,
        tenants::{ManagedTenants, TenantMaster, TenantsAbout},
    },
    live::use_live,
    paths,
};

#[component]
pub fn ManagedTenantsPage() -> impl IntoView {
    let query = use_query::<OverviewQuery>();
    let request = Memo::new(move |_| query.with(|query| query.parse_for(Home::Management)));
    let tenants = Resource::new(move || request.get(), load);
    let live = use_live(Signal::stored(LiveInterest {
        managed_tenants: true,
        ..LiveInterest::default()
    }));
    live.on_reset(move || tenants.refetch());
    // A user session that expires is no change that the stream announces.
    live.every_15_seconds(move || tenants.refetch());
    let about = Resource::new(|| (), |()| api::tenants_about());
    let flash = use_page_flash();
    view! {
        <div class="page">
            {flash.map(|flash| view! { <FlashNotice flash/> })}
            <PageHeader title="Tenants" lead="Lifecycle, plans and settings">
                <Settled resource=about show=new_tenant/>
            </PageHeader>
            <Settled resource=about show=|about| at_the_platform(about.ok()?.master)/>
            <section class="card" aria-label="Tenants">
                <Toolbar request about>
                    <ResultCount>
                        <Settled resource=tenants show=|listed| listed.ok().map(|l| total(&l))/>
                    </ResultCount>
                </Toolbar>
                <Following
                    resource=tenants
                    loading=Some("Loading tenants…".to_owned())
                    show=move |listed| view! { <List listed request/> }
                />
            </section>
        </div>
    }
}

fn new_tenant(about: Result<TenantsAbout, ApiError>) -> Option<AnyView> {
    let about = about.ok()?;
    may_add(about.master, about.may_manage).then(|| {
        view! {
            <div class="push">
                <ButtonLink href=paths::NEW_TENANT class="primary">
                    "New tenant"
                </ButtonLink>
            </div>
        }
        .into_any()
    })
}

fn at_the_platform(master: TenantMaster) -> Option<AnyView> {
    (master == TenantMaster::Platform).then(|| {
        view! {
            <Notice tone=Tone::Info>
                "The platform manages tenants. This list shows what it has registered."
            </Notice>
        }
        .into_any()
    })
}

fn total(listed: &ManagedTenants) -> String {
    found(listed.tenants.total, "tenant", "tenants")
}

async fn load(request: Result<OverviewRequest, Problem>) -> Result<ManagedTenants, ApiError> {
    let request = request?;
    api::managed_tenants(request.filter, request.page).await
}

/// The list as it is without a query string.
fn first_page() -> OverviewRequest {
    let parsed = OverviewQuery::default().parse_for(Home::Management);
    parsed.unwrap_or_default()
}

/// Whether the caller may add tenants here, and change several at once.
fn may_add(master: TenantMaster, may_manage: bool) -> bool {
    may_manage && master == TenantMaster::Console
}

/// The latest answer, and what was asked for.
type Listed = Memo<(OverviewRequest, Result<ManagedTenants, Problem>)>;

/// What stands in the card. As long as it is the same, rows change in place and stay selected.
#[derive(Debug, Clone, PartialEq)]
enum Shown {
    Table {
        request: OverviewRequest,
        selects: bool,
    },
    Nothing {
        filtered: bool,
        may_add: bool,
    },
    Failed(Problem),
}

impl Shown {
    fn of((request, listed): &(OverviewRequest, Result<ManagedTenants, Problem>)) -> Self {
        match listed {
            Ok(listed) if listed.tenants.items.is_empty() => Self::Nothing {
                filtered: request.is_filtered(),
                may_add: may_add(listed.master, listed.may_manage),
            },
            Ok(listed) => Self::Table {
                request: request.clone(),
                selects: may_add(listed.master, listed.may_manage),
            },
            Err(problem) => Self::Failed(problem.clone()),
        }
    }
}

#[component]
fn List(
    listed: RwSignal<Result<ManagedTenants, ApiError>>,
    request: Memo<Result<OverviewRequest, Problem>>,
) -> impl IntoView {
    let listed = Listed::new(move |before| {
        let request = request.get_untracked().unwrap_or_else(|_| first_page());
        match (listed.get().map_err(Problem::from), before) {
            // The same list stays while the store or the network fails.
            (Err(problem), Some((same, Ok(kept)))) if problem.is_passing() && *same == request => {
                (request, Ok(kept.clone()))
            }
            (now, _) => (request, now),
        }
    });
    let shown = Memo::new(move |_| listed.with(Shown::of));
    move || match shown.get() {
        Shown::Table { request, selects } => view! { <Table listed request selects/> }.into_any(),
        Shown::Nothing { filtered, may_add } => view! { <Nothing filtered may_add/> }.into_any(),
        Shown::Failed(problem) => failed(problem),
    }
}

#[component]
fn Nothing(filtered: bool, may_add: bool) -> impl IntoView {
    if filtered {
        return view! {
            <EmptyState title="No matching tenants">
                <p>"Check the spelling, try part of the name or ID, or remove a filter."</p>
                <ButtonLink href=paths::MANAGED_TENANTS>"Clear search and filters"</ButtonLink>
            </EmptyState>
        }
        .into_any();
    }
    let advice = match may_add {
        true => "Add the first one.",
        false => "Tenants appear here once your platform registers them.",
    };
    view! {
        <EmptyState title="No tenants yet">
            <p>{advice}</p>
            {if may_add {
                view! { <ButtonLink href=paths::NEW_TENANT>"New tenant"</ButtonLink> }.into_any()
            } else {
                view! { <ButtonLink href=paths::OVERVIEW>"Go to the overview"</ButtonLink> }.into_any()
            }}
        </EmptyState>
    }
    .into_any()
}

fn failed(problem: Problem) -> AnyView {
    view! {
        <FailedList problem what="The tenants could not be loaded.">
            <ButtonLink href=paths::MANAGED_TENANTS>"Go to the first page"</ButtonLink>
        </FailedList>
    }
    .into_any()
}
