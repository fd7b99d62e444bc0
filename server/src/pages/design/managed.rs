//! Samples of the pages for managing tenants.

use std::collections::BTreeMap;

use app::{
    domain::{
        OrganizationId, TenantId,
        caller::Context,
        flash::Done,
        health::Thresholds,
        page::{Page, PageRequest},
        problem::Problem,
        tenants::{
            ManagedTenant, ManagedTenants, OrganizationDraft, OrganizationForm, SettingsForm,
            StatusChanged, StatusDraft, StatusForm, StatusRow, Tenant, TenantChoices, TenantFilter,
            TenantForm, TenantMaster, TenantSettings, TenantsAbout,
        },
    },
    ports::ManageTenantsPort,
};
use async_trait::async_trait;

use super::{ports::only_a_sample, samples::Samples};

impl Samples {
    fn managed(self, tenant: Tenant) -> ManagedTenant {
        let organizations = self.told().map(|told| told.organizations.clone());
        ManagedTenant {
            tenant,
            settings: TenantSettings::default(),
            seen: "sample".to_owned(),
            organizations: organizations.unwrap_or_default(),
            active_user_sessions: 3,
            active_support_sessions: 1,
            master: TenantMaster::Console,
            end_when_suspended: true,
            configured: Thresholds::default(),
            may_manage: true,
            manage_url: None,
        }
    }
}

#[async_trait]
impl ManageTenantsPort for Samples {
    async fn list(
        &self,
        _: &Context,
        filter: TenantFilter,
        _: PageRequest,
    ) -> Result<ManagedTenants, Problem> {
        let told = self.told()?;
        let tenants = match filter.search {
            Some(_) => Page::empty(),
            None => self.rows(&told.tenants, 248),
        };
        Ok(ManagedTenants {
            tenants,
            user_sessions: BTreeMap::new(),
            master: TenantMaster::Console,
            may_manage: true,
        })
    }
    async fn about(&self, _: &Context) -> Result<TenantsAbout, Problem> {
        Ok(TenantsAbout {
            master: TenantMaster::Console,
            may_manage: true,
            choices: TenantChoices::default(),
            new_id: "01937e2c-7b6a-7cc0-8000-00000000000a".to_owned(),
        })
    }
    async fn one(
        &self,
        _: &Context,
        _: &TenantId,
        _: Option<String>,
    ) -> Result<ManagedTenant, Problem> {
        Ok(self.managed(self.tenant(self.told()?)?.tenant))
    }
    async fn status_draft(&self, _: &Context, _: StatusForm) -> Result<StatusDraft, Problem> {
        let tenants = self.told()?.tenants.iter().take(2);
        let tenants = tenants.map(|row| StatusRow {
            tenant: row.tenant.clone(),
            seen: String::new(),
            active_user_sessions: 12,
            active_support_sessions: 1,
        });
        Ok(StatusDraft {
            tenants: tenants.collect(),
            refused: Vec::new(),
            master: TenantMaster::Console,
            may_manage: true,
            end_when_suspended: false,
        })
    }
    async fn set_status(&self, _: &Context, _: StatusForm) -> Result<StatusChanged, Problem> {
        Err(only_a_sample())
    }
    async fn add(&self, _: &Context, _: TenantForm) -> Result<(TenantId, Done), Problem> {
        Err(only_a_sample())
    }
    async fn edit(&self, _: &Context, _: &TenantId, _: TenantForm) -> Result<Done, Problem> {
        Err(only_a_sample())
    }
    async fn set_settings(
        &self,
        _: &Context,
        _: &TenantId,
        _: SettingsForm,
    ) -> Result<Done, Problem> {
        Err(only_a_sample())
    }
    async fn organization_draft(
        &self,
        _: &Context,
        _: &TenantId,
        id: Option<OrganizationId>,
    ) -> Result<OrganizationDraft, Problem> {
        let told = self.told()?;
        let mut known = told.organizations.iter();
        let known = known.find(|one| Some(&one.id) == id.as_ref());
        Ok(OrganizationDraft {
            tenant: self.tenant(told)?.tenant,
            organization: known.map(|one| (one.clone(), "sample".to_owned())),
            active_support_sessions: 1,
            master: TenantMaster::Console,
            end_when_suspended: true,
            may_manage: true,
        })
    }
    async fn set_organization(
        &self,
        _: &Context,
        _: &TenantId,
        _: OrganizationForm,
    ) -> Result<Done, Problem> {
        Err(only_a_sample())
    }
}
