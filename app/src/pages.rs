//! One file per page, and the one route table. A page fetches its data through `crate::api` and
//! renders it with `crate::components`. Rules live in `crate::domain`.

pub mod api_key;
pub mod api_keys;
pub mod audit_event;
pub mod audit_log;
pub mod change_password;
pub mod create_support_session;
pub mod edit_organization;
pub mod edit_tenant;
pub mod filtered_list;
pub mod force_logout;
pub mod help;
pub mod invite_staff;
pub mod managed_tenant;
pub mod managed_tenants;
pub mod no_role;
pub mod not_found;
pub mod overview;
pub mod own_sign_ins;
pub mod parts;
pub mod permissions;
pub mod raise_budget;
pub mod replace_token;
pub mod request;
pub mod revoke_selected;
pub mod revoke_support_session;
pub mod rules;
pub mod saved_views;
pub mod set_password;
pub mod settings;
pub mod sign_in;
pub mod staff;
pub mod staff_member;
pub mod support_session;
pub mod support_sessions;
pub mod tenant;
pub mod tenant_settings;
pub mod tenant_status;

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
            <Route ssr=ASYNC path=path!("/sign-in") view=parts::SignIn::lazy()/>
            <Route ssr=ASYNC path=path!("/set-password") view=parts::SetPassword::lazy()/>
            <Route ssr=ASYNC path=path!("/account/password") view=parts::ChangePassword::lazy()/>
            <Route ssr=ASYNC path=path!("/account/sessions") view=parts::OwnSignIns::lazy()/>
            <Route ssr=ASYNC path=path!("/account/no-role") view=parts::NoRole::lazy()/>
            <Route ssr=ASYNC path=path!("/support") view=parts::Overview::lazy()/>
            <Route ssr=ASYNC path=path!("/support/help") view=parts::Help::lazy()/>
            <Route ssr=ASYNC path=path!("/support/permissions") view=parts::Permissions::lazy()/>
            <Route ssr=ASYNC path=path!("/support/rules") view=parts::Rules::lazy()/>
            <ParentRoute ssr=ASYNC path=path!("/support/tenants/:id") view=parts::Tenant::lazy()>
                <Route ssr=ASYNC path=path!("") view=|| ()/>
                <Route ssr=ASYNC path=dialog(paths::CREATE_SESSION) view=parts::CreateSupportSession::lazy()/>
                <Route ssr=ASYNC path=dialog(paths::FORCE_LOGOUT) view=parts::ForceLogout::lazy()/>
            </ParentRoute>
            <Route ssr=ASYNC path=path!("/support/sessions") view=parts::SupportSessions::lazy()/>
            <ParentRoute ssr=ASYNC path=path!("/support/sessions/:id") view=parts::SupportSession::lazy()>
                <Route ssr=ASYNC path=path!("") view=|| ()/>
                <Route ssr=ASYNC path=dialog(paths::REVOKE) view=parts::RevokeSupportSession::lazy()/>
                <Route ssr=ASYNC path=dialog(paths::REPLACE_TOKEN) view=parts::ReplaceToken::lazy()/>
                <Route ssr=ASYNC path=dialog(paths::RAISE_BUDGET) view=parts::RaiseBudget::lazy()/>
            </ParentRoute>
            <Route ssr=ASYNC path=path!("/support/revoke-sessions") view=parts::RevokeSelected::lazy()/>
            <Route ssr=ASYNC path=path!("/support/requests/:id") view=parts::Request::lazy()/>
            <Route ssr=ASYNC path=path!("/admin/invite-staff") view=parts::InviteStaff::lazy()/>
            <Route ssr=ASYNC path=path!("/admin/staff") view=parts::Staff::lazy()/>
            <Route ssr=ASYNC path=path!("/admin/settings") view=parts::Settings::lazy()/>
            <ParentRoute ssr=ASYNC path=path!("/admin/api-keys") view=parts::ApiKeys::lazy()>
                <Route ssr=ASYNC path=path!("") view=|| ()/>
                <Route ssr=ASYNC path=dialog(paths::CREATE_KEY) view=parts::CreateApiKey::lazy()/>
            </ParentRoute>
            <ParentRoute ssr=ASYNC path=path!("/admin/api-keys/:id") view=parts::ApiKey::lazy()>
                <Route ssr=ASYNC path=path!("") view=|| ()/>
                <Route ssr=ASYNC path=dialog(paths::ROTATE_KEY) view=parts::RotateApiKey::lazy()/>
                <Route ssr=ASYNC path=dialog(paths::REVOKE_KEY) view=parts::RevokeApiKey::lazy()/>
            </ParentRoute>
            <ParentRoute ssr=ASYNC path=path!("/admin/staff/:id") view=parts::StaffMember::lazy()>
                <Route ssr=ASYNC path=path!("") view=|| ()/>
                <Route ssr=ASYNC path=dialog(paths::CHANGE_ROLES) view=parts::ChangeRoles::lazy()/>
                <Route ssr=ASYNC path=dialog(paths::DEACTIVATE) view=parts::Deactivate::lazy()/>
                <Route ssr=ASYNC path=dialog(paths::REACTIVATE) view=parts::Reactivate::lazy()/>
                <Route ssr=ASYNC path=dialog(paths::END_SIGN_INS) view=parts::EndSignIns::lazy()/>
                <Route ssr=ASYNC path=dialog(paths::MAKE_LINK) view=parts::MakeLink::lazy()/>
                <Route ssr=ASYNC path=dialog(paths::REVOKE_LINK) view=parts::RevokeLink::lazy()/>
            </ParentRoute>
            <Route ssr=ASYNC path=path!("/admin/tenants") view=parts::ManagedTenants::lazy()/>
            <Route ssr=ASYNC path=path!("/admin/tenants/:id") view=parts::ManagedTenant::lazy()/>
            <Route ssr=ASYNC path=path!("/admin/tenants/:id/edit") view=parts::EditTenant::lazy()/>
            <Route ssr=ASYNC path=path!("/admin/tenants/:id/settings") view=parts::TenantSettings::lazy()/>
            <Route ssr=ASYNC path=path!("/admin/tenants/:id/organization") view=parts::Organization::lazy()/>
            <Route ssr=ASYNC path=path!("/admin/new-tenant") view=parts::NewTenant::lazy()/>
            <Route ssr=ASYNC path=path!("/admin/tenant-status") view=parts::TenantStatus::lazy()/>
            <Route ssr=ASYNC path=path!("/audit") view=parts::AuditLog::lazy()/>
            <Route ssr=ASYNC path=path!("/audit/events/:id") view=parts::AuditEvent::lazy()/>
        </Routes>
    }
}
