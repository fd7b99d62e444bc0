//! Server functions: the user interface's calls to the server, from the browser and during
//! rendering. They are thin adapters over `crate::ports`. No rules live here.
//!
//! Each one is `POST /_fn/<verb_noun>` with a JSON body, never GET, with a name that does not
//! change from build to build. `endpoints` lists them all.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each documented function's arguments"
)]

mod api_keys;
mod audit;
mod dialog_form;
mod error;
mod find;
mod lists;
mod rules;
mod saved_views;
mod settings;
mod staff;
mod support_sessions;
mod tenants;
mod user_sessions;
mod wire;

use leptos::server_fn::{Http, codec::Post};

pub use self::{
    api_keys::*, audit::*, dialog_form::*, error::*, find::*, lists::*, rules::*, saved_views::*,
    settings::*, staff::*, support_sessions::*, tenants::*, user_sessions::*, wire::*,
};

/// How each of them is called.
type Json = Http<Post<StrictJson>, Post<Answer>>;

/// The path of every server function.
#[cfg(feature = "ssr")]
pub fn endpoints() -> impl Iterator<Item = &'static str> {
    leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path)
}

/// Whether the server function at a path does something in the caller's name.
#[cfg(feature = "ssr")]
pub fn is_act(path: &str) -> bool {
    use leptos::server_fn::ServerFn;

    [
        CreateApiKey::PATH,
        CreateSupportSession::PATH,
        DeactivateStaff::PATH,
        EndSignIns::PATH,
        ForceLogout::PATH,
        MakeStaffLink::PATH,
        RaiseBudget::PATH,
        ReactivateStaff::PATH,
        ReplaceToken::PATH,
        RevokeApiKey::PATH,
        RotateApiKey::PATH,
        RevokeStaffLink::PATH,
        RevokeSupportSession::PATH,
        SetStaffRoles::PATH,
    ]
    .contains(&path)
}

/// Whether someone has asked at this path. An open page also reads by itself, which keeps no sign-in alive.
#[cfg(feature = "ssr")]
pub fn is_use(path: &str) -> bool {
    use leptos::server_fn::ServerFn;

    let is_function = endpoints().any(|endpoint| endpoint == path);
    path != crate::paths::LIVE && (!is_function || is_act(path) || path == NoteUse::PATH)
}

/// The services to ask and the caller, from the context of this request.
#[cfg(feature = "ssr")]
fn asked() -> Result<(crate::ports::Console, crate::domain::caller::Context), ApiError> {
    use leptos::prelude::use_context;

    match (use_context(), use_context()) {
        (Some(console), Some(context)) => Ok((console, context)),
        _ => Err(ApiError::internal()),
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_under_fn_and_named_once() {
        let endpoints: Vec<_> = endpoints().collect();
        assert!(endpoints.contains(&"/_fn/signed_in"), "{endpoints:?}");
        let mut paths = endpoints.clone();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), endpoints.len());
        for path in endpoints {
            let name = path.strip_prefix("/_fn/").expect(path);
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{path}"
            );
        }
    }
}
