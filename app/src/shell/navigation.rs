//! The side of the frame: brand, navigation, the state of the live stream, the account.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{
    account::Account, live::LiveIndicator, signed_in::follow_support_sessions, use_signed_in,
};
use crate::{
    components::{BrandMark, Icon, IconName, Settled, format::thousands},
    domain::staff::SignedIn,
    routes,
};

/// For signed-in staff members with a role; nobody else has anywhere to go.
#[component]
pub(super) fn Side() -> impl IntoView {
    let signed_in = use_signed_in();
    view! {
        <Settled
            resource=signed_in.resource()
            show=|signed_in| {
                let signed_in = signed_in.ok().flatten()?;
                Some(view! { <SideOf signed_in/> })
            }
        />
    }
}

#[component]
fn SideOf(signed_in: SignedIn) -> impl IntoView {
    let live = follow_support_sessions();
    let may_enter = signed_in.may_enter();
    let active = signed_in.active_support_sessions;
    view! {
        <header class="side">
            <a class="brand" href=routes::OVERVIEW>
                <BrandMark/>
                <span>"Support Console"</span>
            </a>
            {may_enter
                .then(|| {
                    view! {
                        <nav class="nav" aria-label="Main">
                            <NavLink href=routes::OVERVIEW icon=IconName::Pulse label="Support"/>
                            <NavLink
                                href=routes::SUPPORT_SESSIONS
                                icon=IconName::Lock
                                label="View Sessions"
                                count=active
                            />
                            <NavLink href=routes::AUDIT icon=IconName::Document label="Audit log"/>
                            <NavLink href=routes::HELP icon=IconName::Help label="Help"/>
                        </nav>
                    }
                })}
            <div class="side-foot">
                {may_enter.then(|| view! { <LiveIndicator live now=signed_in.now/> })}
                <Account signed_in/>
            </div>
        </header>
    }
}

#[component]
fn NavLink(
    href: &'static str,
    icon: IconName,
    label: &'static str,
    /// Active support sessions.
    #[prop(optional)]
    count: u64,
) -> impl IntoView {
    let path = use_location().pathname;
    let current = move || {
        path.with(|path| section(path) == Some(href))
            .then_some("page")
    };
    view! {
        <a href=href aria-current=current title=label>
            <Icon name=icon size=16/>
            <span class="nav-label">{label}</span>
            {(count > 0)
                .then(|| {
                    view! {
                        <span class="nav-count num">
                            {thousands(count)} <span class="visually-hidden">" active"</span>
                        </span>
                    }
                })}
        </a>
    }
}

/// The part of the navigation that a page belongs to.
fn section(path: &str) -> Option<&'static str> {
    let sections = [
        routes::HELP,
        routes::SUPPORT_SESSIONS,
        routes::AUDIT,
        routes::OVERVIEW,
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
        assert_eq!(section("/support"), Some(routes::OVERVIEW));
        assert_eq!(section("/support/tenants/a"), Some(routes::OVERVIEW));
        assert_eq!(
            section("/support/sessions/x/revoke"),
            Some(routes::SUPPORT_SESSIONS)
        );
        assert_eq!(section("/audit/events/x"), Some(routes::AUDIT));
        assert_eq!(section("/auditor"), None);
    }
}
