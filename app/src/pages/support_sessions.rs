//! Support sessions: all active and historical ones across the platform.

pub mod cards;
pub mod days;
pub mod filters;
pub mod follow;
pub mod row;
pub mod table;

use leptos::prelude::*;

use self::{
    cards::{Cards, NewSessions},
    days::Days,
    filters::Filters,
    follow::LiveList,
    table::Table,
};
use super::filtered_list::{Answer, Shown, exports, highlights, nothing, rows, to_ids};
use crate::{
    api,
    components::{
        ButtonLink, FailedList, FlashNotice, Following, PageHeader, Pager, PagerLinks, ResultCount,
        format::found, use_page_flash, use_query,
    },
    domain::{
        audit::ExportFormat, live::LiveInterest, problem::Problem, signed_in::SignedIn,
        staff::StaffRef, support_sessions::SupportSessionList, time_range::TimeSpan,
    },
    live::use_live,
    paths,
    query::sessions::{SessionParts, SessionsQuery},
};

/// The form that the boxes of rows belong to.
const SELECTION: &str = "revoke-selected";

/// The list, and the signed-in staff member.
type Sessions = Answer<SessionParts, (SupportSessionList, Option<SignedIn>)>;

#[component]
pub fn SupportSessionsPage() -> impl IntoView {
    let query = use_query::<SessionsQuery>();
    let sessions = Resource::new(move || query.get(), load);
    let flash = use_page_flash();
    let links = exports(
        query,
        [
            ("Export CSV", |query| {
                query.export_address(ExportFormat::Csv)
            }),
            ("Export JSON Lines", |query| {
                query.export_address(ExportFormat::JsonLines)
            }),
        ],
    );
    view! {
        <div class="page">
            <PageHeader title="Support sessions" lead="Who entered which tenant, and why">
                {links}
            </PageHeader>
            {flash.map(|flash| view! { <FlashNotice flash/> })}
            <Days/>
            <Following
                resource=sessions
                loading=Some("Loading support sessions…".to_owned())
                show=move |sessions| view! { <Content sessions query/> }
            />
        </div>
    }
}

async fn load(query: SessionsQuery) -> Sessions {
    let answered = api::support_sessions(query).await?;
    let viewer = api::signed_in().await.ok().flatten();
    Ok(answered.map(|list| (list, viewer)))
}

#[component]
fn Content(sessions: RwSignal<Sessions>, query: Memo<SessionsQuery>) -> impl IntoView {
    // People who have held a session can be chosen while a list can't be had.
    let staff = Memo::new(move |before: Option<&Vec<StaffRef>>| {
        let given = sessions.with(|sessions| {
            let (list, _) = sessions.as_ref().ok()?.list.as_ref().ok()?;
            Some(list.staff.clone())
        });
        given.or_else(|| before.cloned()).unwrap_or_default()
    });
    let named = Signal::derive(move || {
        sessions.with(|sessions| {
            let (list, _) = sessions.as_ref().ok()?.list.as_ref().ok()?;
            list.named.clone()
        })
    });
    let list = |(list, viewer), query, span| view! { <List list query span viewer/> }.into_any();
    let failed = |problem, query| view! { <Failed problem query/> }.into_any();
    view! {
        {to_ids(sessions, query)}
        <section class="card" aria-label="Filters">
            <Filters shown=Shown::of(sessions, query) staff named/>
        </section>
        {move || rows(sessions.get(), query.get_untracked(), list, failed)}
    }
}

#[component]
fn List(
    list: SupportSessionList,
    query: SessionsQuery,
    /// The time that the filter names.
    span: TimeSpan,
    viewer: Option<SignedIn>,
) -> impl IntoView {
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
    let (mut filter, _, _) = query.read();
    filter.from = filter.from.or(span.from);
    shown.follow(live, filter, query.clone());
    let links = PagerLinks::of(&list.sessions, |cursor| query.address(cursor));
    let total = found(list.sessions.total, "support session", "support sessions");
    let is_empty = list.sessions.items.is_empty();
    let first_page = query.address(None);
    let has_active = shown.has_active();
    view! {
        <Cards counts=shown.counts query=query.clone()/>
        <section class="card" aria-label="Support sessions">
            <div class="toolbar">
                <NewSessions shown is_first first_page/>
                {(shown.may_revoke_any() && !is_empty)
                    .then(|| {
                        view! {
                            <form
                                id=SELECTION
                                method="get"
                                action=paths::REVOKE_SELECTED
                                hidden=move || !has_active.get()
                            >
                                <button type="submit" class="button small danger">
                                    "Revoke selected…"
                                </button>
                            </form>
                        }
                    })}
                <div class="push">
                    <ResultCount>{total}</ResultCount>
                </div>
            </div>
            {if is_empty {
                let advice = "Find the tenant in the overview, review its health, then create one.";
                let (no_match, none) = ("No matching support sessions", "No support sessions yet");
                nothing(&query, no_match, none, advice).into_any()
            } else {
                view! { <Table shown query/> }.into_any()
            }}
            <Pager links=Signal::stored(links) label="support sessions"/>
        </section>
    }
}

/// The list couldn't be loaded. The filter stays.
#[component]
fn Failed(problem: Problem, query: SessionsQuery) -> impl IntoView {
    let first_page = query.address(None);
    let what = "The support sessions could not be loaded.";
    let invalid = match highlights::<SessionParts>(&problem) {
        true => "Check the highlighted filters.",
        false => what,
    };
    view! {
        <section class="card" aria-label="Support sessions">
            <FailedList problem what invalid>
                <ButtonLink href=first_page>"Go to the first page"</ButtonLink>
                <ButtonLink href=paths::SUPPORT_SESSIONS class="quiet">
                    "Clear filters"
                </ButtonLink>
            </FailedList>
        </section>
    }
}
