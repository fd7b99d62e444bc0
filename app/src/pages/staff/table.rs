//! The table of staff members.

use leptos::prelude::*;

use super::request::StaffRequest;
use crate::{
    components::{
        LastSeen, Outside, RowLink, SortHeader, StaffStateBadge, TableBox, format::thousands,
    },
    domain::{
        Timestamp,
        staff::{StaffList, StaffRow, StaffSort},
    },
    paths,
    query::Query,
};

#[component]
pub(super) fn StaffTable(list: StaffList, request: StaffRequest) -> impl IntoView {
    let now = list.now;
    let sorted = move |label: &'static str, sort| {
        view! {
            <SortHeader
                label
                sorted=Signal::stored(request.direction_of(sort))
                href=Signal::stored(request.sorted_by(sort))
            />
        }
    };
    let rows = list.staff.items.into_iter();
    let rows = rows.map(move |row| view! { <Row row now/> });
    view! {
        <TableBox label="Staff members" class="stacked">
            <thead>
                <tr>
                    {sorted("Name", StaffSort::Name)} <th scope="col">"Roles"</th>
                    <th scope="col">"State"</th>
                    {sorted("Last sign-in", StaffSort::LastSignIn)}
                    <th scope="col" class="numeric">
                        "Active support sessions"
                    </th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </TableBox>
    }
}

#[component]
fn Row(row: StaffRow, now: Timestamp) -> impl IntoView {
    let state = row.state();
    let StaffRow {
        member,
        last_signed_in_at,
        active_support_sessions,
        ..
    } = row;
    let sessions = Query::default()
        .with("staff", &member.id.to_string())
        .with("status", "active")
        .of(paths::SUPPORT_SESSIONS);
    let active = match active_support_sessions {
        0 => view! { "0" }.into_any(),
        count => view! {
            <a class="link" href=sessions>
                {thousands(count)}
            </a>
        }
        .into_any(),
    };
    let path = paths::staff_member(member.id);
    view! {
        <RowLink href=path.clone()>
            <th scope="row" class="wide">
                <a class="name" href=path>
                    <strong><Outside text=member.name.clone()/></strong>
                    <span class="id"><Outside text=member.email.clone()/></span>
                </a>
            </th>
            <td data-label="Roles">{member.roles_in_words()}</td>
            <td data-label="State">
                <StaffStateBadge state/>
            </td>
            <td data-label="Last sign-in">
                <LastSeen at=last_signed_in_at now in_row=true/>
            </td>
            <td class="numeric" data-label="Active support sessions">
                {active}
            </td>
        </RowLink>
    }
    .into_any()
}
