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
    view! { <OrganizationsCard organizations beside=count act=|_: &Organization| None/> }
}

/// The card of organizations, also on the page for managing a tenant.
#[component]
pub(crate) fn OrganizationsCard<A>(
    organizations: Vec<Organization>,
    /// What stands beside the title.
    #[prop(into)]
    beside: ViewFn,
    /// What can be done to an organization.
    act: A,
) -> impl IntoView
where
    A: Fn(&Organization) -> Option<AnyView> + Send + 'static,
{
    let none = organizations.is_empty();
    let none = none.then(|| view! { <li class="muted">"No organizations."</li> });
    let row = move |organization: Organization| {
        let act = act(&organization);
        view! {
            <li>
                <span class="grow">
                    <strong><Outside text=organization.name/></strong>
                    <span class="id">{organization.id.to_string()}</span>
                </span>
                <span class="tag" data-status=organization.status.as_str()>
                    {organization.status.label()}
                </span>
                {act}
            </li>
        }
    };
    let rows = organizations.into_iter().map(row).collect_view();
    view! {
        <Panel id="organizations" title="Organizations" beside>
            <ul class="rows">{rows} {none}</ul>
        </Panel>
    }
}
