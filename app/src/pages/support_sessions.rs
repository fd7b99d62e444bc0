//! Support sessions: all active and historical ones across the platform.

pub mod filters;
pub mod query;
pub mod row;

use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

pub use self::query::{SessionsQuery, belongs};
use self::{filters::Filters, row::SessionRow};
use crate::{
    api::{self, ApiError},
    components::{
        ButtonLink, EmptyState, PageHeading, Pager, PagerLinks, ProblemNotice, ResultCount,
        Settled, StatCard, TableBox,
        format::{counted, thousands},
        use_viewer,
    },
    domain::{
        Timestamp,
        live::LiveInterest,
        problem::Problem,
        staff::{Role, SignedIn},
        support_sessions::{
            SupportSession, SupportSessionCounts, SupportSessionFilter, SupportSessionList,
            SupportSessionStatus,
        },
    },
    live::{
        LiveHandle,
        rows::{LiveRow as _, LiveRows},
        use_live,
    },
    routes,
};

/// The list of support sessions.
#[component]
pub fn SupportSessionsPage() -> impl IntoView {
    let map = use_query_map();
    let query = Memo::new(move |_| map.with(|map| SessionsQuery::read(|name| map.get(name))));
    let list = Resource::new(move || query.get(), load);
    view! {
        <Title text="Support sessions"/>
        <div class="page">
            <header class="page-header">
                <div>
                    <PageHeading>"Support sessions"</PageHeading>
                    <p class="muted">
                        "All active and historical sessions across the platform, newest first"
                    </p>
                </div>
            </header>
            <Settled
                resource=list
                loading="Loading support sessions…"
                show=move |(list, viewer)| {
                    let query = query.get_untracked();
                    match list {
                        Ok(list) => {
                            let may_revoke = move |session: &SupportSession| {
                                viewer.as_ref().is_some_and(|viewer| {
                                    viewer.staff.roles.contains(&Role::SuperAdmin)
                                        || viewer.staff.id == session.staff_id
                                })
                            };
                            view! { <List list query may_revoke/> }.into_any()
                        }
                        Err(ApiError(problem)) => view! { <Failed problem query/> }.into_any(),
                    }
                }
            />
        </div>
    }
}

/// The list, and who looks at it.
async fn load(query: SessionsQuery) -> (Result<SupportSessionList, ApiError>, Option<SignedIn>) {
    let list = load_list(query).await;
    (list, api::signed_in().await.ok().flatten())
}

async fn load_list(query: SessionsQuery) -> Result<SupportSessionList, ApiError> {
    let (filter, page) = query.parse()?;
    api::list_support_sessions(filter, page).await
}

/// The list as the page shows it, kept up to date by the live stream.
#[derive(Debug, Clone, Copy)]
struct LiveList {
    rows: RwSignal<LiveRows<SupportSession>>,
    counts: RwSignal<SupportSessionCounts>,
    at: RwSignal<Timestamp>,
}

impl LiveList {
    fn new(list: &SupportSessionList) -> Self {
        Self {
            rows: RwSignal::new(LiveRows::new(list.sessions.items.clone())),
            counts: RwSignal::new(list.counts),
            at: RwSignal::new(list.at),
        }
    }

    /// Rows change in place; new ones that belong here wait behind "n new".
    fn follow(self, live: LiveHandle, filter: SupportSessionFilter, query: SessionsQuery) {
        let viewer = use_viewer();
        Effect::new(move || viewer.synchronise(self.at.get()));
        let receive = move |sessions: Vec<SupportSession>, now: Timestamp| {
            self.at.set(now);
            self.rows.update(|rows| {
                let wanted: Vec<_> = sessions
                    .into_iter()
                    .filter(|s| rows.find(s.key()).is_some() || belongs(&filter, s, now))
                    .collect();
                rows.receive(wanted, true);
            });
        };
        Effect::new({
            let receive = receive.clone();
            move || {
                if let Some(change) = live.support_sessions.get() {
                    self.counts.set(change.counts);
                    receive(change.changed, change.now);
                }
            }
        });
        Effect::new(move |seen: Option<u32>| {
            let resets = live.resets.get();
            if seen.is_some_and(|seen| seen != resets) {
                let (query, receive) = (query.clone(), receive.clone());
                spawn_local(async move {
                    if let Ok(list) = load_list(query).await {
                        self.counts.set(list.counts);
                        receive(list.sessions.items, list.at);
                    }
                });
            }
            resets
        });
    }
}

#[component]
fn List(
    list: SupportSessionList,
    query: SessionsQuery,
    may_revoke: impl Fn(&SupportSession) -> bool + Clone + Send + Sync + 'static,
) -> impl IntoView {
    let ids: Vec<_> = list
        .sessions
        .items
        .iter()
        .map(|session| session.id)
        .collect();
    let interest = LiveInterest {
        support_sessions: ids,
        ..LiveInterest::default()
    };
    let live = use_live(Signal::stored(interest));
    let shown = LiveList::new(&list);
    let is_first = list.sessions.previous_cursor.is_none();
    if let Ok((filter, _)) = query.parse() {
        shown.follow(live, filter, query.clone());
    }
    let links = PagerLinks::of(&list.sessions, |cursor| query.address(cursor));
    let total = counted(list.sessions.total, "support session", "support sessions");
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
                view! { <Table shown may_revoke/> }.into_any()
            }}
            <Pager links=Signal::stored(links) label="support sessions"/>
        </section>
    }
}

#[component]
fn Table(
    shown: LiveList,
    may_revoke: impl Fn(&SupportSession) -> bool + Clone + Send + Sync + 'static,
) -> impl IntoView {
    let may_revoke = StoredValue::new(may_revoke);
    view! {
        <TableBox label="Support sessions" class="stacked">
            <thead>
                <tr>
                    <th scope="col">"Status"</th>
                    <th scope="col">"Tenant"</th>
                    <th scope="col">"Staff"</th>
                    <th scope="col">"Scopes"</th>
                    <th scope="col">"Reason"</th>
                    <th scope="col">"Issued"</th>
                    <th scope="col">"Expires"</th>
                    <th scope="col">
                        <span class="visually-hidden">"Actions"</span>
                    </th>
                </tr>
            </thead>
            <tbody>
                <For
                    each=move || shown.rows.with(|rows| rows.shown().to_vec())
                    key=|session| session.id
                    let:session
                >
                    {
                        let may_revoke = may_revoke.with_value(|may| may(&session));
                        view! { <SessionRow session rows=shown.rows at=shown.at may_revoke/> }
                    }
                </For>
            </tbody>
        </TableBox>
    }
}

#[component]
fn Cards(counts: RwSignal<SupportSessionCounts>, query: SessionsQuery) -> impl IntoView {
    let card = move |status: SupportSessionStatus, count: fn(&SupportSessionCounts) -> u64| {
        let current = query.status == status.as_str();
        // A second click shows all again.
        let href = query.address_with_status((!current).then_some(status));
        view! {
            <StatCard
                label=move || status.label()
                value=Signal::derive(move || thousands(counts.with(count)))
                href
                current
            />
        }
    };
    view! {
        <section class="cards three" aria-label="Counts">
            {card(SupportSessionStatus::Active, |counts| counts.active)}
            {card(SupportSessionStatus::Revoked, |counts| counts.revoked)}
            {card(SupportSessionStatus::Expired, |counts| counts.expired)}
        </section>
    }
}

/// `3 new`: shows them here on the first page, and leads there from others.
#[component]
fn NewSessions(shown: LiveList, is_first: bool, first_page: String) -> impl IntoView {
    let waiting = Memo::new(move |_| shown.rows.with(LiveRows::waiting));
    let text = move || format!("{} new", waiting.get());
    let control = if is_first {
        let show = move |_| shown.rows.update(LiveRows::release);
        view! {
            <button type="button" class="button small primary" on:click=show>
                {text}
            </button>
        }
        .into_any()
    } else {
        view! { <ButtonLink href=first_page class="small primary">{text}</ButtonLink> }.into_any()
    };
    view! { <div hidden=move || waiting.get() == 0>{control}</div> }
}

#[component]
fn Nothing(is_filtered: bool) -> impl IntoView {
    if is_filtered {
        view! {
            <EmptyState title="No support session matches">
                <p>"Choose another status, tenant or staff member."</p>
                <ButtonLink href=routes::SUPPORT_SESSIONS>"Show all support sessions"</ButtonLink>
            </EmptyState>
        }
        .into_any()
    } else {
        view! {
            <EmptyState title="No support sessions yet">
                <p>"Find the tenant in the overview, review its health, then create one."</p>
                <ButtonLink href=routes::OVERVIEW>"Support overview"</ButtonLink>
            </EmptyState>
        }
        .into_any()
    }
}

/// The list could not be had: the filter stays, with what is wrong at its field.
#[component]
fn Failed(problem: Problem, query: SessionsQuery) -> impl IntoView {
    crate::answer::set_status(problem.code.status());
    let first_page = query.address(None);
    view! {
        <section class="card" aria-label="Support sessions">
            <div class="toolbar">
                <Filters query staff=Vec::new() problem=Some(problem.clone())/>
            </div>
            <div class="panel-body">
                <ProblemNotice problem what="The support sessions could not be loaded."/>
                <div class="bar">
                    <ButtonLink href=first_page>"Start from the first page"</ButtonLink>
                    <ButtonLink href=routes::SUPPORT_SESSIONS class="quiet">
                        "Show all support sessions"
                    </ButtonLink>
                </div>
            </div>
        </section>
    }
}
