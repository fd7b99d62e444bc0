//! Server functions: the user interface's calls to the server, from the browser and during
//! rendering. They are thin adapters over `crate::ports`. No rules live here.
//!
//! Each one is `POST /_fn/<verb_noun>` with a JSON body, never GET, with a name that does not
//! change from build to build. [`ENDPOINTS`] lists them all.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each documented function's arguments"
)]

pub mod audit;
mod error;
pub mod rules;
pub mod staff;
pub mod support_sessions;
pub mod tenants;
pub mod user_sessions;
mod wire;

use leptos::server_fn::ServerFn;

pub use audit::{AuditEvent, ListAuditEvents, audit_event, list_audit_events};
pub use error::{ApiError, ProblemJson};
pub use rules::{GatewayRules, gateway_rules};
pub use staff::{
    AnyStaff, Settings, SignedIn, TakeFlash, any_staff, settings, signed_in, take_flash,
};
pub use support_sessions::{
    CreateSupportSession, DraftSupportSession, ListAccessLog, ListSupportSessions, RaiseBudget,
    ReplaceToken, RevokeSupportSession, SupportSession, create_support_session,
    draft_support_session, list_access_log, list_support_sessions, raise_budget, replace_token,
    revoke_support_session, support_session,
};
pub use tenants::{Overview, TenantDetail, overview, tenant_detail};
pub use user_sessions::{DraftForceLogout, ForceLogout, draft_force_logout, force_logout};
pub use wire::{Answer, StrictJson};

/// The path of every server function.
pub const ENDPOINTS: [&str; 19] = [
    SignedIn::PATH,
    AnyStaff::PATH,
    Settings::PATH,
    TakeFlash::PATH,
    Overview::PATH,
    TenantDetail::PATH,
    DraftSupportSession::PATH,
    CreateSupportSession::PATH,
    ListSupportSessions::PATH,
    SupportSession::PATH,
    RevokeSupportSession::PATH,
    ReplaceToken::PATH,
    RaiseBudget::PATH,
    ListAccessLog::PATH,
    DraftForceLogout::PATH,
    ForceLogout::PATH,
    ListAuditEvents::PATH,
    AuditEvent::PATH,
    GatewayRules::PATH,
];

/// The services to ask and the caller, from the context of this request.
#[cfg(feature = "ssr")]
fn asked() -> Result<(crate::ports::Console, crate::domain::caller::Context), ApiError> {
    use leptos::prelude::use_context;

    match (use_context(), use_context()) {
        (Some(console), Some(context)) => Ok((console, context)),
        _ => Err(ApiError::internal()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_under_fn_and_named_once() {
        let mut paths = ENDPOINTS.to_vec();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), ENDPOINTS.len());
        for path in ENDPOINTS {
            let name = path.strip_prefix("/_fn/").expect(path);
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{path}"
            );
        }
    }
}
