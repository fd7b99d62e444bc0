//! The list of staff members.

pub mod request;
pub mod table;

use leptos::prelude::*;

use self::{
    request::{StaffQuery, StaffRequest},
    table::StaffTable,
};
use crate::{
    api,
    components::{
        ButtonLink, EmptyList, FailedList, FilterForm, FlashNotice, KeptField, Loaded, PageHeader,
        Pager, PagerLinks, ResultCount, SearchBox, SelectFilter, Settled, format::found, labelled,
        use_page_flash, use_query,
    },
    domain::{
        live::LiveInterest,
        problem::Problem,
        staff::{Role, StaffList, StaffState},
    },
    live::use_live,
    paths,
};

#[component]
pub fn StaffPage() -> impl IntoView {
    let query = use_query::<StaffQuery>();
    let request = Memo::new(move |_| query.with(StaffQuery::parse));
    let staff = Resource::new(
        move || request.get(),
        |request| async move {
            let StaffRequest { filter, page } = request?;
            api::list_staff(filter, page).await
        },
    );
    let live = use_live(Signal::stored(LiveInterest {
        staff: true,
        ..LiveInterest::default()
    }));
    live.on_reset(move || staff.refetch());
    let flash = use_page_flash();
    let total = move |list: Result<StaffList, _>| {
        let list = list.ok()?;
        Some(found(list.staff.total, "staff member", "staff members"))
    };
    let show = move |list| {
        let request = request.get_untracked().unwrap_or_default();
        view! { <List list request/> }
    };
    view! {
        <div class="page">
            <PageHeader title="Staff" lead="People who use this console, and what they may do">
                <div class="push">
                    <ButtonLink href=paths::INVITE_STAFF class="primary">"Invite staff member"</ButtonLink>
                </div>
            </PageHeader>
            {flash.map(|flash| view! { <FlashNotice flash/> })}
            <section class="card" aria-label="Staff members">
                <div class="toolbar">
                    <Filters query/>
                    <ResultCount>
                        <Settled resource=staff show=total/>
                    </ResultCount>
                </div>
                <Loaded resource=staff loading="Loading staff members…" show failed/>
            </section>
        </div>
    }
}

#[component]
fn Filters(query: Memo<StaffQuery>) -> impl IntoView {
    let text = move |get: fn(&StaffQuery) -> &String| {
        Signal::derive(move || query.with(|query| get(query).clone()))
    };
    view! {
        <FilterForm
            action=paths::STAFF
            label="Staff members"
            names=["q", "role", "state", "sort", "dir", "limit"]
        >
            <SearchBox name="q" label="Search by name or e-mail" value=text(|query| &query.q)/>
            <SelectFilter
                name="role"
                label="Role"
                any="Any role"
                options=labelled(Role::ALL, Role::label)
                value=text(|query| &query.role)
            />
            <SelectFilter
                name="state"
                label="State"
                any="Any state"
                options=labelled(StaffState::ALL, StaffState::label)
                value=text(|query| &query.state)
            />
            <KeptField name="sort" value=text(|query| &query.sort)/>
            <KeptField name="dir" value=text(|query| &query.dir)/>
            <KeptField name="limit" value=text(|query| &query.limit)/>
        </FilterForm>
    }
}

#[component]
fn List(list: StaffList, request: StaffRequest) -> impl IntoView {
    let links = PagerLinks::of(&list.staff, |cursor| request.at_cursor(cursor));
    let rows = match (list.staff.items.is_empty(), request.is_filtered()) {
        (false, _) => view! { <StaffTable list request/> }.into_any(),
        (true, true) => view! {
            <EmptyList
                title="No matching staff members"
                advice="Check the spelling, try part of the name or e-mail address, or remove a filter."
                clear=Some(paths::STAFF)
            />
        }
        .into_any(),
        (true, false) => view! {
            <EmptyList
                title="No staff members on this page"
                advice="Some entries are gone."
                clear=Some(paths::STAFF)
            />
        }
        .into_any(),
    };
    view! {
        {rows}
        <Pager links=links label="staff members"/>
    }
}

fn failed(problem: Problem) -> AnyView {
    view! {
        <FailedList problem what="The staff members could not be loaded.">
            <a class="button" href=paths::STAFF rel="external">
                "Go to the first page"
            </a>
        </FailedList>
    }
    .into_any()
}
