//! Keys of the REST interface.

use leptos::prelude::*;

use super::{ApiError, DialogForm, Json};
use crate::{
    domain::{
        ApiKeyId,
        api_keys::{
            ApiKeyDetail, ApiKeyDraft, ApiKeyForm, ApiKeyList, ApiKeyMade, ApiKeyRevoked,
            RotateKeyForm,
        },
        flash::{Done, Flash},
        form::NoFields,
    },
    paths::{self, Dialog, OverList},
    query::keys::KeysQuery,
};

/// The page of the list of keys at a query string.
#[server(prefix = "/_fn", endpoint = "api_keys", protocol = Json)]
pub async fn api_keys(query: KeysQuery) -> Result<ApiKeyList, ApiError> {
    let (console, context) = super::asked()?;
    let (filter, page) = query.parse()?;
    Ok(console.api_keys.list(&context, filter, page).await?)
}

#[server(prefix = "/_fn", endpoint = "api_key", protocol = Json)]
pub async fn api_key(id: ApiKeyId) -> Result<ApiKeyDetail, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.api_keys.key(&context, id).await?)
}

/// What the form that makes a key needs to be shown.
#[server(prefix = "/_fn", endpoint = "draft_api_key", protocol = Json)]
pub async fn draft_api_key() -> Result<ApiKeyDraft, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.api_keys.draft(&context).await?)
}

#[server(prefix = "/_fn", endpoint = "create_api_key", protocol = Json)]
pub async fn create_api_key(form: ApiKeyForm) -> Result<ApiKeyMade, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.api_keys.create(&context, form).await?)
}

impl DialogForm for CreateApiKey {
    const DIALOG: Dialog = paths::CREATE_KEY;
    type Id = OverList;
    type Form = ApiKeyForm;

    fn of(_: OverList, form: ApiKeyForm) -> Self {
        Self { form }
    }

    fn done(made: ApiKeyMade) -> Flash {
        Flash::KeyMade(Box::new(made))
    }
}

/// Replaces a key's secret. The previous one works on for a while.
#[server(prefix = "/_fn", endpoint = "rotate_api_key", protocol = Json)]
pub async fn rotate_api_key(id: ApiKeyId, form: RotateKeyForm) -> Result<ApiKeyMade, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.api_keys.rotate(&context, id, form).await?)
}

impl DialogForm for RotateApiKey {
    const DIALOG: Dialog = paths::ROTATE_KEY;
    type Id = ApiKeyId;
    type Form = RotateKeyForm;

    fn of(id: ApiKeyId, form: RotateKeyForm) -> Self {
        Self { id, form }
    }

    fn done(made: ApiKeyMade) -> Flash {
        Flash::KeyMade(Box::new(made))
    }
}

#[server(prefix = "/_fn", endpoint = "revoke_api_key", protocol = Json)]
pub async fn revoke_api_key(id: ApiKeyId) -> Result<ApiKeyRevoked, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.api_keys.revoke(&context, id).await?)
}

impl DialogForm for RevokeApiKey {
    const DIALOG: Dialog = paths::REVOKE_KEY;
    type Id = ApiKeyId;
    type Form = NoFields;

    fn of(id: ApiKeyId, _: NoFields) -> Self {
        Self { id }
    }

    fn done(revoked: ApiKeyRevoked) -> Flash {
        Flash::Done(Done {
            message: format!("API key {} revoked.", revoked.key.name),
            audit_event: Some(revoked.audit_event_id),
        })
    }
}
