//! The detail page of a support session: what it is, how long it lasts, and what was done in it.

pub mod access_log;
pub mod cards;
pub mod header;
pub mod limits;
pub mod receipt;
pub mod scopes;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    components::Outlet,
    hooks::{use_location, use_params_map, use_query_map},
};

use self::{
    access_log::{AccessLogs, LogPlace},
    cards::Cards,
    header::Header,
    scopes::ScopesUsed,
};
use crate::{
    api::{self, ApiError},
    components::{
        DoneNotice, FailedPage, FlashNotice, ProblemNotice, Settled, use_page_flash, use_viewer,
    },
    domain::{
        SupportSessionId, Timestamp,
        access_log::AccessLogEntry,
        flash::Flash,
        live::LiveInterest,
        page::{Page, PageRequest},
        problem::Problem,
        support_sessions::{
            RequestsToday, SupportSession, SupportSessionDetail, SupportSessionStatus,
        },
    },
    live::{LiveHandle, use_live},
    routes::is_dialog,
};

/// The path of a support session's detail page.
pub fn session_path(id: SupportSessionId) -> String {
    format!("/support/sessions/{id}")
}

/// Asks for the session that the URL names.
pub(super) async fn load(id: String) -> Result<SupportSessionDetail, ApiError> {
    api::support_session(parse_id(&id)?).await
}

fn parse_id(id: &str) -> Result<SupportSessionId, Problem> {
    id.parse()
        .map_err(|_| Problem::not_found("support session"))
}

async fn load_log((id, place): (String, LogPlace)) -> Result<Page<AccessLogEntry>, ApiError> {
    let limit = match place.limit.as_str() {
        "" => None,
        text => {
            let limit = text.parse();
            Some(limit.map_err(|_| Problem::invalid_field("limit", "must be a whole number"))?)
        }
    };
    let page = PageRequest {
        limit,
        cursor: place.cursor,
    };
    api::list_access_log(parse_id(&id)?, page).await
}

/// What a dialog over this page has done to the session, for the page to show at once.
#[derive(Debug, Clone, Copy)]
pub struct SessionChanges {
    session: RwSignal<Option<SupportSession>>,
    message: RwSignal<Option<String>>,
}

impl SessionChanges {
    fn provide() -> Self {
        let changes = Self {
            session: RwSignal::new(None),
            message: RwSignal::new(None),
        };
        provide_context(changes);
        changes
    }

    /// The session was revoked.
    pub(super) fn revoked(self, session: SupportSession) {
        self.session.set(Some(session));
        self.message
            .set(Some("The support session was revoked.".into()));
    }

    /// The session may make more requests.
    pub(super) fn budget_raised(self, session: SupportSession) {
        self.session.set(Some(session));
        self.message.set(Some("The budget was raised.".into()));
    }
}

/// The detail page of a support session.
#[component]
pub fn SupportSessionPage() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let place = Memo::new(move |_| query.with(|query| LogPlace::read(|name| query.get(name))));
    let detail = Resource::new(move || id.get(), load);
    let log = Resource::new(move || (id.get(), place.get()), load_log);
    let changes = SessionChanges::provide();
    // Asked for here, because the server renders what waits below twice, and a flash is taken once.
    let flash = use_page_flash();
    view! {
        <Outlet/>
        <Settled
            resource=detail
            loading="Loading the support session…"
            show=move |detail| match detail {
                Ok(detail) => view! { <Body detail log place changes flash/> }.into_any(),
                Err(ApiError(problem)) => view! { <FailedPage problem/> }.into_any(),
            }
        />
    }
}

/// A support session as the page shows it, kept up to date by the live stream.
#[derive(Debug, Clone, Copy)]
pub struct LiveSession {
    session: RwSignal<SupportSession>,
    at: RwSignal<Timestamp>,
    open_url: StoredValue<Option<String>>,
    may_revoke: bool,
    may_replace_token: bool,
    may_raise_budget: bool,
    today: RequestsToday,
    status: Memo<SupportSessionStatus>,
}

impl LiveSession {
    fn follow(detail: SupportSessionDetail, live: LiveHandle, changes: SessionChanges) -> Self {
        let viewer = use_viewer();
        let id = detail.session.id;
        let session = RwSignal::new(detail.session);
        let at = RwSignal::new(detail.at);
        Effect::new(move || viewer.synchronise(at.get()));
        Effect::new(move || {
            if let Some(change) = live.support_sessions.get()
                && let Some(changed) = change.changed.into_iter().find(|s| s.id == id)
            {
                at.set(change.now);
                session.set(changed);
            }
        });
        Effect::new(move || {
            if let Some(changed) = changes.session.get().filter(|s| s.id == id) {
                session.set(changed);
            }
        });
        Effect::new(move |seen: Option<u32>| {
            let resets = live.resets.get();
            if seen.is_some_and(|seen| seen != resets) {
                leptos::task::spawn_local(async move {
                    if let Ok(fresh) = api::support_session(id).await {
                        at.set(fresh.at);
                        session.set(fresh.session);
                    }
                });
            }
            resets
        });
        Self {
            session,
            at,
            open_url: StoredValue::new(detail.open_url),
            may_revoke: detail.may_revoke,
            may_replace_token: detail.may_replace_token,
            may_raise_budget: detail.may_raise_budget,
            today: detail.today,
            status: Memo::new(move |_| {
                let now = viewer.now_or(at.get());
                session.with(|session| session.status(now))
            }),
        }
    }

    /// Whether it is active now, by the server's clock.
    fn is_active(self) -> bool {
        self.status.get() == SupportSessionStatus::Active
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
    let title = format!("Support session in {}", detail.session.tenant_name);
    let used = ScopesUsed::follow(detail.scopes_used.clone(), detail.session.last_seq(), live);
    let session = LiveSession::follow(detail, live, changes);
    let path = use_location().pathname;
    view! {
        // A dialog over this page has a title of its own.
        {move || (!is_dialog(&path.get())).then(|| view! { <Title text=title.clone()/> })}
        <div class="page">
            <Done message=changes.message flash/>
            <Header session/>
            <Cards session used/>
            <limits::Limits session/>
            <Settled
                resource=log
                loading="Loading access logs…"
                show=move |log| match log {
                    Ok(page) => {
                        let place = place.get_untracked();
                        view! { <AccessLogs page place session live/> }.into_any()
                    }
                    Err(ApiError(problem)) => view! { <LogFailed problem id/> }.into_any(),
                }
            />
        </div>
    }
}

/// What was just done: by a dialog over this page, or by a plain form that led here.
#[component]
fn Done(
    message: RwSignal<Option<String>>,
    flash: Option<Resource<Option<Flash>>>,
) -> impl IntoView {
    view! {
        {move || message.get().map(|message| view! { <DoneNotice message/> })}
        {flash.map(|flash| view! { <FlashNotice flash/> })}
    }
}

/// The rest of the page stands when the access log can't be had.
#[component]
fn LogFailed(problem: Problem, id: SupportSessionId) -> impl IntoView {
    crate::answer::set_status(problem.code.status());
    view! {
        <section class="card" aria-label="Access Logs">
            <div class="panel-body">
                <ProblemNotice problem what="The access logs could not be loaded."/>
                <p>
                    <a class="link" href=session_path(id)>
                        "Start from the newest request"
                    </a>
                </p>
            </div>
        </section>
    }
}
