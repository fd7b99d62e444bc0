//! What the pages of keys show, and their forms.

use std::collections::BTreeSet;

use app::{
    domain::{
        ApiKeyId, TenantId,
        api_keys::{
            ApiKeyDetail, ApiKeyDraft, ApiKeyFilter, ApiKeyForm, ApiKeyList, ApiKeyMade,
            ApiKeyRevoked, RotateKeyForm,
        },
        caller::Context,
        page::PageRequest,
        policy::Act,
        problem::Problem,
    },
    ports::ApiKeysPort,
};
use async_trait::async_trait;

use super::{ApiKey, ApiKeys, Made, ServiceError};
use crate::services::{core::searched, tenants::choose::tenant_ref};

impl ApiKeys {
    /// Every key, including revoked ones, oldest first.
    pub async fn all(&self, context: &Context) -> Result<Vec<ApiKey>, ServiceError> {
        self.core.authorise(context, Act::ReadKeys)?;
        Ok(self.core.store.read().await?.db().list_api_keys().await?)
    }

    fn answer(&self, made: Made) -> ApiKeyMade {
        let at = self.core.now();
        match made {
            Made::Now(made) => ApiKeyMade {
                secret: Some(made.token.expose().to_owned()),
                audit_event_id: Some(made.event),
                key: made.key,
                at,
            },
            Made::Before(key) => ApiKeyMade {
                key,
                secret: None,
                audit_event_id: None,
                at,
            },
        }
    }
}

#[async_trait]
impl ApiKeysPort for ApiKeys {
    async fn list(
        &self,
        context: &Context,
        filter: ApiKeyFilter,
        page: PageRequest,
    ) -> Result<ApiKeyList, Problem> {
        self.core.authorise(context, Act::ReadKeys)?;
        let filter = ApiKeyFilter {
            search: searched(filter.search.as_deref())?,
            ..filter
        };
        let filter_json = serde_json::to_string(&filter).unwrap_or_default();
        let name = format!("api_keys {filter_json}");
        let wanted = self.core.page_at(context, &name, &page)?;
        let now = self.core.now();
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let listed = db.page_of_api_keys(&filter, now, wanted).await?;
        let counts = db.count_api_keys(now).await?;
        let keys = self.core.page(&name, listed);
        let tenants = keys.items.iter().filter_map(|key| key.tenant_id.clone());
        let tenants: BTreeSet<TenantId> = tenants.collect();
        let tenants: Vec<TenantId> = tenants.into_iter().collect();
        let tenants = match tenants.as_slice() {
            [] => Vec::new(),
            some => db.find_tenants_by_id(some).await?,
        };
        Ok(ApiKeyList {
            tenants: tenants.into_iter().map(tenant_ref).collect(),
            keys,
            counts,
            at: now,
        })
    }

    async fn key(&self, context: &Context, id: ApiKeyId) -> Result<ApiKeyDetail, Problem> {
        self.core.authorise(context, Act::ReadKeys)?;
        let key = self.find(id).await?;
        let tenant = match &key.tenant_id {
            Some(id) => self.core.store.read().await?.db().lookup_tenant(id).await?,
            None => None,
        };
        let limits = &self.core.config.limits;
        Ok(ApiKeyDetail {
            key,
            tenant_name: tenant.map(|stored| stored.tenant.name),
            configured_requests: limits.key_requests_per_minute,
            configured_reports: limits.key_reports_per_minute,
            at: self.core.now(),
            idempotency_key: self.core.new_uuid().to_string(),
        })
    }

    async fn draft(&self, context: &Context) -> Result<ApiKeyDraft, Problem> {
        self.core.authorise(context, Act::ReadKeys)?;
        let limits = &self.core.config.limits;
        Ok(ApiKeyDraft {
            configured_requests: limits.key_requests_per_minute,
            configured_reports: limits.key_reports_per_minute,
            address: context.origin.ip.clone().unwrap_or_default(),
            idempotency_key: self.core.new_uuid().to_string(),
        })
    }

    async fn create(&self, context: &Context, form: ApiKeyForm) -> Result<ApiKeyMade, Problem> {
        self.core.authorise(context, Act::ManageKeys)?;
        let made = self.make(context, form.validate()?).await?;
        Ok(self.answer(made))
    }

    async fn rotate(
        &self,
        context: &Context,
        id: ApiKeyId,
        form: RotateKeyForm,
    ) -> Result<ApiKeyMade, Problem> {
        self.core.authorise(context, Act::ManageKeys)?;
        let made = self.replace(context, id, form.validate()?).await?;
        Ok(self.answer(made))
    }

    async fn revoke(&self, context: &Context, id: ApiKeyId) -> Result<ApiKeyRevoked, Problem> {
        Ok(Self::revoke(self, context, id).await?)
    }
}
