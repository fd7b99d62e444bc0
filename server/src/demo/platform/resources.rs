//! The platform's resources. Every list and every look-up goes through [`Identity`].

use axum::{
    Extension, Json,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::PoisonError;

use super::{
    ApiError, Platform,
    data::{Attestation, Invoice, Organization, Owned, Records, User},
    identity::Identity,
};

/// The platform's answer with a list.
#[derive(Serialize)]
pub(super) struct List<T> {
    items: Vec<T>,
}

type Answer<T> = Result<Json<T>, ApiError>;

impl Platform {
    /// The records that the caller may see of its own tenant: `of` its organization, if restricted.
    pub(super) fn list<T: Owned + Clone>(
        &self,
        identity: &Identity,
        of: fn(&Records) -> &Vec<T>,
    ) -> Vec<T> {
        let records = self.records(&identity.tenant);
        let records = records.lock().unwrap_or_else(PoisonError::into_inner);
        let sees = |item: &&T| {
            identity
                .organization
                .as_ref()
                .is_none_or(|only| item.organization_id() == only)
        };
        of(&records).iter().filter(sees).cloned().collect()
    }

    fn find<T: Owned + Clone>(
        &self,
        identity: &Identity,
        of: fn(&Records) -> &Vec<T>,
        id: &str,
    ) -> Answer<T> {
        let all = self.list(identity, of);
        let found = all.into_iter().find(|item| item.id() == id);
        found.map(Json).ok_or(ApiError::NotFound)
    }
}

/// Who the caller is, according to the platform.
pub(super) async fn whoami(Extension(identity): Extension<Identity>) -> Json<Value> {
    let support = identity.support.map(|by| {
        json!({
            "session": by.session,
            "staff": by.staff,
            "scopes": by.scopes,
            "request_id": by.request_id,
        })
    });
    Json(json!({
        "tenant": {"id": identity.tenant.id, "name": identity.tenant.name},
        "organization": identity.organization,
        "support": support,
    }))
}

macro_rules! resource {
    ($list:ident $one:ident $type:ident $field:ident) => {
        pub(super) async fn $list(
            State(platform): State<Platform>,
            Extension(identity): Extension<Identity>,
        ) -> Json<List<$type>> {
            let items = platform.list(&identity, |records| &records.$field);
            Json(List { items })
        }

        pub(super) async fn $one(
            State(platform): State<Platform>,
            Extension(identity): Extension<Identity>,
            Path(id): Path<String>,
        ) -> Answer<$type> {
            platform.find(&identity, |records| &records.$field, &id)
        }
    };
}

resource!(organizations organization Organization organizations);
resource!(users user User users);
resource!(invoices invoice Invoice invoices);
resource!(attestations attestation Attestation attestations);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAttestation {
    subject: String,
    kind: String,
    #[serde(default)]
    organization_id: Option<String>,
}

pub(super) async fn create_attestation(
    State(platform): State<Platform>,
    Extension(identity): Extension<Identity>,
    body: Result<Json<NewAttestation>, JsonRejection>,
) -> Result<(StatusCode, Json<Attestation>), ApiError> {
    let Ok(Json(new)) = body else {
        return Err(ApiError::Unprocessable);
    };
    let seen = platform.list(&identity, |records| &records.organizations);
    let organization = match &new.organization_id {
        Some(id) => seen.iter().find(|own| own.id == *id),
        None => seen.first(),
    };
    let organization_id = organization.ok_or(ApiError::NotFound)?.id.clone();
    if new.subject.trim().is_empty() || new.subject.len() > 200 || new.kind.len() > 60 {
        return Err(ApiError::Unprocessable);
    }
    let records = platform.records(&identity.tenant);
    let mut records = records.lock().unwrap_or_else(PoisonError::into_inner);
    let made = records.attest(organization_id, new.subject, new.kind);
    Ok((StatusCode::CREATED, Json(made)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    subject: String,
}

pub(super) async fn search_attestations(
    State(platform): State<Platform>,
    Extension(identity): Extension<Identity>,
    body: Result<Json<Search>, JsonRejection>,
) -> Answer<List<Attestation>> {
    let Ok(Json(search)) = body else {
        return Err(ApiError::Unprocessable);
    };
    let wanted = search.subject.to_lowercase();
    let mut items = platform.list(&identity, |records| &records.attestations);
    items.retain(|item| item.subject.to_lowercase().contains(&wanted));
    Ok(Json(List { items }))
}
