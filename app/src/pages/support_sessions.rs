//! Support sessions: all active and historical ones across the platform.

pub mod cards;
pub mod filters;
pub mod follow;
pub mod query;
pub mod row;
pub mod table;

use leptos::prelude::*;

pub use self::query::{SessionsQuery, belongs};
use self::{
    cards::{Cards, NewSessions},
    filters::Filters,
    follow::LiveList,
    table::Table,
};
use crate::{
    api::{self, ApiError},
    components::{
        ButtonLink, EmptyList, FailedList, PageHeader, Pager, PagerLinks, ResultCount, Settled,
        format::found, use_query,
    },
    domain::{
        live::LiveInterest, problem::Problem, signed_in::SignedIn,
        support_sessions::SupportSessionList,
    },
    live::use_live,
    paths,
};

#[component]
pub fn SupportSessionsPage() -> impl IntoView {
    let query = use_query::<SessionsQuery>();
    let list = Resource::new(move || query.get(), load);
    view! {
        <div class="page">
            <PageHeader
                title="Support sessions"
                lead="Who entered which tenant, and why"
            />
            <Settled
                resource=list
                loading="Loading support sessions…"
                show=move |(list, viewer)| {
                    let query = query.get_untracked();
                    match list {
                        Ok(list) => view! { <List list query viewer/> }.into_any(),
                        Err(ApiError(problem)) => view! { <Failed problem query/> }.into_any(),
                    }
                }
            />
        </div>
    }
}

/// The list and the signed-in staff member.
async fn load(query: SessionsQuery) -> (Result<SupportSessionList, ApiError>, Option<SignedIn>) {
    let list = follow::load(query).await;
    (list, api::signed_in().await.ok().flatten())
}

#[component]
fn List(list: SupportSessionList, query: SessionsQuery, viewer: Option<SignedIn>) -> impl IntoView {
    let ids: Vec<_> = list
        .sessions
        .items
        .iter()
        .map(|session| session.id)
        .collect();
    let interest = LiveInterest {
        support_sessions: ids,
        new_support_sessions: true,
        ..LiveInterest::default()
    };
    let live = use_live(Signal::stored(interest));
    let shown = LiveList::new(&list, viewer);
    let is_first = list.sessions.previous_cursor.is_none();
    if let Ok((filter, _)) = query.parse() {
        shown.follow(live, filter, query.clone());
    }
    let links = PagerLinks::of(&list.sessions, |cursor| query.address(cursor));
    let total = found(list.sessions.total, "support session", "support sessions");
    let is_empty = list.sessions.items.is_empty();
    let first_page = query.address(None);
    view! {
        <Cards counts=shown.counts query=query.clone()/>
        <section class="card" aria-label="Support sessions">
            <div class="toolbar">
                <Filters query=query.clone() staff=list.staff problem=None/>
                <NewSessions shown is_first first_page/>
                <div class="push">
                    <ResultCount>{total}</ResultCount>
                </div>
            </div>
            {if is_empty {
                view! { <Nothing is_filtered=query.is_filtered()/> }.into_any()
            } else {
                view! { <Table shown/> }.into_any()
            }}
            <Pager links=Signal::stored(links) label="support sessions"/>
        </section>
    }
}

#[component]
fn Nothing(is_filtered: bool) -> impl IntoView {
    let (title, advice) = match is_filtered {
        true => (
            "No matching support sessions",
            "Choose another status, tenant or staff member.",
        ),
        false => (
            "No support sessions yet",
            "Find the tenant in the overview, review its health, then create one.",
        ),
    };
    view! { <EmptyList title advice clear=is_filtered.then_some(paths::SUPPORT_SESSIONS)/> }
}

/// The list couldn't be loaded. The filter stays, with errors at its fields.
#[component]
fn Failed(problem: Problem, query: SessionsQuery) -> impl IntoView {
    let first_page = query.address(None);
    view! {
        <section class="card" aria-label="Support sessions">
            <div class="toolbar">
                <Filters query staff=Vec::new() problem=Some(problem.clone())/>
            </div>
            <FailedList problem what="The support sessions could not be loaded.">
                <ButtonLink href=first_page>"Go to the first page"</ButtonLink>
                <ButtonLink href=paths::SUPPORT_SESSIONS class="quiet">
                    "Clear filters"
                </ButtonLink>
            </FailedList>
        </section>
    }
}
