//! Force logout.

use leptos::prelude::*;

use super::{ApiError, DialogForm, Json};
use crate::{
    domain::{
        TenantId,
        flash::Flash,
        user_sessions::{ForceLogoutAnswer, ForceLogoutDraft, ForceLogoutForm},
    },
    paths::{self, Dialog},
};

#[server(prefix = "/_fn", endpoint = "draft_force_logout", protocol = Json)]
pub async fn draft_force_logout(tenant: TenantId) -> Result<ForceLogoutDraft, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.user_sessions.draft(&context, &tenant).await?)
}

/// Ends every active user session of a tenant. `slug` must be the tenant's.
#[server(prefix = "/_fn", endpoint = "force_logout", protocol = Json)]
pub async fn force_logout(
    tenant: TenantId,
    slug: String,
    idempotency_key: String,
) -> Result<ForceLogoutAnswer, ApiError> {
    let (console, context) = super::asked()?;
    let form = ForceLogoutForm {
        slug,
        idempotency_key,
    };
    let sessions = console.user_sessions;
    Ok(sessions.force_logout(&context, &tenant, form).await?)
}

impl DialogForm for ForceLogout {
    const DIALOG: Dialog = paths::FORCE_LOGOUT;
    type Id = TenantId;
    type Form = ForceLogoutForm;

    fn of(tenant: TenantId, form: ForceLogoutForm) -> Self {
        let (slug, idempotency_key) = (form.slug, form.idempotency_key);
        Self {
            tenant,
            slug,
            idempotency_key,
        }
    }

    fn done(answer: ForceLogoutAnswer) -> Flash {
        Flash::LoggedOut(Box::new(answer))
    }

    fn settles(answer: &ForceLogoutAnswer) -> bool {
        answer.again.is_none()
    }
}
