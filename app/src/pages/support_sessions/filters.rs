//! Filters of the list: status, tenant, staff member.

use leptos::prelude::*;

use super::SessionsQuery;
use crate::{
    components::{FilterForm, KeptField, SearchBox, SelectFilter, field_errors, labelled},
    domain::{
        problem::Problem, shown::in_sentence, staff::StaffRef,
        support_sessions::SupportSessionStatus,
    },
    paths,
};

#[component]
pub(super) fn Filters(
    query: SessionsQuery,
    staff: Vec<StaffRef>,
    problem: Option<Problem>,
) -> impl IntoView {
    let staff = staff
        .into_iter()
        .map(|staff| (staff.id.to_string(), in_sentence(&staff.name)))
        .collect();
    view! {
        <FilterForm
            action=paths::SUPPORT_SESSIONS
            label="Filter support sessions"
            names=&["status", "tenant", "staff", "limit"]
        >
            <SelectFilter
                name="status"
                label="Status"
                any="Any status"
                options=labelled(SupportSessionStatus::ALL, SupportSessionStatus::label)
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
            <KeptField name="limit" value=query.limit/>
            {problem.map(field_errors)}
        </FilterForm>
    }
}
