//! API keys: who may use the REST interface, and who does.

pub mod create;
pub mod made;
pub mod table;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{components::Outlet, hooks::use_location};

use self::table::Table;
use crate::{
    api,
    components::{
        ButtonLink, EmptyList, EmptyState, FailedList, FilterForm, FlashNotice, KeptField, Loaded,
        PageHeading, Pager, PagerLinks, ResultCount, SearchBox, SelectFilter, Settled, StatCard,
        format::{found, total},
        labelled, use_page_flash, use_query,
    },
    domain::{
        api_keys::{ApiKeyCounts, ApiKeyList, ApiKeyState},
        live::LiveInterest,
        problem::Problem,
        tenants::TENANT_FIELD,
    },
    live::use_live,
    paths,
    query::keys::{KeysQuery, UNUSED},
};

/// Fetches what the page shows again. Dialogs over it say when.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeysChanged(pub(super) RwSignal<u32>);

impl KeysChanged {
    pub(super) fn provide() -> RwSignal<u32> {
        let changed = RwSignal::new(0);
        provide_context(Self(changed));
        changed
    }

    /// The page below a dialog, to which the dialog says that something has changed.
    pub(super) fn below() -> impl Fn() + Copy {
        let below = use_context::<Self>();
        move || {
            if let Some(Self(changed)) = below {
                changed.update(|times| *times += 1);
            }
        }
    }
}

/// Fetches what a page shows again when a key changes anywhere.
pub(super) fn follow_keys(refetch: impl Fn() + Copy + Send + Sync + 'static) {
    let live = use_live(Signal::stored(LiveInterest {
        api_keys: true,
        ..LiveInterest::default()
    }));
    live.on_reset(refetch);
}

#[component]
pub fn ApiKeysPage() -> impl IntoView {
    let query = use_query::<KeysQuery>();
    let changed = KeysChanged::provide();
    let keys = Resource::new(
        move || (query.get(), changed.get()),
        |(query, _)| api::api_keys(query),
    );
    follow_keys(move || keys.refetch());
    let flash = use_page_flash();
    let path = use_location().pathname;
    view! {
        <Outlet/>
        <div class="page">
            {move || {
                (!paths::is_dialog(&path.get()))
                    .then(|| view! { <Title text="API keys"/> })
            }}
            <Head/>
            {flash.map(|flash| view! { <FlashNotice flash/> })}
            <Settled
                resource=keys
                show=move |list| {
                    let counts = list.ok()?.counts;
                    Some(view! { <Cards counts query=query.get_untracked()/> })
                }
            />
            <section class="card" aria-label="API keys">
                <div class="toolbar">
                    <Filters query/>
                    <div class="push">
                        <ResultCount>
                            <Settled resource=keys show=|list| list.ok().map(|list| count(&list))/>
                        </ResultCount>
                    </div>
                </div>
                <Loaded
                    resource=keys
                    loading="Loading API keys…"
                    show=move |list| view! { <List list query=query.get_untracked()/> }
                    failed=move |problem| {
                        view! { <Failed problem query=query.get_untracked()/> }.into_any()
                    }
                />
            </section>
        </div>
    }
}

#[component]
fn Head() -> impl IntoView {
    view! {
        <header class="page-header">
            <div>
                <PageHeading>"API keys"</PageHeading>
                <p class="muted">"Which programs may use the REST API, and when they last did"</p>
            </div>
            <div class="bar push">
                <ButtonLink href=paths::CREATE_KEY.page(paths::OverList) class="primary">
                    "Create API key"
                </ButtonLink>
            </div>
        </header>
    }
}

fn count(list: &ApiKeyList) -> String {
    found(list.keys.total, "API key", "API keys")
}

#[component]
fn Filters(query: Memo<KeysQuery>) -> impl IntoView {
    let text = move |get: fn(&KeysQuery) -> &String| {
        Signal::derive(move || query.with(|query| get(query).clone()))
    };
    let mut states = labelled(ApiKeyState::ALL, ApiKeyState::label);
    let unused = "Active, unused for 90 days";
    states.insert(1, (UNUSED.to_owned(), unused.to_owned()));
    view! {
        <FilterForm
            action=paths::API_KEYS
            label="API keys"
            names=["q", "state", TENANT_FIELD, "limit"]
        >
            <SearchBox name="q" label="Search by name or ID" value=text(|query| &query.q)/>
            <SelectFilter
                name="state"
                label="State"
                any="Any state"
                options=states
                value=text(|query| &query.state)
            />
            <KeptField name=TENANT_FIELD value=text(|query| &query.tenant)/>
            <KeptField name="limit" value=text(|query| &query.limit)/>
        </FilterForm>
    }
}

#[component]
fn List(list: ApiKeyList, query: KeysQuery) -> impl IntoView {
    let links = PagerLinks::of(&list.keys, |cursor| query.address(cursor));
    let is_empty = list.keys.items.is_empty();
    view! {
        {if is_empty {
            view! { <Nothing is_filtered=query.is_filtered()/> }.into_any()
        } else {
            view! { <Table list/> }.into_any()
        }}
        <Pager links=Signal::stored(links) label="API keys"/>
    }
}

#[component]
fn Cards(counts: ApiKeyCounts, query: KeysQuery) -> impl IntoView {
    let card = |label: &'static str, state: &'static str, count: u64| {
        view! {
            <StatCard
                label=move || label
                value=Signal::stored(total(count))
                href=query.in_state(state)
                part="state"
                current=query.state == state
            />
        }
    };
    let of = |state: ApiKeyState, count| card(state.label(), state.as_str(), count);
    view! {
        <section class="cards" aria-label="Counts">
            {of(ApiKeyState::Active, counts.active)}
            {card("Active, never used or not for 90 days", UNUSED, counts.unused)}
            {of(ApiKeyState::Expired, counts.expired)}
            {of(ApiKeyState::Revoked, counts.revoked)}
        </section>
    }
}

#[component]
fn Nothing(is_filtered: bool) -> impl IntoView {
    if is_filtered {
        return view! {
            <EmptyList
                title="No matching API keys"
                advice="Check the spelling, try part of the name, or remove a filter."
                clear=Some(paths::API_KEYS)
            />
        }
        .into_any();
    }
    view! {
        <EmptyState title="No API keys yet">
            <p>"Your platform needs one to register tenants and to send telemetry."</p>
            <ButtonLink href=paths::CREATE_KEY.page(paths::OverList)>"Create API key"</ButtonLink>
        </EmptyState>
    }
    .into_any()
}

#[component]
fn Failed(problem: Problem, query: KeysQuery) -> impl IntoView {
    let first_page = query.address(None);
    view! {
        <FailedList problem what="The API keys could not be loaded.">
            <ButtonLink href=first_page>"Go to the first page"</ButtonLink>
            <ButtonLink href=paths::API_KEYS class="quiet">
                "Clear filters"
            </ButtonLink>
        </FailedList>
    }
}
