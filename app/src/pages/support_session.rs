//! The detail page of a support session: its data, its timing and its access log.

pub mod access_log;
pub mod cards;
pub mod dialog;
pub mod follow;
pub mod header;
pub mod limits;
pub mod receipt;
pub mod scopes;
pub mod without_banner;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{components::Outlet, hooks::use_location};

pub(super) use self::dialog::{SessionDialogPage, closed_dialog, leave_when_done};
use self::{
    access_log::{AccessLogs, LogPlace},
    cards::Cards,
    dialog::parse_id,
    follow::{LiveSession, SessionChanges},
    header::Header,
    limits::Limits,
    scopes::ScopesUsed,
    without_banner::WithoutBanner,
};
use crate::{
    api::{self, ApiError},
    components::{
        DoneNotice, FailedList, FlashNotice, Loaded, failed_page, use_id, use_named,
        use_page_flash, use_query,
    },
    domain::{
        SupportSessionId,
        access_log::AccessLogEntry,
        flash::{Done, Flash},
        live::LiveInterest,
        page::Page,
        problem::Problem,
        support_sessions::SupportSessionDetail,
    },
    live::use_live,
    paths::{self, is_dialog},
};

async fn load_log((id, place): (String, LogPlace)) -> Result<Page<AccessLogEntry>, ApiError> {
    api::list_access_log(parse_id(&id)?, place.parse()?).await
}

#[component]
pub fn SupportSessionPage() -> impl IntoView {
    let (id, place) = (use_id(), use_query::<LogPlace>());
    let detail = use_named("support session", api::support_session);
    let log = Resource::new(move || (id.get(), place.get()), load_log);
    let changes = SessionChanges::provide();
    // Asked for here, because the server renders what waits below twice, and a flash is taken once.
    let flash = use_page_flash();
    view! {
        <Outlet/>
        <Loaded
            resource=detail
            loading="Loading the support session…"
            show=move |detail| view! { <Body detail log place changes flash/> }
            failed=failed_page
        />
    }
}

#[component]
fn Body(
    detail: SupportSessionDetail,
    log: Resource<Result<Page<AccessLogEntry>, ApiError>>,
    place: Memo<LogPlace>,
    changes: SessionChanges,
    flash: Option<Resource<Option<Flash>>>,
) -> impl IntoView {
    let id = detail.session.id;
    let interest = Signal::derive(move || LiveInterest {
        support_sessions: vec![id],
        access_log_of: Some(id),
        ..LiveInterest::default()
    });
    let live = use_live(interest);
    let title = format!(
        "{} in {} · {}",
        detail.session.staff_name,
        detail.session.tenant_name,
        detail.session.short_id()
    );
    let used = ScopesUsed::follow(detail.scopes_used.clone(), detail.session.last_seq(), live);
    let without_banner = detail.without_banner.clone();
    let session = LiveSession::follow(detail, live, changes);
    let path = use_location().pathname;
    view! {
        // A dialog over this page has its own title.
        {move || (!is_dialog(&path.get())).then(|| view! { <Title text=title.clone()/> })}
        <div class="page">
            <WhatWasDone message=changes.message flash/>
            <Header session/>
            <WithoutBanner first=without_banner live/>
            <div class="with-rail">
                <Loaded
                    resource=log
                    loading="Loading access logs…"
                    show=move |page| {
                        view! { <AccessLogs page place=place.get_untracked() session live/> }
                    }
                    failed=move |problem| view! { <LogFailed problem id/> }.into_any()
                />
                <div class="rail">
                    <Cards session used/>
                    <Limits session/>
                </div>
            </div>
        </div>
    }
}

/// The result of a dialog over this page, or of the plain form that led here.
#[component]
fn WhatWasDone(
    message: RwSignal<Option<Done>>,
    flash: Option<Resource<Option<Flash>>>,
) -> impl IntoView {
    view! {
        {move || message.get().map(|done| view! { <DoneNotice done/> })}
        {flash.map(|flash| view! { <FlashNotice flash/> })}
    }
}

const LOG_FAILED: &str = "The access logs could not be loaded.";

/// The rest of the page stays usable if the access log fails to load.
#[component]
fn LogFailed(problem: Problem, id: SupportSessionId) -> impl IntoView {
    view! {
        <section class="card" aria-label="Access Logs">
            <FailedList problem what=LOG_FAILED invalid=LOG_FAILED>
                <a class="link" href=paths::support_session(id)>
                    "Go to the first page"
                </a>
            </FailedList>
        </section>
    }
}
