//! The table of tenants. Its rows are updated in place: nothing moves under the pointer.

use leptos::prelude::*;

use super::{Shared, request::OverviewRequest, stale};
use crate::{
    components::{
        ButtonLink, HealthBadge, LastSeen, Outside, Pager, PagerLinks, RowLink, Since, SortHeader,
        Sparkline, TableBox, TenantStatusTag, Timestamp,
        format::{Precision, percent, thousands},
        reason_in_short, use_viewer,
    },
    domain::{
        self,
        health::{Health, HealthSignals},
        shown::shown,
        tenants::{Hours, Overview, TenantHealth, TenantSort},
    },
    live::LiveHandle,
    paths,
};

#[component]
pub(super) fn TenantTable(
    overview: Overview,
    request: OverviewRequest,
    shared: Shared,
) -> impl IntoView {
    let now = overview.sorted_at;
    let telemetry = overview.telemetry;
    let mut hours = overview.hours;
    let stale = stale(shared, telemetry);
    let pager = PagerLinks::of(&overview.tenants, |cursor| request.at_cursor(cursor));
    let again = request.at_cursor(request.page.cursor.as_deref());
    let rows: Vec<_> = overview
        .tenants
        .items
        .into_iter()
        .map(RwSignal::new)
        .collect();
    follow_rows(shared.live, rows.clone(), now);
    let header = move |label: &'static str, sort: TenantSort, numeric: bool| {
        let (href, sorted) = (request.sorted_by(sort), request.direction_of(sort));
        view! { <SortHeader label href sorted numeric/> }
    };
    view! {
        <TableBox label="Tenant health" class="tenants stacked sticky">
            <thead>
                <tr>
                    {header("Tenant", TenantSort::Name, false)}
                    <th scope="col">"Status"</th>
                    {header("Health", TenantSort::Health, false)}
                    {header("API calls (24h)", TenantSort::Calls, true)}
                    {header("Error rate", TenantSort::ErrorRate, true)}
                    {header("Last seen", TenantSort::LastSeen, false)}
                    <th scope="col">"Actions"</th>
                </tr>
            </thead>
            <tbody>
                {rows
                    .into_iter()
                    .map(|row| {
                        let hours = row
                            .with_untracked(|row| hours.remove(&row.tenant.id))
                            .unwrap_or_default();
                        view! { <TenantRow row=row.into() hours now stale/> }
                    })
                    .collect_view()}
            </tbody>
        </TableBox>
        <p class="sorted-at muted">
            "Sorted as of " <Timestamp at=now precision=Precision::Time/> ". "
            <a
                class="link"
                href=again
                rel="external"
                on:click=move |event| {
                    event.prevent_default();
                    shared.overview.refetch();
                }
            >
                "Sort again"
            </a>
        </p>
        <Pager links=pager label="tenants"/>
    }
}

/// Writes changed rows into the signals of those on the page.
fn follow_rows(live: LiveHandle, rows: Vec<RwSignal<TenantHealth>>, since: domain::Timestamp) {
    Effect::new(move || {
        live.tenants.with(|change| {
            let Some(change) = change.as_ref().filter(|change| change.now >= since) else {
                return;
            };
            for changed in &change.rows {
                let same = |row: &&RwSignal<TenantHealth>| {
                    row.with_untracked(|row| row.tenant.id == changed.tenant.id)
                };
                if let Some(row) = rows.iter().find(same)
                    && row.with_untracked(|row| row != changed)
                {
                    row.set(changed.clone());
                }
            }
        });
    });
}

#[component]
fn TenantRow(
    row: Signal<TenantHealth>,
    hours: Hours,
    now: domain::Timestamp,
    stale: Signal<bool>,
) -> impl IntoView {
    let tenant = row.with_untracked(|row| row.tenant.clone());
    let signals = Memo::new(move |_| row.with(|row| row.signals.clone()));
    let name = Memo::new(move |_| row.with(|row| row.tenant.name.clone()));
    let detail = paths::tenant(&tenant.id);
    let create = paths::CREATE_SESSION.page(&tenant.id);
    view! {
        <RowLink href=detail.clone()>
            <th scope="row" class="wide">
                <a class="name" href=detail.clone() title=move || shown(&name.get()).into_owned()>
                    <strong>{move || view! { <Outside text=name.get()/> }}</strong>
                    <span class="id">{tenant.id.to_string()}</span>
                </a>
            </th>
            <td data-label="Status">
                <TenantStatusTag status=Signal::derive(move || row.with(|row| row.tenant.status))/>
            </td>
            <td data-label="Health">
                <span class="health">
                    <HealthBadge health=Signal::derive(move || signals.with(|s| s.health)) stale/>
                    <Reason row now/>
                </span>
            </td>
            <td class="numeric" data-label="API calls (24h)">
                <span class="with-line">
                    <Sparkline hours/>
                    <span>{move || thousands(signals.with(|s| s.calls_24h))}</span>
                </span>
            </td>
            <td class="numeric" data-label="Error rate">
                {move || signals.with(error_rate)}
            </td>
            <td class="muted" data-label="Last seen">
                <LastSeen at=Signal::derive(move || signals.with(|s| s.last_seen)) now in_row=true/>
            </td>
            <td class="tight wide">
                <span class="actions">
                    <ButtonLink href=detail class="small quiet">
                        "View Details"
                        <span class="visually-hidden">{move || format!(" of {}", shown(&name.get()))}</span>
                    </ButtonLink>
                    <ButtonLink href=create class="small">
                        "Create Support Session"
                        <span class="visually-hidden">{move || format!(" in {}", shown(&name.get()))}</span>
                    </ButtonLink>
                </span>
            </td>
        </RowLink>
    }
}

/// Why the tenant's health is what it is, in a few words; since when it is, where nothing is wrong.
#[component]
fn Reason(row: Signal<TenantHealth>, now: domain::Timestamp) -> impl IntoView {
    let viewer = use_viewer();
    let reason =
        Memo::new(move |_| row.with(|row| reason_in_short(&row.cause, viewer.now_or(now))));
    let since = Signal::derive(move || row.with(|row| row.signals.since));
    view! {
        <span class="reason">
            {move || match reason.get() {
                Some(reason) => view! { {reason} }.into_any(),
                None => view! { <Since at=since now in_row=true/> }.into_any(),
            }}
        </span>
    }
}

/// The rate with a bar whose full length is a quarter of all calls, where it is high beyond doubt.
fn error_rate(signals: &HealthSignals) -> AnyView {
    let Some(rate) = signals.error_rate() else {
        return view! { <span class="muted">"—"</span> }.into_any();
    };
    let tone = match signals.health {
        Health::Critical => "bad",
        Health::Warning => "warn",
        Health::Healthy | Health::Unknown => "",
    };
    view! {
        <span class="rate">
            {percent(rate)}
            <svg
                class=format!("meter {tone}")
                viewBox="0 0 100 4"
                preserveAspectRatio="none"
                aria-hidden="true"
            >
                <rect width=format!("{:.1}", (rate * 400.0).min(100.0)) height="4"></rect>
            </svg>
        </span>
    }
    .into_any()
}
