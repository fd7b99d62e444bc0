//! The one route table. Every route is fully rendered before its first byte is sent, so that the
//! status is right and reading needs no JavaScript.

use leptos::prelude::*;
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Redirect, Route, Routes},
    path,
};

use crate::{
    pages::{
        audit_event::AuditEventPage, audit_log::AuditLogPage, change_password::ChangePasswordPage,
        create_support_session::CreateSupportSessionPage, force_logout::ForceLogoutPage,
        help::HelpPage, no_role::NoRolePage, not_found::NotFoundPage, overview::OverviewPage,
        raise_budget::RaiseBudgetPage, replace_token::ReplaceTokenPage,
        revoke_support_session::RevokeSupportSessionPage, rules::RulesPage, sign_in::SignInPage,
        support_session::SupportSessionPage, support_sessions::SupportSessionsPage,
        tenant::TenantPage,
    },
    paths,
};

/// All pages.
#[component]
pub fn AppRoutes() -> impl IntoView {
    const ASYNC: SsrMode = SsrMode::Async;
    view! {
        <Routes fallback=NotFoundPage>
            <Route ssr=ASYNC path=path!("/") view=|| view! { <Redirect path=paths::OVERVIEW/> }/>
            <Route ssr=ASYNC path=path!("/sign-in") view=SignInPage/>
            <Route ssr=ASYNC path=path!("/account/password") view=ChangePasswordPage/>
            <Route ssr=ASYNC path=path!("/account/no-role") view=NoRolePage/>
            <Route ssr=ASYNC path=path!("/support") view=OverviewPage/>
            <Route ssr=ASYNC path=path!("/support/help") view=HelpPage/>
            <Route ssr=ASYNC path=path!("/support/rules") view=RulesPage/>
            <ParentRoute ssr=ASYNC path=path!("/support/tenants/:id") view=TenantPage>
                <Route ssr=ASYNC path=path!("") view=|| ()/>
                <Route
                    ssr=ASYNC
                    path=path!("create-session")
                    view=CreateSupportSessionPage
                />
                <Route ssr=ASYNC path=path!("force-logout") view=ForceLogoutPage/>
            </ParentRoute>
            <Route ssr=ASYNC path=path!("/support/sessions") view=SupportSessionsPage/>
            <ParentRoute ssr=ASYNC path=path!("/support/sessions/:id") view=SupportSessionPage>
                <Route ssr=ASYNC path=path!("") view=|| ()/>
                <Route ssr=ASYNC path=path!("revoke") view=RevokeSupportSessionPage/>
                <Route ssr=ASYNC path=path!("replace-token") view=ReplaceTokenPage/>
                <Route ssr=ASYNC path=path!("raise-budget") view=RaiseBudgetPage/>
            </ParentRoute>
            <Route ssr=ASYNC path=path!("/audit") view=AuditLogPage/>
            <Route ssr=ASYNC path=path!("/audit/events/:id") view=AuditEventPage/>
        </Routes>
    }
}
