//! One file per page, and the one route table. A page fetches its data through `crate::api` and
//! renders it with `crate::components`. Rules live in `crate::domain`.

pub mod audit_event;
pub mod audit_log;
pub mod change_password;
pub mod create_support_session;
pub mod filtered_list;
pub mod force_logout;
pub mod help;
pub mod no_role;
pub mod not_found;
pub mod overview;
pub mod raise_budget;
pub mod replace_token;
pub mod request;
pub mod revoke_selected;
pub mod revoke_support_session;
pub mod rules;
pub mod saved_views;
pub mod sign_in;
pub mod support_session;
pub mod support_sessions;
pub mod tenant;

use leptos::prelude::*;
use leptos_router::{
    SsrMode, StaticSegment,
    components::{ParentRoute, Redirect, Route, Routes},
    path,
};

use crate::paths;

/// All pages. Each is fully rendered before its first byte is sent, so that the status is right and
/// reading needs no JavaScript.
#[component]
pub fn AppRoutes() -> impl IntoView {
    const ASYNC: SsrMode = SsrMode::Async;
    let dialog = |dialog: paths::Dialog| (StaticSegment(dialog.name),);
    view! {
        <Routes fallback=not_found::NotFoundPage>
            <Route ssr=ASYNC path=path!("/") view=|| view! { <Redirect path=paths::OVERVIEW/> }/>
            <Route ssr=ASYNC path=path!("/sign-in") view=sign_in::SignInPage/>
            <Route ssr=ASYNC path=path!("/account/password") view=change_password::ChangePasswordPage/>
            <Route ssr=ASYNC path=path!("/account/no-role") view=no_role::NoRolePage/>
            <Route ssr=ASYNC path=path!("/support") view=overview::OverviewPage/>
            <Route ssr=ASYNC path=path!("/support/help") view=help::HelpPage/>
            <Route ssr=ASYNC path=path!("/support/rules") view=rules::RulesPage/>
            <ParentRoute ssr=ASYNC path=path!("/support/tenants/:id") view=tenant::TenantPage>
                <Route ssr=ASYNC path=path!("") view=|| ()/>
                <Route ssr=ASYNC path=dialog(paths::CREATE_SESSION) view=create_support_session::CreateSupportSessionPage/>
                <Route ssr=ASYNC path=dialog(paths::FORCE_LOGOUT) view=force_logout::ForceLogoutPage/>
            </ParentRoute>
            <Route ssr=ASYNC path=path!("/support/sessions") view=support_sessions::SupportSessionsPage/>
            <ParentRoute ssr=ASYNC path=path!("/support/sessions/:id") view=support_session::SupportSessionPage>
                <Route ssr=ASYNC path=path!("") view=|| ()/>
                <Route ssr=ASYNC path=dialog(paths::REVOKE) view=revoke_support_session::RevokeSupportSessionPage/>
                <Route ssr=ASYNC path=dialog(paths::REPLACE_TOKEN) view=replace_token::ReplaceTokenPage/>
                <Route ssr=ASYNC path=dialog(paths::RAISE_BUDGET) view=raise_budget::RaiseBudgetPage/>
            </ParentRoute>
            <Route ssr=ASYNC path=path!("/support/revoke-sessions") view=revoke_selected::RevokeSelectedPage/>
            <Route ssr=ASYNC path=path!("/support/requests/:id") view=request::RequestPage/>
            <Route ssr=ASYNC path=path!("/audit") view=audit_log::AuditLogPage/>
            <Route ssr=ASYNC path=path!("/audit/events/:id") view=audit_event::AuditEventPage/>
        </Routes>
    }
}
