//! The organizations of a tenant.

use leptos::prelude::*;

use crate::{
    components::{
        Outside, Panel,
        format::{counted, thousands},
    },
    domain::tenants::{ORGANIZATIONS_SHOWN, Organization},
};

#[component]
pub(crate) fn Organizations(organizations: Vec<Organization>) -> impl IntoView {
    let count = number_of(&organizations);
    let count = move || view! { <span class="muted push num">{count.clone()}</span> };
    let organizations = Signal::stored(organizations);
    view! { <OrganizationsCard organizations beside=count act=|_: &Organization| None/> }
}

/// How many organizations there are, unless there may be more than are listed.
pub(crate) fn number_of(organizations: &[Organization]) -> Option<String> {
    let number = organizations.len() as u64;
    let is_all = first_of_all(number).is_none();
    is_all.then(|| counted(number, "organization", "organizations"))
}

/// The card of organizations, also on the page for managing a tenant.
#[component]
pub(crate) fn OrganizationsCard<A>(
    #[prop(into)] organizations: Signal<Vec<Organization>>,
    /// What stands beside the title.
    #[prop(into)]
    beside: ViewFn,
    /// What stands above the list.
    #[prop(into, optional)]
    above: ViewFn,
    /// What stands there if the list is empty.
    #[prop(default = Signal::stored("No organizations."))]
    empty: Signal<&'static str>,
    /// What can be done to an organization.
    act: A,
) -> impl IntoView
where
    A: Fn(&Organization) -> Option<AnyView> + Send + 'static,
{
    let rows = move || {
        let listed = organizations.get();
        let first = first_of_all(listed.len() as u64);
        let first = first.map(|first| view! { <li class="muted">{first}</li> });
        let none = listed.is_empty();
        let none = none.then(|| view! { <li class="muted">{empty.get()}</li> });
        let row = |organization: Organization| {
            let act = act(&organization);
            row(organization, act)
        };
        let rows = listed.into_iter().map(row).collect_view();
        view! { {rows} {none} {first} }
    };
    view! {
        <Panel id="organizations" title="Organizations" beside>
            {move || above.run()}
            <ul class="rows">{rows}</ul>
        </Panel>
    }
}

fn row(organization: Organization, act: Option<AnyView>) -> impl IntoView {
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
}

/// The note below a list that may be cut.
pub(crate) fn first_of_all(listed: u64) -> Option<String> {
    (listed >= u64::from(ORGANIZATIONS_SHOWN)).then(|| {
        let listed = thousands(listed);
        format!(
            "These are the first {listed} organizations by name. The REST API lists all of them."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_may_be_cut_says_so() {
        assert_eq!(first_of_all(999), None);
        assert!(
            first_of_all(1_000)
                .unwrap()
                .contains("first 1,000 organizations")
        );
    }
}
