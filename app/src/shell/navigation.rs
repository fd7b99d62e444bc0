//! The side of the frame: brand, navigation, the state of the live stream, the account.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{
    account::Account,
    live::{LiveIndicator, follow_support_sessions},
    palette::PaletteButton,
};
use crate::{
    components::{BrandMark, Icon, IconName, format::thousands},
    domain::{signed_in::SignedIn, staff::Role},
    paths,
    signed_in::WhileSignedIn,
};

/// For signed-in staff members with a role. There is nothing else to navigate to.
#[component]
pub(super) fn Side() -> impl IntoView {
    view! { <WhileSignedIn show=|signed_in| view! { <SideOf signed_in/> }/> }
}

#[component]
fn SideOf(signed_in: SignedIn) -> impl IntoView {
    let asked_at = signed_in.now;
    let live = follow_support_sessions(signed_in.active_support_sessions);
    let may_enter = signed_in.may_enter();
    let administers = signed_in.staff.roles.contains(&Role::SuperAdmin);
    let active = Signal::derive(move || {
        let later = live.support_sessions.get();
        later
            .filter(|change| change.now > asked_at)
            .map_or(signed_in.active_support_sessions, |change| {
                change.counts.active
            })
    });
    view! {
        <header class="side">
            <a class="brand" href=paths::OVERVIEW>
                <BrandMark/>
                <span>"Support Console"</span>
            </a>
            {may_enter.then(|| view! { <PaletteButton/> <Navigation active administers/> })}
            <div class="side-foot">
                {may_enter.then(|| view! { <LiveIndicator live now=signed_in.now/> })}
                <Account signed_in/>
            </div>
        </header>
    }
}

#[component]
fn Navigation(
    /// How many support sessions are active on the platform.
    active: Signal<u64>,
    /// Whether the person may open the pages of administration.
    administers: bool,
) -> impl IntoView {
    view! {
        <nav class="nav" aria-label="Main">
            <ul>
                <li>
                    <p id="nav-support" class="nav-group">
                        "Support"
                    </p>
                    <ul aria-labelledby="nav-support">
                        <NavLink href=paths::OVERVIEW icon=IconName::Pulse label="Tenant health"/>
                        <NavLink
                            href=paths::SUPPORT_SESSIONS
                            icon=IconName::Lock
                            label="View Sessions"
                            count=active
                        />
                    </ul>
                </li>
                <NavLink href=paths::AUDIT icon=IconName::Document label="Audit log"/>
                <NavLink href=paths::RULES icon=IconName::Rules label="Rules"/>
                {administers.then(|| view! { <Administration/> })}
                <NavLink href=paths::HELP icon=IconName::Help label="Help"/>
            </ul>
        </nav>
    }
}

/// The pages for super admins.
#[component]
fn Administration() -> impl IntoView {
    view! {
        <li>
            <p id="nav-administration" class="nav-group">
                "Administration"
            </p>
            <ul aria-labelledby="nav-administration">
                <NavLink href=paths::MANAGED_TENANTS icon=IconName::Tenants label="Tenants"/>
                <NavLink href=paths::STAFF icon=IconName::Person label="Staff"/>
                <NavLink href=paths::API_KEYS icon=IconName::Key label="API keys"/>
                <NavLink href=paths::SETTINGS icon=IconName::Rules label="Settings"/>
            </ul>
        </li>
    }
}

#[component]
fn NavLink(
    href: &'static str,
    icon: IconName,
    label: &'static str,
    #[prop(into, default = Signal::stored(0))] count: Signal<u64>,
) -> impl IntoView {
    let path = use_location().pathname;
    let current = move || path.with(|path| lit(path, href));
    view! {
        <li>
            <a href=href aria-current=current>
                <Icon name=icon size=16/>
                <span class="nav-label">{label}</span>
                {move || {
                    let count = count.get();
                    (count > 0)
                        .then(|| {
                            view! {
                                <span class="nav-count num">
                                    {thousands(count)} <span class="visually-hidden">" active"</span>
                                </span>
                            }
                        })
                }}
            </a>
        </li>
    }
}

/// What `aria-current` says of the link to `href` on the page at `path`: that it leads to this page, or to one that this
/// page belongs to.
fn lit(path: &str, href: &str) -> Option<&'static str> {
    let is_within = section(path) == Some(href);
    is_within.then_some(if path == href { "page" } else { "true" })
}

/// The part of the navigation that a page belongs to.
fn section(path: &str) -> Option<&'static str> {
    let path = match path {
        paths::INVITE_STAFF => paths::STAFF,
        paths::NEW_TENANT | paths::TENANT_STATUS => paths::MANAGED_TENANTS,
        path => path,
    };
    let sections = [
        paths::HELP,
        paths::PERMISSIONS,
        paths::RULES,
        paths::SUPPORT_SESSIONS,
        paths::AUDIT,
        paths::STAFF,
        paths::API_KEYS,
        paths::SETTINGS,
        paths::MANAGED_TENANTS,
        paths::OVERVIEW,
    ];
    sections.into_iter().find(|section| {
        path.strip_prefix(section)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_belongs_to_one_section() {
        assert_eq!(section("/support"), Some(paths::OVERVIEW));
        assert_eq!(section("/support/tenants/a"), Some(paths::OVERVIEW));
        assert_eq!(
            section("/support/sessions/x/revoke"),
            Some(paths::SUPPORT_SESSIONS)
        );
        assert_eq!(section("/audit/events/x"), Some(paths::AUDIT));
        assert_eq!(section("/support/rules"), Some(paths::RULES));
        assert_eq!(section("/admin/staff"), Some(paths::STAFF));
        assert_eq!(
            section("/admin/tenants/a/edit"),
            Some(paths::MANAGED_TENANTS)
        );
        assert_eq!(section(paths::INVITE_STAFF), Some(paths::STAFF));
        assert_eq!(section(paths::NEW_TENANT), Some(paths::MANAGED_TENANTS));
        assert_eq!(section("/auditor"), None);
    }

    #[test]
    fn a_link_says_whether_it_leads_to_this_page_or_to_the_one_above() {
        assert_eq!(lit("/support", paths::OVERVIEW), Some("page"));
        assert_eq!(lit("/support/tenants/a", paths::OVERVIEW), Some("true"));
        assert_eq!(lit("/support/sessions", paths::OVERVIEW), None);
        assert_eq!(lit("/audit/events/x", paths::AUDIT), Some("true"));
    }
}
