//! The parts in which the browser loads the pages' code: each when one of its pages is first shown. What several parts
//! use is in files that the bundler makes for them. The server renders every page without waiting.

use leptos::{
    prelude::*,
    wasm_split::{SplitLoaderError, wasm_split},
};
use leptos_router::{Lazy, LazyRoute, hooks::use_location};

use crate::paths;

/// A page whose code is in a part.
macro_rules! page {
    ($page:ident in $part:ident: $view:path) => {
        pub(super) struct $page;

        const _: () = {
            #[wasm_split($part, wasm_split_path = ::leptos::wasm_split, fallible, preload(load))]
            fn view() -> Result<AnyView, SplitLoaderError> {
                Ok($view().into_any())
            }

            impl $page {
                pub(super) fn lazy() -> Lazy<Self> {
                    Lazy::new()
                }

                /// Loads the part that it is in.
                async fn load() -> Result<(), SplitLoaderError> {
                    load().await
                }
            }

            impl LazyRoute for $page {
                fn data() -> Self {
                    Self
                }

                async fn view(_: Self) -> AnyView {
                    match view().await {
                        Ok(view) => view,
                        Err(_) => ask_server().await,
                    }
                }

                async fn preload() {
                    // A page that can't be shown asks again, and then the server.
                    let _ = Self::load().await;
                }
            }
        };
    };
}

page!(SignIn in more: super::sign_in::SignInPage);
page!(ChangePassword in more: super::change_password::ChangePasswordPage);
page!(NoRole in more: super::no_role::NoRolePage);
page!(Overview in overview: super::overview::OverviewPage);
page!(Help in more: super::help::HelpPage);
page!(Permissions in more: super::permissions::PermissionsPage);
page!(Rules in more: super::rules::RulesPage);
page!(Tenant in tenant: super::tenant::TenantPage);
page!(CreateSupportSession in tenant: super::create_support_session::CreateSupportSessionPage);
page!(ForceLogout in tenant: super::force_logout::ForceLogoutPage);
page!(SupportSessions in sessions: super::support_sessions::SupportSessionsPage);
page!(SupportSession in sessions: super::support_session::SupportSessionPage);
page!(RevokeSupportSession in sessions: super::revoke_support_session::RevokeSupportSessionPage);
page!(ReplaceToken in sessions: super::replace_token::ReplaceTokenPage);
page!(RaiseBudget in sessions: super::raise_budget::RaiseBudgetPage);
page!(RevokeSelected in sessions: super::revoke_selected::RevokeSelectedPage);
page!(Request in sessions: super::request::RequestPage);
page!(Staff in admin: super::staff::StaffPage);
page!(Settings in admin: super::settings::SettingsPage);
page!(ApiKeys in admin: super::api_keys::ApiKeysPage);
page!(CreateApiKey in admin: super::api_keys::create::CreateApiKeyPage);
page!(ApiKey in admin: super::api_key::ApiKeyPage);
page!(RotateApiKey in admin: super::api_key::rotate::RotateApiKeyPage);
page!(RevokeApiKey in admin: super::api_key::revoke::RevokeApiKeyPage);
page!(StaffMember in admin: super::staff_member::StaffMemberPage);
page!(ChangeRoles in admin: super::staff_member::roles::ChangeRolesPage);
page!(Deactivate in admin: super::staff_member::confirm::DeactivatePage);
page!(Reactivate in admin: super::staff_member::confirm::ReactivatePage);
page!(EndSignIns in admin: super::staff_member::confirm::EndSignInsPage);
page!(MakeLink in admin: super::staff_member::link::MakeLinkPage);
page!(RevokeLink in admin: super::staff_member::link::RevokeLinkPage);
page!(InviteStaff in admin: super::invite_staff::InviteStaffPage);
page!(SetPassword in more: super::set_password::SetPasswordPage);
page!(OwnSignIns in admin: super::own_sign_ins::OwnSignInsPage);
page!(ManagedTenants in admin: super::managed_tenants::ManagedTenantsPage);
page!(ManagedTenant in admin: super::managed_tenant::ManagedTenantPage);
page!(EditTenant in admin: super::edit_tenant::EditTenantPage);
page!(NewTenant in admin: super::edit_tenant::NewTenantPage);
page!(TenantSettings in admin: super::tenant_settings::TenantSettingsPage);
page!(Organization in admin: super::edit_organization::OrganizationPage);
page!(TenantStatus in admin: super::tenant_status::TenantStatusPage);
page!(AuditLog in more: super::audit_log::AuditLogPage);
page!(AuditEvent in more: super::audit_event::AuditEventPage);

/// A part of the pages' code. Few, because what some of them share is in a file for just those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Overview,
    Tenant,
    Sessions,
    Admin,
    More,
}

impl Part {
    /// The part with the page at a path.
    pub fn of(path: &str) -> Self {
        let is_below = |folder: &&str| {
            let rest = path.strip_prefix(*folder);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let sessions = [
            paths::SUPPORT_SESSIONS,
            paths::REVOKE_SELECTED,
            paths::REQUESTS,
        ];
        if path == paths::OVERVIEW {
            Self::Overview
        } else if is_below(&paths::TENANTS) {
            Self::Tenant
        } else if sessions.iter().any(is_below) {
            Self::Sessions
        } else if is_below(&paths::ADMIN) || path == paths::OWN_SIGN_INS {
            Self::Admin
        } else {
            Self::More
        }
    }

    /// Its name in the bundle's manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Tenant => "tenant",
            Self::Sessions => "sessions",
            Self::Admin => "admin",
            Self::More => "more",
        }
    }

    /// Loads it.
    ///
    /// # Errors
    ///
    /// One of its files could not be loaded.
    pub async fn load(self) -> Result<(), SplitLoaderError> {
        match self {
            Self::Overview => Overview::load().await,
            Self::Tenant => Tenant::load().await,
            Self::Sessions => SupportSessions::load().await,
            Self::Admin => Staff::load().await,
            Self::More => Help::load().await,
        }
    }
}

/// Shows a page whose code could not be loaded as the server renders it. A newer release may have replaced the code.
async fn ask_server() -> AnyView {
    let location = use_location();
    let address = format!(
        "{}{}",
        location.pathname.get_untracked(),
        location.search.get_untracked()
    );
    let _ = window().location().assign(&address);
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_in_the_part_of_its_address() {
        for (path, part) in [
            ("/support", Part::Overview),
            ("/support/tenants/acme/create-session", Part::Tenant),
            ("/support/sessions", Part::Sessions),
            ("/support/requests/1", Part::Sessions),
            ("/admin/staff", Part::Admin),
            ("/admin/api-keys", Part::Admin),
            ("/account/sessions", Part::Admin),
            ("/support/sessionsx", Part::More),
            ("/audit/events/1", Part::More),
            ("/support/help", Part::More),
            ("/admin/tenants/acme/edit", Part::Admin),
        ] {
            assert_eq!(Part::of(path), part, "{path}");
        }
    }
}
