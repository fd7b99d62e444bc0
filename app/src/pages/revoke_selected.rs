//! Revokes the support sessions that were chosen in the list: which, why, and what follows from it. A plain form, with and
//! without JavaScript.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    api,
    components::{
        ButtonLink, Loaded, Outside, PageHeading, ProblemNotice, Resumed, StatusBadge, TextArea,
        WrittenIn, failed_page, format::counted, suspend, use_flash,
    },
    domain::{
        Timestamp,
        flash::Flash,
        problem::Problem,
        support_sessions::{
            REASON_MAX, RevokeSelectedForm, SelectedSessions, SupportSession, SupportSessionStatus,
        },
    },
    paths,
};

#[component]
pub fn RevokeSelectedPage() -> impl IntoView {
    let query = use_query_map();
    let ids = Memo::new(move |_| query.with(|query| query.get_all("id").unwrap_or_default()));
    let flash = use_flash();
    let selected = Resource::new(move || ids.get(), api::selected_support_sessions);
    view! {
        <Title text="Revoke selected support sessions"/>
        <Loaded
            resource=selected
            loading="Loading the support sessions…"
            show=move |selected: SelectedSessions| {
                view! {
                    <Suspense>
                        {move || {
                            let selected = selected.clone();
                            suspend(flash, move |flash| {
                                view! { <Confirm selected flash/> }
                            })
                        }}
                    </Suspense>
                }
            }
            failed=failed_page
        />
    }
}

#[component]
fn Confirm(selected: SelectedSessions, flash: Option<Flash>) -> impl IntoView {
    let SelectedSessions {
        sessions,
        at,
        idempotency_key,
    } = selected;
    let kept: RevokeSelectedForm = flash.as_ref().and_then(Flash::kept).unwrap_or_default();
    let is_resumed = matches!(flash, Some(Flash::Typed { .. }));
    let problem = match flash {
        Some(Flash::Refused { problem, .. }) => Some(problem),
        _ => None,
    };
    let reason_problem = problem
        .as_ref()
        .and_then(|p| p.field("reason"))
        .map(str::to_owned);
    let is_active = |session: &&SupportSession| session.status(at) == SupportSessionStatus::Active;
    let active = sessions.iter().filter(is_active).count() as u64;
    let ended = sessions.len() as u64 - active;
    let what = counted(active, "support session", "support sessions");
    let heading = match active {
        0 => "No selected support session is active".to_owned(),
        _ => format!("Revoke {what}"),
    };
    let about_ended = (ended > 0).then(|| about_ended(ended));
    let ids = sessions
        .iter()
        .map(|session| view! { <input type="hidden" name="id" value=session.id.to_string()/> })
        .collect_view();
    let rows = sessions
        .into_iter()
        .map(|session| row(session, at))
        .collect_view();
    view! {
        <div class="page">
            <section
                class="card"
                role="alertdialog"
                aria-labelledby="revoke-selected-title"
                aria-describedby="revoke-selected-about"
            >
                <header class="panel-header" id="revoke-selected-title">
                    <PageHeading>{heading}</PageHeading>
                </header>
                <form
                    class="panel-body form"
                    method="post"
                    action=paths::forms::REVOKE_SELECTED
                    data-keep=""
                >
                    <WrittenIn/>
                    {is_resumed.then(|| view! { <Resumed/> })}
                    <p id="revoke-selected-about">
                        "Access ends now: new requests are refused and open responses are cut off. This can't be undone."
                        {about_ended}
                    </p>
                    {problem.map(notice)}
                    <ul class="rows">{rows}</ul>
                    {ids}
                    <input type="hidden" name="idempotency_key" value=idempotency_key/>
                    <TextArea
                        name="reason"
                        label="Reason"
                        optional=true
                        hint=|| {
                            format!(
                                "Recorded in the audit log of each tenant. At most {REASON_MAX} characters.",
                            )
                        }
                        value=kept.reason
                        error=Signal::stored(reason_problem)
                    />
                    <div class="bar">
                        <ButtonLink href=paths::SUPPORT_SESSIONS>"Cancel"</ButtonLink>
                        {(active > 0).then(|| revoke_button(&what))}
                    </div>
                </form>
            </section>
        </div>
    }
    .into_any()
}

fn notice(problem: Problem) -> Option<impl IntoView> {
    let problem = problem.beside(&["reason"])?;
    Some(view! { <ProblemNotice problem/> })
}

fn revoke_button(what: &str) -> impl IntoView + use<> {
    view! {
        <button type="submit" class="button danger solid">
            {format!("Revoke {what}")}
        </button>
    }
}

fn about_ended(number: u64) -> String {
    let ended = counted(number, "selected session has", "selected sessions have");
    format!(" {ended} ended already.")
}

/// One of the chosen sessions, and whether it is active.
fn row(session: SupportSession, at: Timestamp) -> impl IntoView {
    let status = session.status(at);
    view! {
        <li>
            <a class="grow link" href=paths::support_session(session.id)>
                <Outside text=session.staff_name/>
                " in "
                <Outside text=session.tenant_name/>
            </a>
            <StatusBadge status/>
        </li>
    }
}
