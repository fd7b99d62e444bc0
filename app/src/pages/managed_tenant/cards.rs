//! The cards of a tenant that is managed.

use std::fmt::Display;

use leptos::prelude::*;

use crate::{
    components::{
        ButtonLink, Fact, Outside, Panel, SearchBox, TenantStatusTag, Timestamp,
        format::{Precision, counted},
    },
    domain::tenants::{ManagedTenant, Organization, TenantKind, TenantMaster, TenantStatus},
    pages::tenant::organizations::{OrganizationsCard, first_of_all, number_of},
    paths,
};

/// Whether the caller may change what the platform could be the master of.
fn is_editable(managed: &ManagedTenant) -> bool {
    managed.may_manage && managed.master == TenantMaster::Console
}

/// Says at a value that it comes from the platform.
fn source(master: TenantMaster) -> AnyView {
    match master {
        TenantMaster::Platform => view! { " " <span class="tag">"platform"</span> }.into_any(),
        TenantMaster::Console => ().into_any(),
    }
}

/// A value that may be missing.
fn value(text: Option<String>) -> AnyView {
    match text {
        Some(text) => view! { <Outside text/> }.into_any(),
        None => view! { <span class="muted">"Not set"</span> }.into_any(),
    }
}

/// The link beside the title of a card, if there is something to do.
fn link(href: Option<String>, label: &'static str) -> impl Fn() -> Option<AnyView> + Clone {
    move || {
        let href = href.clone()?;
        let link = view! { <a class="button small push" href=href>{label}</a> };
        Some(link.into_any())
    }
}

#[component]
pub(super) fn Values(managed: ManagedTenant) -> impl IntoView {
    let tenant = managed.tenant.clone();
    let master = managed.master;
    let from = move || source(master);
    let kind = tenant.kind.map(TenantKind::label).map(str::to_owned);
    let edit = is_editable(&managed).then(|| paths::edit_tenant(&tenant.id));
    view! {
        <Panel
            id="values"
            title="Tenant"
            beside=link(edit, "Edit")
        >
            <dl class="facts">
                <Fact name="Name"><Outside text=tenant.name.clone()/> {from()}</Fact>
                <Fact name="Slug"><code>{tenant.slug.clone()}</code> {from()}</Fact>
                <Fact name="Type">{value(kind)} {from()}</Fact>
                <Fact name="Country">{value(tenant.country.clone())} {from()}</Fact>
                <Fact name="Plan">{value(tenant.plan.clone())} {from()}</Fact>
                <Fact name="Region">{value(tenant.region.clone())} {from()}</Fact>
                <Fact name="Contact">{value(tenant.contact.clone())} {from()}</Fact>
                <Fact name="Created">
                    <Timestamp at=tenant.created_at precision=Precision::Date/>
                    {from()}
                </Fact>
            </dl>
        </Panel>
    }
}

#[component]
pub(super) fn Lifecycle(
    managed: ManagedTenant,
    /// The active user sessions and support sessions.
    sessions: Memo<(u64, u64)>,
) -> impl IntoView {
    let tenant = &managed.tenant;
    let status = tenant.status;
    let next = status.next().iter().filter(|_| is_editable(&managed));
    let acts = next.filter_map(|to| {
        let change = status.change_to(*to).ok()?;
        let ids = std::iter::once(tenant.id.as_str());
        let href = paths::tenant_status(ids, to.as_str());
        let class = match to {
            TenantStatus::Suspended | TenantStatus::Closed => "danger",
            _ => "primary",
        };
        Some(view! { <ButtonLink href class>{change.verb()}</ButtonLink> })
    });
    let acts = acts.collect_view();
    let users = move || {
        let (users, _) = sessions.get();
        counted(users, "active user session", "active user sessions")
    };
    let support = move || {
        let (_, support) = sessions.get();
        counted(support, "active support session", "active support sessions")
    };
    let text = meaning(status, managed.end_when_suspended);
    let from = source(managed.master);
    view! {
        <Panel id="lifecycle" title="Lifecycle">
            <dl class="facts">
                <Fact name="Status"><TenantStatusTag status/> {from}</Fact>
                <Fact name="Users" class="num">{users}</Fact>
                <Fact name="Support" class="num">{support}</Fact>
            </dl>
            <div class="panel-body">
                <p class="muted">{text}</p>
                <div class="bar">{acts}</div>
            </div>
        </Panel>
    }
    .into_any()
}

/// What the status means for sessions.
fn meaning(status: TenantStatus, end_when_suspended: bool) -> &'static str {
    let effect = status.effect(end_when_suspended);
    match status {
        TenantStatus::Closed => {
            "The tenant has left for good. No support session can be created in it."
        }
        TenantStatus::Suspended if effect.bars_support => {
            "No support session can be created while the tenant is suspended."
        }
        TenantStatus::Suspended => "Support sessions can still be created.",
        TenantStatus::Pending => "The tenant waits for approval.",
        TenantStatus::Onboarding => "The tenant is being set up. Silence raises no alert.",
        TenantStatus::Trial => "The tenant tries the platform out.",
        TenantStatus::Active => "The tenant is in normal use.",
    }
}

/// The tenant's own value of a threshold, or the configured one.
fn own<T: Display>(own: Option<T>, configured: T, unit: &str) -> AnyView {
    match own {
        Some(value) => format!("{value}{unit}").into_any(),
        None => {
            let text = format!("{configured}{unit}");
            view! { {text} <span class="muted">" (default)"</span> }.into_any()
        }
    }
}

#[component]
pub(super) fn Settings(managed: ManagedTenant) -> impl IntoView {
    let settings = &managed.settings;
    let configured = &managed.configured;
    let write = match settings.support_may_write {
        true => "Read and change data, as granted",
        false => "Only read",
    };
    let warning = own(settings.warning_percent, configured.warning_percent, " %");
    let critical = own(settings.critical_percent, configured.critical_percent, " %");
    let silent = own(
        settings.silent_after_hours,
        configured.silent_after_hours,
        " h",
    );
    let reduced = own(settings.reduced_percent, configured.reduced_percent, " %");
    let calls = own(settings.min_calls, configured.min_calls, " calls");
    let errors = own(settings.min_errors, configured.min_errors, "");
    let edit = managed
        .may_manage
        .then(|| paths::tenant_settings(&managed.tenant.id));
    view! {
        <Panel
            id="settings"
            title="Settings"
            beside=link(edit, "Change settings")
        >
            <dl class="facts">
                <Fact name="Support may">{write}</Fact>
                <Fact name="Warning from" class="num">{warning}</Fact>
                <Fact name="Critical from" class="num">{critical}</Fact>
                <Fact name="Silent after" class="num">{silent}</Fact>
                <Fact name="Reduced below" class="num">{reduced}</Fact>
                <Fact name="Fewest calls" class="num">{calls}</Fact>
                <Fact name="Fewest errors" class="num">{errors}</Fact>
            </dl>
        </Panel>
    }
    .into_any()
}

/// The organizations. The card is made once, so that what is typed into its search stays.
#[component]
pub(super) fn Organizations(
    managed: ManagedTenant,
    organizations: Memo<Vec<Organization>>,
    /// What was searched for.
    search: Memo<Option<String>>,
) -> impl IntoView {
    let (may_edit, id, master) = (is_editable(&managed), managed.tenant.id, managed.master);
    let action = paths::managed_tenant(&id);
    let add = may_edit.then(|| paths::organization(&id, None));
    let add = link(add, "New organization");
    let act = move |organization: &Organization| {
        let href = may_edit.then(|| paths::organization(&id, Some(organization.id.as_str())))?;
        let label = format!("Edit {}", organization.name);
        let edit = view! {
            <a class="button small" href=href aria-label=label>
                "Edit"
            </a>
        };
        Some(edit.into_any())
    };
    let is_searched = move || search.with(Option::is_some);
    let number = move || {
        let number = organizations.with(|listed| number_of(listed));
        let number = number.filter(|_| !is_searched())?;
        Some(view! { <span class="muted num">{number}</span> })
    };
    let beside = move || {
        view! { <div class="bar push">{number} {source(master)} {add()}</div> }
    };
    let empty = Signal::derive(move || match is_searched() {
        true => "No results.",
        false => "No organizations.",
    });
    let offers_search = Memo::new(move |_| {
        let listed = organizations.with(Vec::len) as u64;
        is_searched() || first_of_all(listed).is_some()
    });
    let above = move || {
        let action = action.clone();
        let form = || view! { <Search action search/> }.into_any();
        offers_search.get().then(form)
    };
    view! {
        <OrganizationsCard
            organizations
            beside
            above
            empty
            act
        />
    }
    .into_any()
}

/// Finds organizations beyond the listed ones. It is a plain form: a search loads the page again.
#[component]
fn Search(action: String, search: Memo<Option<String>>) -> impl IntoView {
    let text = Signal::derive(move || search.get().unwrap_or_default());
    view! {
        <div class="panel-body">
            <form
                class="filters"
                role="search"
                method="get"
                action=action
                aria-label="Organizations"
            >
                <SearchBox name="q" label="Search by name or ID" value=text/>
                <button class="button" type="submit">
                    "Search"
                </button>
            </form>
        </div>
    }
}
