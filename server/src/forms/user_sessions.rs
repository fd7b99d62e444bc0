//! Force logout.

use app::{
    domain::{TenantId, flash::Flash, user_sessions::ForceLogoutForm},
    paths,
};
use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{Forms, known, posted::Posted};
use crate::extract::{Asking, Refusal};

pub(crate) async fn force_logout(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    Posted { form, kept }: Posted<ForceLogoutForm>,
) -> Result<Response, Refusal> {
    let tenant: TenantId = known(&id, "tenant")?;
    let page = paths::FORCE_LOGOUT.page(&tenant);
    let sessions = &forms.console.user_sessions;
    let ended = async { sessions.force_logout(&context, &tenant, form?).await };
    Ok(forms.answer(&context, &page, ended.await.map(Flash::LoggedOut), kept))
}
