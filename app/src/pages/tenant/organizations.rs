//! The organizations of a tenant.

use leptos::prelude::*;

use crate::{
    components::{Outside, Panel, format::counted},
    domain::tenants::Organization,
};

#[component]
pub(crate) fn Organizations(organizations: Vec<Organization>) -> impl IntoView {
    let number = organizations.len() as u64;
    let count = move || {
        view! {
            <span class="muted push num">
                {counted(number, "organization", "organizations")}
            </span>
        }
    };
    view! {
        <Panel id="organizations" title="Organizations" beside=count>
            <ul class="rows">
                {organizations
                    .into_iter()
                    .map(|organization| {
                        view! {
                            <li>
                                <span class="grow">
                                    <strong><Outside text=organization.name/></strong>
                                    <span class="id">{organization.id.to_string()}</span>
                                </span>
                                <span class="tag" data-status=organization.status.as_str()>
                                    {organization.status.label()}
                                </span>
                            </li>
                        }
                    })
                    .collect_view()}
                {(number == 0)
                    .then(|| {
                        view! {
                            <li class="muted">"No organizations registered."</li>
                        }
                    })}
            </ul>
        </Panel>
    }
}
