//! The table of tenants, and the bar that gives several of them another status.

use leptos::prelude::*;

use crate::{
    components::{
        Outside, Pager, PagerLinks, RowLink, SelectBox, SelectHead, SortHeader, TableBox,
        TenantStatusTag, Timestamp,
        format::{Precision, thousands},
    },
    domain::{
        shown::shown,
        tenants::{
            CHANGED_MAX, ManagedTenants, TenantHealth, TenantMaster, TenantSort, TenantStatus,
            lifecycle::to_verb,
        },
    },
    live::LiveHandle,
    pages::overview::{request::OverviewRequest, table::follow_rows},
    paths,
};

/// The form that the boxes of rows belong to.
const SELECTION: &str = "tenant-status";

#[component]
pub(super) fn Table(
    listed: ManagedTenants,
    request: OverviewRequest,
    live: LiveHandle,
) -> impl IntoView {
    let pager = PagerLinks::of(&listed.tenants, |cursor| request.at_cursor(cursor));
    let selects = listed.may_manage && listed.master == TenantMaster::Console;
    let mut users = listed.user_sessions;
    let rows: Vec<_> = listed
        .tenants
        .items
        .into_iter()
        .map(RwSignal::new)
        .collect();
    follow_rows(live, rows.clone(), listed.at);
    let header = move |label: &'static str, sort: TenantSort| {
        let href = Signal::stored(request.sorted_by(sort));
        let sorted = Signal::stored(request.direction_of(sort));
        view! { <SortHeader label href sorted/> }
    };
    let count = rows.len();
    let select = selects.then(|| {
        view! { <SelectHead form=SELECTION what="tenants" count max=CHANGED_MAX/> }
    });
    view! {
        {selects.then(|| view! { <Selection/> })}
        <TableBox label="Tenants" class="stacked sticky">
            <thead>
                <tr>
                    {select} {header("Tenant", TenantSort::Name)}
                    {header("Status", TenantSort::Status)} {header("Plan", TenantSort::Plan)}
                    <th scope="col" class="numeric">
                        "User sessions"
                    </th>
                    {header("Region", TenantSort::Region)} {header("Created", TenantSort::Created)}
                </tr>
            </thead>
            <tbody>
                {rows
                    .into_iter()
                    .map(|row| {
                        let id = row.with_untracked(|row| row.tenant.id.clone());
                        let users = users.remove(&id).unwrap_or_default();
                        view! { <Row row=row.into() users selects/> }
                    })
                    .collect_view()}
            </tbody>
        </TableBox>
        <Pager links=Signal::stored(pager) label="tenants"/>
    }
}

/// What to do with the selected tenants.
#[component]
fn Selection() -> impl IntoView {
    let of_several =
        |to: &&TenantStatus| !matches!(to, TenantStatus::Pending | TenantStatus::Closed);
    let options = TenantStatus::ALL.iter().filter(of_several);
    let options = options.map(|to| view! { <option value=to.as_str()>{to_verb(*to)}</option> });
    view! {
        <div class="toolbar">
            <form id=SELECTION class="bar" method="get" action=paths::TENANT_STATUS>
                <label class="select-filter">
                    <span class="visually-hidden">"Change of status"</span>
                    <select name="to">{options.collect_view()}</select>
                </label>
                <button type="submit" class="button small">
                    "Change selected…"
                </button>
            </form>
        </div>
    }
}

#[component]
fn Row(row: Signal<TenantHealth>, users: u64, selects: bool) -> impl IntoView {
    let tenant = row.with_untracked(|row| row.tenant.clone());
    let href = paths::managed_tenant(&tenant.id);
    let name = Memo::new(move |_| row.with(|row| row.tenant.name.clone()));
    let text = move |of: fn(&TenantHealth) -> Option<String>| {
        move || match row.with(of) {
            Some(text) => view! { <Outside text/> }.into_any(),
            None => view! { <span class="muted">"—"</span> }.into_any(),
        }
    };
    let select = selects.then(|| {
        view! {
            <td class="tight">
                <SelectBox
                    form=SELECTION
                    value=tenant.id.to_string()
                    label=format!("Select {}", shown(&tenant.name))
                />
            </td>
        }
    });
    view! {
        <RowLink href=href.clone()>
            {select}
            <th scope="row" class="wide">
                <a class="name" href=href title=move || shown(&name.get()).into_owned()>
                    <strong>{move || view! { <Outside text=name.get()/> }}</strong>
                    <span class="id">{text(|row| Some(row.tenant.slug.clone()))}</span>
                </a>
            </th>
            <td data-label="Status">
                <TenantStatusTag status=Signal::derive(move || row.with(|row| row.tenant.status))/>
            </td>
            <td data-label="Plan">{text(|row| row.tenant.plan.clone())}</td>
            <td class="numeric" data-label="User sessions">
                {thousands(users)}
            </td>
            <td data-label="Region">{text(|row| row.tenant.region.clone())}</td>
            <td class="muted" data-label="Created">
                <Timestamp at=tenant.created_at precision=Precision::Date in_row=true/>
            </td>
        </RowLink>
    }
}
