//! Why a request may not pass.

use std::borrow::Cow;

use app::domain::access_log::Refusal;

/// Why a request may not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// The refusal as it is recorded.
    pub refusal: Refusal,
    /// The status that the client gets.
    pub status: u16,
    /// A sentence for the client.
    pub detail: Cow<'static, str>,
    /// The canonical spelling of the target, to which a browser is redirected.
    pub(crate) location: Option<String>,
}

impl Denied {
    /// A denial with the refusal's own status.
    pub fn new(refusal: Refusal, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            refusal,
            status: refusal.status(),
            detail: detail.into(),
            location: None,
        }
    }

    /// A denial in the refusal's own words.
    pub fn plain(refusal: Refusal) -> Self {
        Self::new(refusal, refusal.sentence())
    }
}

pub(super) fn wrong_tenant(what: &str) -> Denied {
    let detail = format!("{what} must name the support session's tenant, once and unencoded.");
    Denied::new(Refusal::WrongTenant, detail)
}

pub(super) fn wrong_organization(what: &str) -> Denied {
    let detail =
        format!("{what} must name the support session's organization, once and unencoded.");
    Denied::new(Refusal::WrongOrganization, detail)
}
