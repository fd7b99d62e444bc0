//! Managing tenants: adding, editing, their lifecycle, settings and organizations.

use app::{
    domain::{
        TenantId,
        caller::Context,
        flash::{Done, Flash},
        problem::Problem,
        tenants::{OrganizationForm, SettingsForm, StatusForm, TenantForm},
    },
    paths,
};
use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{
    Forms,
    posted::{Posted, Typed},
};
use crate::extract::{Asking, Refusal};

/// `POST /forms/tenants/new`. Goes on to the new tenant.
pub(crate) async fn add(
    State(forms): State<Forms>,
    Asking(context): Asking,
    Posted { form, typed }: Posted<TenantForm>,
) -> Response {
    let added = async { forms.console.manage_tenants.add(&context, form?).await };
    let (next, added) = match added.await {
        Ok((id, done)) => (paths::managed_tenant(id), Ok(done)),
        Err(problem) => (String::new(), Err(problem)),
    };
    let pages = (next, paths::NEW_TENANT.to_owned());
    forms.managed(&context, pages, added, typed).await
}

/// `POST /forms/tenants/{id}/edit`. Goes on to the tenant.
pub(crate) async fn edit(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    Posted { form, typed }: Posted<TenantForm>,
) -> Result<Response, Refusal> {
    let id = tenant(&id)?;
    let edited = async {
        forms
            .console
            .manage_tenants
            .edit(&context, &id, form?)
            .await
    };
    let edited = edited.await;
    let pages = (paths::managed_tenant(&id), paths::edit_tenant(&id));
    Ok(forms.managed(&context, pages, edited, typed).await)
}

/// `POST /forms/tenants/{id}/settings`. Goes on to the tenant.
pub(crate) async fn set_settings(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    Posted { form, typed }: Posted<SettingsForm>,
) -> Result<Response, Refusal> {
    let id = tenant(&id)?;
    let tenants = &forms.console.manage_tenants;
    let set = async { tenants.set_settings(&context, &id, form?).await };
    let set = set.await;
    let pages = (paths::managed_tenant(&id), paths::tenant_settings(&id));
    Ok(forms.managed(&context, pages, set, typed).await)
}

/// `POST /forms/tenants/{id}/organization`. Goes on to the tenant.
pub(crate) async fn set_organization(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    Posted { form, typed }: Posted<OrganizationForm>,
) -> Result<Response, Refusal> {
    let id = tenant(&id)?;
    let tenants = &forms.console.manage_tenants;
    let set = async { tenants.set_organization(&context, &id, form?).await };
    let set = set.await;
    let is_new = typed.first("seen").is_none_or(String::is_empty);
    let known = typed.first("id").map(String::as_str).filter(|_| !is_new);
    let pages = (paths::managed_tenant(&id), paths::organization(&id, known));
    Ok(forms.managed(&context, pages, set, typed).await)
}

/// `POST /forms/tenants/status`. Goes on to the tenant, or to the list if there are several.
pub(crate) async fn set_status(
    State(forms): State<Forms>,
    Asking(context): Asking,
    Posted { form, typed }: Posted<StatusForm>,
) -> Response {
    let ids = typed.kept.get("id").cloned().unwrap_or_default();
    let to = typed.first("to").map_or("", String::as_str);
    // What is no selection is told on the list.
    let page = match form.as_ref().ok().and_then(|form| form.chosen().ok()) {
        Some((ids, _)) => paths::tenant_status(ids.iter().map(TenantId::as_str), to),
        None if ids.len() == 1 => paths::tenant_status(ids.iter().map(String::as_str), to),
        None => paths::MANAGED_TENANTS.to_owned(),
    };
    let next = match ids.as_slice() {
        [id] => paths::managed_tenant(id),
        _ => paths::MANAGED_TENANTS.to_owned(),
    };
    let changed = async {
        let form = form?;
        let (_, to) = form.chosen()?;
        let changed = forms
            .console
            .manage_tenants
            .set_status(&context, form)
            .await?;
        Ok::<_, Problem>(Done {
            message: changed.in_words(to),
            audit_event: changed.audit_event,
        })
    };
    let changed = changed.await;
    forms.managed(&context, (next, page), changed, typed).await
}

fn tenant(id: &str) -> Result<TenantId, Problem> {
    id.parse().map_err(|_| Problem::not_found("tenant"))
}

impl Forms {
    /// On to the first page with what was done, or back to the second with why not.
    async fn managed(
        &self,
        context: &Context,
        (next, page): (String, String),
        done: Result<Done, Problem>,
        typed: Typed,
    ) -> Response {
        let to = if done.is_ok() { next } else { page };
        self.answer(context, &to, done.map(Flash::Done), typed)
            .await
    }
}
