//! The addresses of dialogs and of their forms.

use std::{fmt::Display, str::FromStr};

use super::{API_KEYS, STAFF, SUPPORT_SESSIONS, TENANTS, segment};

/// A dialog with a form, over the page of a tenant, a support session or an API key, or over a list.
#[derive(Debug, Clone, Copy)]
pub struct Dialog {
    /// The last part of its addresses.
    pub name: &'static str,
    /// What it is about, in words.
    pub about: &'static str,
    pages: &'static str,
    forms: &'static str,
    is_over_list: bool,
}

impl Dialog {
    const fn over_tenant(name: &'static str) -> Self {
        Self {
            name,
            about: "tenant",
            pages: TENANTS,
            forms: "/forms/tenants",
            is_over_list: false,
        }
    }

    const fn over_session(name: &'static str) -> Self {
        Self {
            name,
            about: "support session",
            pages: SUPPORT_SESSIONS,
            forms: "/forms/support-sessions",
            is_over_list: false,
        }
    }

    const fn over_key(name: &'static str) -> Self {
        Self {
            name,
            about: "API key",
            pages: API_KEYS,
            forms: "/forms/api-keys",
            is_over_list: false,
        }
    }

    /// The same over the list, for an [`OverList`].
    const fn over_list(self) -> Self {
        Self {
            is_over_list: true,
            ..self
        }
    }

    const fn over_staff(name: &'static str) -> Self {
        Self {
            name,
            about: "staff member",
            pages: STAFF,
            forms: "/forms/staff",
            is_over_list: false,
        }
    }

    /// The page that it lies over. The identifier may be as it stood in an address.
    pub fn below(self, id: impl Display) -> String {
        match self.is_over_list {
            true => self.pages.to_owned(),
            false => format!("{}/{}", self.pages, segment(id)),
        }
    }

    /// The page of the dialog.
    pub fn page(self, id: impl Display) -> String {
        format!("{}/{}", self.below(id), self.name)
    }

    /// Where its form is sent.
    pub fn form(self, id: impl Display) -> String {
        format!("{}/{}/{}", self.forms, segment(id), self.name)
    }

    /// [`Self::form`] for any `{id}`, in axum's form.
    pub fn form_route(self) -> String {
        format!("{}/{{id}}/{}", self.forms, self.name)
    }
}

/// The identifier of a dialog that lies over a list, and is about nothing in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverList;

impl OverList {
    const TEXT: &'static str = "new";
}

impl Display for OverList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Self::TEXT)
    }
}

impl FromStr for OverList {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        (text == Self::TEXT).then_some(Self).ok_or(())
    }
}

/// Creates a support session in a tenant.
pub const CREATE_SESSION: Dialog = Dialog::over_tenant("create-session");
/// Ends all user sessions of a tenant.
pub const FORCE_LOGOUT: Dialog = Dialog::over_tenant("force-logout");
/// Revokes a support session.
pub const REVOKE: Dialog = Dialog::over_session("revoke");
/// Replaces the token of a support session.
pub const REPLACE_TOKEN: Dialog = Dialog::over_session("replace-token");
/// Raises the budget of a support session.
pub const RAISE_BUDGET: Dialog = Dialog::over_session("raise-budget");

/// Changes the roles of a staff member.
pub const CHANGE_ROLES: Dialog = Dialog::over_staff("roles");
/// Withdraws a staff member's access.
pub const DEACTIVATE: Dialog = Dialog::over_staff("deactivate");
/// Gives a staff member's access back.
pub const REACTIVATE: Dialog = Dialog::over_staff("reactivate");
/// Ends every sign-in of a staff member.
pub const END_SIGN_INS: Dialog = Dialog::over_staff("sign-out");

/// Makes a one-time link: a reset, or another invitation.
pub const MAKE_LINK: Dialog = Dialog::over_staff("link");
/// Revokes a staff member's one-time link.
pub const REVOKE_LINK: Dialog = Dialog::over_staff("revoke-link");

/// Creates an API key.
pub const CREATE_KEY: Dialog = Dialog::over_key("create").over_list();
/// Replaces the secret of an API key.
pub const ROTATE_KEY: Dialog = Dialog::over_key("rotate");
/// Revokes an API key.
pub const REVOKE_KEY: Dialog = Dialog::over_key("revoke");

/// Whether a path is a dialog over another page.
pub fn is_dialog(path: &str) -> bool {
    if path.strip_prefix(API_KEYS) == Some("/create") {
        return true;
    }
    [API_KEYS, STAFF, TENANTS, SUPPORT_SESSIONS]
        .into_iter()
        .any(|pages| {
            let below = path.strip_prefix(pages).unwrap_or_default().split('/');
            below.skip(2).any(|dialog| !dialog.is_empty())
        })
}
