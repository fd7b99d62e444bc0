//! The one route table. Every route is rendered to the end before its first byte is sent, so that
//! the status is right and nothing needs JavaScript to be read.

use leptos::prelude::*;
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Redirect, Route, Routes},
    path,
};

use crate::{
    domain::{SupportSessionId, TenantId},
    pages::{
        audit_event::AuditEventPage, audit_log::AuditLogPage, change_password::ChangePasswordPage,
        create_support_session::CreateSupportSessionPage, force_logout::ForceLogoutPage,
        help::HelpPage, no_role::NoRolePage, not_found::NotFoundPage, overview::OverviewPage,
        raise_budget::RaiseBudgetPage, replace_token::ReplaceTokenPage,
        revoke_support_session::RevokeSupportSessionPage, rules::RulesPage, sign_in::SignInPage,
        support_session::SupportSessionPage, support_sessions::SupportSessionsPage,
        tenant::TenantPage,
    },
};

/// The support overview.
pub const OVERVIEW: &str = "/support";
/// The list of support sessions.
pub const SUPPORT_SESSIONS: &str = "/support/sessions";
/// The audit log.
pub const AUDIT: &str = "/audit";
/// Help.
pub const HELP: &str = "/support/help";
/// The gateway's rules.
pub const RULES: &str = "/support/rules";
/// Sign-in.
pub const SIGN_IN: &str = "/sign-in";
/// Changing one's own password.
pub const PASSWORD: &str = "/account/password";
/// What a staff member without a support role sees.
pub const NO_ROLE: &str = "/account/no-role";

/// The last parts of the paths of dialogs.
const DIALOGS: [&str; 5] = [
    "/create-session",
    "/force-logout",
    "/revoke",
    "/replace-token",
    "/raise-budget",
];

/// The support detail page of a tenant.
pub fn tenant(id: &TenantId) -> String {
    format!("/support/tenants/{id}")
}

/// The dialog that creates a support session in a tenant.
pub fn create_session(id: &TenantId) -> String {
    format!("/support/tenants/{id}/create-session")
}

/// The dialog that ends all user sessions of a tenant.
pub fn force_logout(id: &TenantId) -> String {
    format!("/support/tenants/{id}/force-logout")
}

/// The detail page of a support session.
pub fn support_session(id: SupportSessionId) -> String {
    format!("/support/sessions/{id}")
}

/// Whether a path is that of a dialog, which lies over the page it belongs to.
pub fn is_dialog(path: &str) -> bool {
    DIALOGS.iter().any(|dialog| path.ends_with(dialog))
}

/// All pages.
#[component]
pub fn AppRoutes() -> impl IntoView {
    const ASYNC: SsrMode = SsrMode::Async;
    view! {
        <Routes fallback=NotFoundPage>
            <Route ssr=ASYNC path=path!("/") view=|| view! { <Redirect path=OVERVIEW/> }/>
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialogs_are_told_from_pages() {
        assert!(is_dialog("/support/tenants/acme/force-logout"));
        assert!(!is_dialog("/support/tenants/acme"));
        assert!(!is_dialog("/support"));
    }
}
