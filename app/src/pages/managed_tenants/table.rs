//! The table of tenants, and the bar that gives several of them another status.

use leptos::prelude::*;

use super::Listed;
use crate::{
    components::{
        Outside, Pager, PagerLinks, RowLink, SelectBox, SelectHead, SortHeader, TableBox,
        TenantStatusTag, Timestamp,
        format::{Precision, thousands},
    },
    domain::{
        shown::shown,
        tenants::{
            CHANGED_MAX, ManagedTenants, Tenant, TenantSort, TenantStatus, lifecycle::to_verb,
        },
    },
    pages::overview::request::OverviewRequest,
    paths,
};

/// The form that the boxes of rows belong to.
const SELECTION: &str = "tenant-status";

#[component]
pub(super) fn Table(
    listed: Listed,
    request: OverviewRequest,
    /// Whether several tenants can be given another status.
    selects: bool,
) -> impl IntoView {
    let tenants = Memo::new(move |_| {
        let rows = listed.with(|(_, listed)| Some(listed.as_ref().ok()?.tenants.items.clone()));
        let tenants = rows.into_iter().flatten().map(|row| row.tenant);
        tenants.collect::<Vec<_>>()
    });
    let plain = request.clone();
    let pager = Memo::new(move |_| {
        let links =
            |list: &ManagedTenants| PagerLinks::of(&list.tenants, |cursor| plain.at_cursor(cursor));
        listed.with(|(_, listed)| listed.as_ref().map(links).unwrap_or_default())
    });
    let header = move |label: &'static str, sort: TenantSort| {
        let href = Signal::stored(request.sorted_by(sort));
        let sorted = Signal::stored(request.direction_of(sort));
        let numeric = sort == TenantSort::UserSessions;
        view! { <SortHeader label href sorted numeric/> }
    };
    let count = Signal::derive(move || tenants.with(Vec::len));
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
                    {header("User sessions", TenantSort::UserSessions)}
                    {header("Region", TenantSort::Region)} {header("Created", TenantSort::Created)}
                </tr>
            </thead>
            <tbody>
                <For each=move || tenants.get() key=|tenant| tenant.id.clone() let:tenant>
                    <Row tenant tenants listed selects/>
                </For>
            </tbody>
        </TableBox>
        <Pager links=pager label="tenants"/>
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

/// One row. It updates in place.
#[component]
fn Row(
    /// The tenant when it arrived.
    tenant: Tenant,
    tenants: Memo<Vec<Tenant>>,
    listed: Listed,
    selects: bool,
) -> impl IntoView {
    let href = paths::managed_tenant(&tenant.id);
    let (id, first) = (tenant.id.clone(), tenant.clone());
    let now = Memo::new(move |before: Option<&Tenant>| {
        let same = |tenants: &Vec<Tenant>| tenants.iter().find(|one| one.id == first.id).cloned();
        let found = tenants.with(same);
        found.unwrap_or_else(|| before.unwrap_or(&first).clone())
    });
    let users = Memo::new(move |_| {
        let counted = |list: &ManagedTenants| list.user_sessions.get(&id).copied();
        listed.with(|(_, listed)| listed.as_ref().ok().and_then(counted).unwrap_or_default())
    });
    let name = Memo::new(move |_| now.with(|tenant| tenant.name.clone()));
    let text = move |of: fn(&Tenant) -> Option<String>| {
        move || match now.with(of) {
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
                    <span class="id">{text(|tenant| Some(tenant.slug.clone()))}</span>
                </a>
            </th>
            <td data-label="Status">
                <TenantStatusTag status=Signal::derive(move || now.with(|tenant| tenant.status))/>
            </td>
            <td data-label="Plan">{text(|tenant| tenant.plan.clone())}</td>
            <td class="numeric" data-label="User sessions">
                {move || thousands(users.get())}
            </td>
            <td data-label="Region">{text(|tenant| tenant.region.clone())}</td>
            <td class="muted" data-label="Created">
                <Timestamp at=tenant.created_at precision=Precision::Date in_row=true/>
            </td>
        </RowLink>
    }
}
