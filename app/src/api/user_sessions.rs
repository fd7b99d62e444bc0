//! Force logout.

use leptos::{
    prelude::*,
    server_fn::{Http, codec::Post},
};

use super::{Answer, ApiError, StrictJson};
use crate::domain::{
    TenantId,
    user_sessions::{ForceLogoutDraft, ForceLogoutResult},
};

/// The data for the dialog "Force Logout All Sessions".
#[server(prefix = "/_fn", endpoint = "draft_force_logout", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn draft_force_logout(tenant: TenantId) -> Result<ForceLogoutDraft, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.user_sessions.draft(&context, &tenant).await?)
}

/// Ends every active user session of a tenant. `slug` must be the tenant's.
#[server(prefix = "/_fn", endpoint = "force_logout", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn force_logout(
    tenant: TenantId,
    slug: String,
    idempotency_key: String,
) -> Result<ForceLogoutResult, ApiError> {
    use crate::domain::user_sessions::ForceLogoutForm;

    let (console, context) = super::asked()?;
    let form = ForceLogoutForm {
        slug,
        idempotency_key,
    };
    let sessions = console.user_sessions;
    Ok(sessions.force_logout(&context, &tenant, form).await?)
}
