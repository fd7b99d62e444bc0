//! Access Logs: every request made in the session, newest first, filling live.

pub mod hold;
pub mod place;
pub mod row;

use leptos::{prelude::*, task::spawn_local};

pub(super) use self::place::LogPlace;
use self::{
    hold::{Hold, NewRows, use_hold},
    row::EntryRow,
};
use super::follow::LiveSession;
use crate::{
    api,
    components::{
        EmptyState, ExportLink, Pager, PagerLinks, TableBox, columns_and, format::counted,
        rows_text,
    },
    domain::{
        SupportSessionId,
        access_log::AccessLogEntry,
        audit::ExportFormat,
        page::{Page, PageRequest},
    },
    live::{
        LiveHandle, LiveState,
        rows::{LiveRow as _, LiveRows},
    },
    paths,
};

/// From this many rows on new ones wait for a click.
const FOLLOWED_ROWS: usize = 500;

#[component]
pub(super) fn AccessLogs(
    page: Page<AccessLogEntry>,
    place: LogPlace,
    session: LiveSession,
    live: LiveHandle,
) -> impl IntoView {
    let is_first = page.previous_cursor.is_none();
    let id = session.session.with_untracked(|session| session.id);
    let links = PagerLinks::of(&page, |cursor| place.address(id, cursor));
    let newest = RwSignal::new(page.total);
    let rows = RwSignal::new(LiveRows::new(page.items));
    let hold = use_hold(rows);
    follow(id, is_first, rows, newest, hold, live);
    let count = move || counted(newest.get(), "request", "requests");
    // New rows join the first page. The next page continues where this one ended when it was
    // rendered.
    let links = Signal::derive(move || {
        let mut links = links.clone();
        if is_first {
            let shown = rows.with(|rows| rows.shown().len() as u64);
            links.rows = rows_text(1, shown, newest.get().max(shown));
        }
        links
    });
    let is_following =
        move || is_first && session.is_active() && live.state.get() == LiveState::Connected;
    let export = move |format, label| {
        let href = paths::access_log_export(id, format);
        view! { <ExportLink href label class="link"/> }
    };
    view! {
        <section class="card" aria-labelledby="access-logs-title">
            <header class="panel-header">
                <h2 id="access-logs-title" tabindex="-1">
                    "Access Logs"
                </h2>
                <Show when=is_following>
                    <span class="live" data-state="connected">
                        <span class="live-dot" aria-hidden="true"></span>
                        "following"
                    </span>
                </Show>
                <NewRows rows/>
                <div class="push bar">
                    // No status: each request would be announced.
                    <p class="result-count num">{count}</p>
                    <a class="link" href=session.events()>
                        "Audit events"
                        <span class="visually-hidden">" of this session"</span>
                    </a>
                    {export(ExportFormat::Csv, "Export CSV")}
                    {export(ExportFormat::JsonLines, "Export JSON Lines")}
                </div>
            </header>
            <div
                on:mouseenter=move |_| hold.hovered.set(true)
                on:mouseleave=move |_| hold.hovered.set(false)
                on:focusin=move |_| hold.focused.set(true)
                on:focusout=move |_| hold.focused.set(false)
            >
                <Show
                    when=move || rows.with(|rows| !rows.shown().is_empty())
                    fallback=move || view! { <NoRequests session/> }
                >
                    <Table rows/>
                </Show>
            </div>
            <Pager links label="access logs"/>
        </section>
    }
}

/// Rows change in place; on the first page new ones are added, as far as nothing holds them back.
fn follow(
    id: SupportSessionId,
    is_first: bool,
    rows: RwSignal<LiveRows<AccessLogEntry>>,
    newest: RwSignal<u64>,
    hold: Hold,
    live: LiveHandle,
) {
    let receive = move |entries: Vec<AccessLogEntry>| {
        let last = entries.iter().map(|entry| entry.seq).max();
        newest.update(|newest| *newest = last.unwrap_or_default().max(*newest));
        rows.update(|rows| {
            let is_full = rows.shown().len() >= FOLLOWED_ROWS;
            let belongs = |entry: &AccessLogEntry| {
                entry.support_session_id == id && (is_first || rows.find(entry.key()).is_some())
            };
            let entries: Vec<_> = entries.into_iter().filter(belongs).collect();
            rows.receive(entries, is_full || hold.is_on());
        });
    };
    Effect::new(move || {
        if let Some(change) = live.access_log.get() {
            receive(change.entries);
        }
    });
    live.on_reset(move || {
        spawn_local(async move {
            let newest = api::list_access_log(id, PageRequest::default()).await;
            receive(newest.map(|page| page.items).unwrap_or_default());
        });
    });
}

#[component]
fn Table(rows: RwSignal<LiveRows<AccessLogEntry>>) -> impl IntoView {
    view! {
        <TableBox label="Access Logs" class="access-logs sticky">
            {columns_and(
                ["Method", "Path", "Status", "Request ID"],
                view! { <th scope="col" class="numeric">"Time"</th> },
            )}
            <tbody>
                <For
                    each=move || rows.with(|rows| rows.shown().to_vec())
                    key=|entry| entry.seq
                    let:entry
                >
                    <EntryRow entry rows/>
                </For>
            </tbody>
        </TableBox>
    }
}

#[component]
fn NoRequests(session: LiveSession) -> impl IntoView {
    let next = move || match session.is_active() {
        true => "Requests appear here as they are made.",
        false => "No requests were made in this session.",
    };
    view! {
        <EmptyState title="No requests yet">
            <p>{next}</p>
        </EmptyState>
    }
}
