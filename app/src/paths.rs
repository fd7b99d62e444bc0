//! Every address of the console. Pages, components, forms and the server build their links here;
//! `pages` says which page stands at which address.

mod dialogs;

use std::fmt::{Display, Write as _};

use crate::{
    domain::{
        ApiKeyId, AuditEventId, RequestId, StaffId, SupportSessionId, TenantId,
        audit::{AuditEvent, ExportFormat},
        find::Named,
        signed_in::LostSignIn,
    },
    query::{Query, encode},
};

pub use dialogs::*;

pub const OVERVIEW: &str = "/support";
pub(crate) const TENANTS: &str = "/support/tenants";
pub const SUPPORT_SESSIONS: &str = "/support/sessions";
/// Revokes the support sessions that its query names.
pub const REVOKE_SELECTED: &str = "/support/revoke-sessions";
pub(crate) const REQUESTS: &str = "/support/requests";
pub const AUDIT: &str = "/audit";
pub const AUDIT_EXPORT: &str = "/export/audit";
/// The exports of lists, each with the filter of its page.
pub const TENANTS_EXPORT: &str = "/export/tenants";
pub const SESSIONS_EXPORT: &str = "/export/support-sessions";
pub const ACTIVITY_EXPORT: &str = "/export/support-activity";
/// The export of one session's access log, in axum's form.
pub const ACCESS_LOG_EXPORT: &str = "/export/support-sessions/{id}/access-log";
/// What the addresses of administration pages begin with.
pub(crate) const ADMIN: &str = "/admin";
pub const STAFF: &str = "/admin/staff";
pub const SETTINGS: &str = "/admin/settings";
pub const API_KEYS: &str = "/admin/api-keys";
/// Invites a staff member.
pub const INVITE_STAFF: &str = "/admin/invite-staff";
pub const HELP: &str = "/support/help";
/// Who may do what.
pub const PERMISSIONS: &str = "/support/permissions";
pub const RULES: &str = "/support/rules";
/// The list of tenants for managing them, and below it each of them.
pub const MANAGED_TENANTS: &str = "/admin/tenants";
pub const NEW_TENANT: &str = "/admin/new-tenant";
/// Gives the tenants that its query names another status.
pub const TENANT_STATUS: &str = "/admin/tenant-status";
pub const SIGN_IN: &str = "/sign-in";
pub const PASSWORD: &str = "/account/password";
/// Where a one-time link leads. Its secret is in the fragment.
pub const SET_PASSWORD: &str = "/set-password";
/// One's own sessions and devices.
pub const OWN_SIGN_INS: &str = "/account/sessions";
/// The page for a staff member without a support role.
pub const NO_ROLE: &str = "/account/no-role";
pub const LIVE: &str = "/live";
/// Where a page reports that its script has failed.
pub const NOT_LIVE: &str = "/not-live";
/// The field in which answers to server functions name the release that gave them.
pub const BUILD: &str = "support-console-build";
/// What the paths of server functions begin with.
pub const SERVER_FUNCTIONS: &str = "/_fn/";
/// The link into the tenant of a support session, in axum's form. It is followed from our own pages only.
pub const ENTER_TENANT: &str = "/support/enter/{id}";
/// Where a browser comes by on its way into a tenant, in axum's form.
pub const OPEN_TENANT: &str = "/support/open/{label}";

/// The query with which a form is sent to be kept and not acted on, once its page knows that nobody is signed in any more.
pub const KEEP: &str = "keep";

/// Where the plain forms of pages are sent. Those of dialogs are at [`Dialog::form`].
pub mod forms {
    pub const SIGN_IN: &str = "/forms/sign-in";
    pub const SIGN_OUT: &str = "/forms/sign-out";
    /// Ends another sign-in of one's own, or all others.
    pub const SIGN_OUT_ELSEWHERE: &str = "/forms/sign-out-elsewhere";
    pub const SET_PASSWORD: &str = "/forms/set-password";
    pub const INVITE_STAFF: &str = "/forms/invite-staff";
    pub const CHANGE_PASSWORD: &str = "/forms/change-password";
    /// Revokes several support sessions.
    pub const REVOKE_SELECTED: &str = "/forms/support-sessions/revoke-selected";
    /// Keeps, renames or deletes a saved view.
    pub const SAVED_VIEW: &str = "/forms/saved-view";
    /// Adds a tenant.
    pub const NEW_TENANT: &str = "/forms/tenants/new";
    /// Gives tenants another status.
    pub const TENANT_STATUS: &str = "/forms/tenants/status";
    /// What a tenant is called, its plan and more; in axum's form, like those below.
    pub const EDIT_TENANT: &str = "/forms/tenants/{id}/edit";
    /// What the console keeps of a tenant.
    pub const TENANT_SETTINGS: &str = "/forms/tenants/{id}/settings";
    /// An organization of a tenant.
    pub const ORGANIZATION: &str = "/forms/tenants/{id}/organization";
    /// Tries changed rules of the gateway.
    pub const DRY_RUN: &str = "/forms/rules/dry-run";
}

/// The support detail page of a tenant. The identifier may be as it stood in an address.
pub fn tenant(id: impl Display) -> String {
    format!("{TENANTS}/{}", segment(id))
}

/// The identifier of the tenant that a page is about, as it stands in its path.
pub fn tenant_of(path: &str) -> Option<&str> {
    let below = path.strip_prefix(TENANTS)?.strip_prefix('/')?;
    below.split('/').next().filter(|id| !id.is_empty())
}

/// The page for managing a tenant, and those of its forms.
pub fn managed_tenant(id: impl Display) -> String {
    format!("{MANAGED_TENANTS}/{}", segment(id))
}

pub fn edit_tenant(id: impl Display) -> String {
    format!("{}/edit", managed_tenant(id))
}

pub fn tenant_settings(id: impl Display) -> String {
    format!("{}/settings", managed_tenant(id))
}

/// The form of an organization; of a new one without its ID.
pub fn organization(tenant: impl Display, id: Option<&str>) -> String {
    let path = format!("{}/organization", managed_tenant(tenant));
    Query::default().with_some("organization", id).of(&path)
}

/// The page that gives some tenants another status. The identifiers may be as they stood in a form.
pub fn tenant_status<'i>(ids: impl Iterator<Item = &'i str>, to: &str) -> String {
    let query = ids.fold(Query::default(), |query, id| query.with("id", id));
    query.with("to", to).of(TENANT_STATUS)
}

/// Where a form about a tenant is sent.
pub fn tenant_form(route: &str, id: impl Display) -> String {
    route.replace("{id}", &segment(id))
}

/// The detail page of a support session.
pub fn support_session(id: SupportSessionId) -> String {
    format!("{SUPPORT_SESSIONS}/{id}")
}

/// The page of a staff member.
pub fn staff_member(id: StaffId) -> String {
    format!("{STAFF}/{id}")
}

/// The page that revokes some support sessions. The identifiers may be as they stood in a form.
pub fn revoke_selected<'i>(ids: impl Iterator<Item = &'i str>) -> String {
    let query = ids.fold(Query::default(), |query, id| query.with("id", id));
    query.of(REVOKE_SELECTED)
}

/// The page of an API key. The identifier may be as it stood in an address.
pub fn api_key(id: impl Display) -> String {
    format!("{API_KEYS}/{}", segment(id))
}

/// The link into the tenant of a support session.
pub fn enter_tenant(id: SupportSessionId) -> String {
    ENTER_TENANT.replace("{id}", &id.to_string())
}

/// Where a browser comes by on its way into the tenant of the session with this label.
pub fn open_tenant(label: &str) -> String {
    OPEN_TENANT.replace("{label}", label)
}

/// The page of an audit event.
pub fn audit_event(id: AuditEventId) -> String {
    format!("{AUDIT}/events/{id}")
}

/// The export of a session's access log.
pub fn access_log_export(id: SupportSessionId, format: ExportFormat) -> String {
    let path = ACCESS_LOG_EXPORT.replace("{id}", &id.to_string());
    Query::default().with("format", format.as_str()).of(&path)
}

/// The page of a request.
pub fn request(id: RequestId) -> String {
    format!("{REQUESTS}/{id}")
}

/// The page of what an identifier names.
pub fn named(named: &Named) -> String {
    match named {
        Named::Tenant(id) => tenant(id),
        Named::SupportSession(id) => support_session(*id),
        Named::AuditEvent(id) => audit_event(*id),
        Named::Request(id) => request(*id),
    }
}

/// The page of an event's resource, if there is one.
pub fn resource(event: &AuditEvent) -> Option<String> {
    let id = &event.resource_id;
    match event.resource_type.as_str() {
        "support_session" => id.parse().ok().map(support_session),
        "staff" => id.parse().ok().map(staff_member),
        "tenant" => id.parse::<TenantId>().ok().map(tenant),
        "api_key" => id.parse::<ApiKeyId>().ok().map(api_key),
        _ => None,
    }
}

/// The path to sign in with, coming back to `next` afterwards.
pub fn sign_in(next: &str) -> String {
    sign_in_again(next, None)
}

/// The same, saying why the last sign-in does not hold.
pub fn sign_in_again(next: &str, lost: Option<LostSignIn>) -> String {
    let next = local_path(next).filter(|path| *path != "/");
    let lost = lost.map(LostSignIn::as_str);
    let query = Query::default().with_some("next", next);
    query.with_some("lost", lost).of(SIGN_IN)
}

/// `path` if it leads to a page of this console: neither it nor a browser's reading of it names another host or anything
/// but a page. Other paths would make sign-in an open redirect, or a way to cause what only our own pages may ask for.
pub fn local_path(path: &str) -> Option<&str> {
    let is_plain = !path.contains('\\') && !path.chars().any(char::is_control);
    let (page, query) = path
        .split_once(['?', '#'])
        .map_or((path, false), |(page, _)| (page, true));
    // The last way of a link into a tenant goes without the state that someone else may have chosen.
    let is_page = match page.strip_prefix(OPENING) {
        Some(label) => !query && !label.contains('/'),
        None => {
            let is_page = PAGES.into_iter().any(|pages| is_below(page, pages));
            page == "/" || is_page && !is_below(page, ENTERING)
        }
    };
    // Browsers resolve such segments before they ask.
    let is_resolved = page.split('/').all(|part| {
        let part = part.to_ascii_lowercase().replace("%2e", ".");
        part != "." && part != ".."
    });
    (is_plain && is_page && is_resolved).then_some(path)
}

/// What the addresses of pages begin with. The sign-in is none to come back to.
const PAGES: [&str; 4] = [OVERVIEW, AUDIT, ADMIN, "/account"];
/// [`ENTER_TENANT`] without its session.
const ENTERING: &str = "/support/enter";
/// [`OPEN_TENANT`] without its label.
const OPENING: &str = "/support/open/";

fn is_below(path: &str, pages: &str) -> bool {
    let rest = path.strip_prefix(pages);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// One segment of a path: what may not stand there as it is, is percent-encoded. Identifiers may.
fn segment(id: impl Display) -> String {
    let mut segment = String::new();
    for (place, part) in id.to_string().split(':').enumerate() {
        let colon = if place == 0 { "" } else { ":" };
        // Writing into a String can't fail.
        let _ = write!(segment, "{colon}{}", encode(part));
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_console_are_local() {
        for bad in [
            "",
            "support",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\nb",
            "/a\\b",
            "/sign-in?next=/sign-in",
        ] {
            assert_eq!(local_path(bad), None, "{bad:?}");
        }
        assert_eq!(local_path("/support?q=1"), Some("/support?q=1"));
        for not_a_page in [
            "/export/audit?format=jsonl",
            "/support/../export/audit",
            "/support/%2E%2e/export/audit",
            "/support/./../export/audit?format=csv",
            "/audit/..",
            "/auditor",
            "/supports",
            "/_fn/force_logout",
            "/forms/sign-out",
            "/live",
            "/api/v1/audit/export",
            "/introspect",
            "/support/open/s-a?state=x",
            "/support/open/s-a/x",
            "/support/enter/01937e2c-7b6a-7cc0-8000-000000000002",
        ] {
            assert_eq!(local_path(not_a_page), None, "{not_a_page}");
        }
        for page in [
            "/",
            "/audit?actor=..",
            "/audit/events/1",
            "/account/password",
            "/admin/staff?q=a",
            "/support/tenants/a..b/force-logout",
            "/support/open/s-a",
        ] {
            assert_eq!(local_path(page), Some(page));
        }
        assert_eq!(sign_in("/support?q=1"), "/sign-in?next=%2Fsupport%3Fq%3D1");
        assert_eq!(sign_in("//evil.example"), "/sign-in");
    }

    #[test]
    fn dialogs_are_told_from_pages() {
        assert!(is_dialog("/support/tenants/acme/force-logout"));
        assert!(is_dialog(
            &REVOKE.page("01937e2c-7b6a-7cc0-8000-000000000002")
        ));
        assert!(is_dialog(&CREATE_KEY.page(OverList)));
        assert_eq!(CREATE_KEY.page(OverList), "/admin/api-keys/create");
        assert_eq!(CREATE_KEY.below(OverList), API_KEYS);
        assert_eq!(CREATE_KEY.form(OverList), "/forms/api-keys/new/create");
        assert!(!is_dialog(API_KEYS));
        assert!(is_dialog("/admin/staff/1/roles"));
        assert!(!is_dialog("/admin/staff/1"));
        assert!(!is_dialog("/support/tenants/acme"));
        assert!(!is_dialog(
            "/support/sessions/01937e2c-7b6a-7cc0-8000-000000000002"
        ));
        assert!(!is_dialog("/support/sessions"));
        assert!(!is_dialog("/support"));
    }

    #[test]
    fn pages_of_a_tenant_name_it() {
        assert_eq!(tenant_of("/support/tenants/acme"), Some("acme"));
        let dialog = "/support/tenants/acme/force-logout";
        assert_eq!(tenant_of(dialog), Some("acme"));
        assert_eq!(tenant_of("/support/tenants/"), None);
        assert_eq!(tenant_of("/support/sessions/acme"), None);
    }

    #[test]
    fn an_identifier_stands_in_an_address_as_it_is_and_nothing_else_does() {
        assert_eq!(tenant("tnt:a.b_c-1"), "/support/tenants/tnt:a.b_c-1");
        assert_eq!(tenant("a/../b?c"), "/support/tenants/a%2F..%2Fb%3Fc");
        assert_eq!(
            FORCE_LOGOUT.form("acme"),
            "/forms/tenants/acme/force-logout"
        );
    }
}
