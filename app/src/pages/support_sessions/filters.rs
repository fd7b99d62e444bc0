//! Filters of the list: status, tenant, staff member.

use leptos::prelude::*;

use super::SessionsQuery;
use crate::{
    components::{FilterForm, SearchBox, SelectFilter, as_sentence},
    domain::{problem::Problem, staff::StaffRef, support_sessions::SupportSessionStatus},
    paths,
};

/// The filters, with their errors.
#[component]
pub(super) fn Filters(
    /// The filter in the URL.
    query: SessionsQuery,
    /// Staff members to choose from.
    staff: Vec<StaffRef>,
    problem: Option<Problem>,
) -> impl IntoView {
    let statuses = SupportSessionStatus::ALL
        .iter()
        .map(|status| (status.to_string(), status.label().to_owned()))
        .collect();
    let staff = staff
        .into_iter()
        .map(|staff| (staff.id.to_string(), staff.name))
        .collect();
    let errors = problem.into_iter().flat_map(|problem| problem.fields);
    let errors: Vec<_> = errors
        .map(|p| view! { <p class="error">{format!("{}: {}", p.field, as_sentence(&p.message))}</p> })
        .collect();
    view! {
        <FilterForm
            action=paths::SUPPORT_SESSIONS
            label="Filter support sessions"
            names=&["status", "tenant", "staff"]
        >
            <SelectFilter
                name="status"
                label="Status"
                any="Any status"
                options=statuses
                value=query.status
            />
            <SearchBox name="tenant" label="Tenant ID" value=query.tenant/>
            <SelectFilter
                name="staff"
                label="Staff member"
                any="Any staff member"
                options=staff
                value=query.staff
            />
            {errors}
        </FilterForm>
    }
}
