//! The port that pages, forms and REST call.

use app::{
    domain::{
        SupportSessionId, TenantId,
        access_log::AccessLogEntry,
        caller::Context,
        page::{Page, PageRequest},
        problem::Problem,
        support_sessions::{
            RaiseBudgetForm, SupportSession, SupportSessionDetail, SupportSessionDraft,
            SupportSessionFilter, SupportSessionForm, SupportSessionGranted, SupportSessionList,
        },
    },
    ports::SupportSessionsPort,
};
use async_trait::async_trait;

use super::SupportSessionsService;

#[async_trait]
impl SupportSessionsPort for SupportSessionsService {
    async fn draft(
        &self,
        context: &Context,
        tenant: &TenantId,
    ) -> Result<SupportSessionDraft, Problem> {
        Ok(self.draft_inner(context, tenant).await?)
    }

    async fn create(
        &self,
        context: &Context,
        tenant: &TenantId,
        form: SupportSessionForm,
    ) -> Result<SupportSessionGranted, Problem> {
        Ok(self.create_inner(context, tenant, &form).await?)
    }

    async fn list(
        &self,
        context: &Context,
        filter: SupportSessionFilter,
        page: PageRequest,
    ) -> Result<SupportSessionList, Problem> {
        Ok(self.list_inner(context, filter, &page).await?)
    }

    async fn detail(
        &self,
        context: &Context,
        id: SupportSessionId,
    ) -> Result<SupportSessionDetail, Problem> {
        Ok(self.detail_inner(context, id).await?)
    }

    async fn revoke(
        &self,
        context: &Context,
        id: SupportSessionId,
        reason: String,
    ) -> Result<SupportSession, Problem> {
        Ok(self.revoke_inner(context, id, &reason).await?)
    }

    async fn replace_token(
        &self,
        context: &Context,
        id: SupportSessionId,
    ) -> Result<SupportSessionGranted, Problem> {
        Ok(self.replace_token_inner(context, id).await?)
    }

    async fn raise_budget(
        &self,
        context: &Context,
        id: SupportSessionId,
        form: RaiseBudgetForm,
    ) -> Result<SupportSession, Problem> {
        Ok(self.raise_budget_inner(context, id, &form).await?)
    }

    async fn access_log(
        &self,
        context: &Context,
        id: SupportSessionId,
        page: PageRequest,
    ) -> Result<Page<AccessLogEntry>, Problem> {
        Ok(self.access_log_inner(context, id, &page).await?)
    }
}
