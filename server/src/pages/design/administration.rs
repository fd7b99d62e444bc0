//! The keys and settings of the sample pages: none. What would change something is refused.

use app::{
    domain::{
        ApiKeyId,
        api_keys::{
            ApiKeyCounts, ApiKeyDetail, ApiKeyDraft, ApiKeyFilter, ApiKeyForm, ApiKeyList,
            ApiKeyMade, ApiKeyRevoked, RotateKeyForm,
        },
        caller::Context,
        page::{Page, PageRequest},
        problem::Problem,
        settings::{HealthPreview, SettingsDetail, ThresholdsForm},
    },
    ports::{ApiKeysPort, SettingsPort},
};
use async_trait::async_trait;

use super::{
    ports::only_a_sample,
    samples::{Samples, now},
};

#[async_trait]
impl ApiKeysPort for Samples {
    async fn list(
        &self,
        _: &Context,
        _: ApiKeyFilter,
        _: PageRequest,
    ) -> Result<ApiKeyList, Problem> {
        Ok(ApiKeyList {
            keys: Page::empty(),
            counts: ApiKeyCounts::default(),
            tenants: Vec::new(),
            at: now(),
        })
    }

    async fn key(&self, _: &Context, _: ApiKeyId) -> Result<ApiKeyDetail, Problem> {
        Err(Problem::not_found("API key"))
    }

    async fn draft(&self, _: &Context) -> Result<ApiKeyDraft, Problem> {
        Err(only_a_sample())
    }

    async fn create(&self, _: &Context, _: ApiKeyForm) -> Result<ApiKeyMade, Problem> {
        Err(only_a_sample())
    }

    async fn rotate(
        &self,
        _: &Context,
        _: ApiKeyId,
        _: RotateKeyForm,
    ) -> Result<ApiKeyMade, Problem> {
        Err(only_a_sample())
    }

    async fn revoke(&self, _: &Context, _: ApiKeyId) -> Result<ApiKeyRevoked, Problem> {
        Err(only_a_sample())
    }
}

#[async_trait]
impl SettingsPort for Samples {
    async fn detail(&self, _: &Context) -> Result<SettingsDetail, Problem> {
        Err(only_a_sample())
    }

    async fn preview_health(
        &self,
        _: &Context,
        _: ThresholdsForm,
    ) -> Result<HealthPreview, Problem> {
        Err(only_a_sample())
    }
}
