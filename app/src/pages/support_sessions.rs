//! Support sessions: all active and historical ones across the platform.

pub mod cards;
pub mod filters;
pub mod follow;
pub mod row;
pub mod table;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, components::Redirect};

use self::{
    cards::{Cards, NewSessions},
    filters::Filters,
    follow::LiveList,
    table::Table,
};
use crate::{
    answer::set_status,
    api::{self, Answered, ApiError},
    components::{
        ButtonLink, EmptyList, FailedList, FlashNotice, Following, PageHeader, Pager, PagerLinks,
        ResultCount, format::found, use_page_flash, use_query,
    },
    domain::{
        audit::ExportFormat, live::LiveInterest, problem::Problem, signed_in::SignedIn,
        staff::StaffRef, support_sessions::SupportSessionList, time_range::TimeSpan,
    },
    live::use_live,
    paths,
    query::sessions::SessionsQuery,
};

/// The list, and the signed-in staff member.
type Sessions = (
    Result<Answered<SessionsQuery, SupportSessionList>, ApiError>,
    Option<SignedIn>,
);

#[component]
pub fn SupportSessionsPage() -> impl IntoView {
    let query = use_query::<SessionsQuery>();
    let sessions = Resource::new(move || query.get(), load);
    let flash = use_page_flash();
    view! {
        <div class="page">
            <PageHeader
                title="Support sessions"
                lead="Who entered which tenant, and why"
            >
                <Exports query/>
            </PageHeader>
            {flash.map(|flash| view! { <FlashNotice flash/> })}
            <Following
                resource=sessions
                loading=Some("Loading support sessions…".to_owned())
                show=move |sessions| view! { <Content sessions query/> }
            />
        </div>
    }
}

/// Links that export the filtered sessions as a file.
#[component]
fn Exports(query: Memo<SessionsQuery>) -> impl IntoView {
    let link = move |format: ExportFormat, label: &'static str| {
        view! {
            <a
                class="button"
                rel="external"
                href=move || query.with(|query| query.export_address(format))
            >
                {label}
            </a>
        }
    };
    view! {
        <div class="bar push" hidden=move || query.with(|query| query.parse().is_err())>
            {link(ExportFormat::Csv, "Export CSV")}
            {link(ExportFormat::JsonLines, "Export JSON Lines")}
        </div>
    }
}

async fn load(query: SessionsQuery) -> Sessions {
    let list = api::support_sessions(query).await;
    (list, api::signed_in().await.ok().flatten())
}

#[component]
fn Content(sessions: RwSignal<Sessions>, query: Memo<SessionsQuery>) -> impl IntoView {
    let answered = move || {
        sessions.with(|(sessions, _)| {
            sessions
                .as_ref()
                .ok()
                .map(|sessions| sessions.query.clone())
        })
    };
    // What was asked for, where there is no answer.
    let shown = Memo::new(move |_| answered().unwrap_or_else(|| query.get()));
    let problem =
        Memo::new(move |_| sessions.with(|(sessions, _)| sessions.as_ref().ok()?.problem.clone()));
    let tenant = Memo::new(move |_| {
        sessions.with(|(sessions, _)| match sessions {
            Ok(sessions) => sessions.tenant.clone(),
            Err(_) => String::new(),
        })
    });
    let span = Memo::new(move |_| {
        sessions.with(|(sessions, _)| match sessions {
            Ok(sessions) => sessions.span,
            Err(_) => TimeSpan::default(),
        })
    });
    // People who have held a session can be chosen while a list can't be had.
    let staff = Memo::new(move |before: Option<&Vec<StaffRef>>| {
        let given = sessions
            .with(|(sessions, _)| Some(sessions.as_ref().ok()?.list.as_ref().ok()?.staff.clone()));
        given.or_else(|| before.cloned()).unwrap_or_default()
    });
    // The address keeps the tenant's ID, whatever was typed. An answer to another address says nothing about this one.
    let elsewhere = move || {
        let asked = query.get();
        let known = sessions.with(|(sessions, _)| {
            let sessions = sessions.as_ref().ok()?;
            let is_named = sessions.typed == asked.tenant && sessions.query.tenant != asked.tenant;
            is_named.then(|| sessions.query.clone())
        })?;
        let same = SessionsQuery {
            tenant: known.tenant.clone(),
            ..asked
        };
        (same == known).then(|| known.address(Some(&known.cursor)))
    };
    let options = NavigateOptions {
        replace: true,
        scroll: false,
        ..NavigateOptions::default()
    };
    view! {
        {move || {
            let options = options.clone();
            elsewhere().map(|path| view! { <Redirect path options/> })
        }}
        <section class="card" aria-label="Filters">
            <Filters query=shown tenant problem span staff/>
        </section>
        {move || rows(sessions.get(), query.get_untracked())}
    }
}

fn rows((sessions, viewer): Sessions, asked: SessionsQuery) -> AnyView {
    let (problem, query, span, list) = match sessions {
        Ok(sessions) => {
            let Answered {
                problem,
                query,
                span,
                list,
                ..
            } = sessions;
            (problem, query, span, list)
        }
        Err(ApiError(problem)) => (None, asked, TimeSpan::default(), Err(problem)),
    };
    let notice = problem.map(|problem| {
        set_status(problem.code.status());
        view! {
            <p class="notice warn" role="alert">
                "Check the highlighted filters. The others apply."
            </p>
        }
    });
    let list = match list {
        Ok(list) => view! { <List list query span viewer/> }.into_any(),
        Err(problem) => view! { <Failed problem query/> }.into_any(),
    };
    view! {
        {notice}
        {list}
    }
    .into_any()
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
    view! {
        <Cards counts=shown.counts query=query.clone()/>
        <section class="card" aria-label="Support sessions">
            <div class="toolbar">
                <NewSessions shown is_first first_page/>
                {(shown.may_revoke_any() && !is_empty)
                    .then(|| {
                        view! {
                            <form id="revoke-selected" method="get" action=paths::REVOKE_SELECTED>
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
                view! { <Nothing is_filtered=query.is_filtered()/> }.into_any()
            } else {
                view! { <Table shown query/> }.into_any()
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
            "Try a longer time range or remove a filter.",
        ),
        false => (
            "No support sessions yet",
            "Find the tenant in the overview, review its health, then create one.",
        ),
    };
    view! { <EmptyList title advice clear=is_filtered.then_some(paths::SUPPORT_SESSIONS)/> }
}

/// The list couldn't be loaded. The filter stays.
#[component]
fn Failed(problem: Problem, query: SessionsQuery) -> impl IntoView {
    let first_page = query.address(None);
    view! {
        <section class="card" aria-label="Support sessions">
            <FailedList problem what="The support sessions could not be loaded.">
                <ButtonLink href=first_page>"Go to the first page"</ButtonLink>
                <ButtonLink href=paths::SUPPORT_SESSIONS class="quiet">
                    "Clear filters"
                </ButtonLink>
            </FailedList>
        </section>
    }
}
