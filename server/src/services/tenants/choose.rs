//! Choosing a tenant by name, slug or ID: what a person types where a tenant is asked for.

use app::domain::{
    TenantId,
    caller::Context,
    page::{Direction, PageRequest},
    problem::Problem,
    tenants::{
        ChosenTenant, SUGGESTED_MAX, Tenant, TenantFilter, TenantRef, TenantSort, no_tenant,
        several_tenants,
    },
    text::clean,
};
use store::{fold, listing::PageAt, tenants::StoredTenant};

use super::TenantsService;
use crate::services::{Core, core::SEARCH_MAX};

impl TenantsService {
    /// The few tenants, by name, that a text under way may mean. The search is that of the overview.
    pub(super) async fn suggested(
        &self,
        context: &Context,
        text: &str,
    ) -> Result<Vec<TenantRef>, Problem> {
        let reach = self.reach(context)?;
        let Ok(text) = clean(text, 0, SEARCH_MAX, false) else {
            return Ok(Vec::new());
        };
        let filter = TenantFilter {
            search: Some(text).filter(|text| !text.is_empty()),
            sort: TenantSort::Name,
            direction: Direction::Ascending,
            ..TenantFilter::default()
        };
        let page = PageAt::first(SUGGESTED_MAX);
        let page = store::listing::Wanted::from(page).uncounted();
        let mut reader = self.core.store.read().await?;
        let listed = reader
            .db()
            .list_tenants(reach, &filter, page, self.core.now())
            .await?;
        Ok(listed.items.into_iter().map(tenant_ref).collect())
    }

    /// The one tenant that a text names: by its ID, else by its slug or its folded name.
    pub(super) async fn chosen(
        &self,
        context: &Context,
        text: &str,
    ) -> Result<ChosenTenant, Problem> {
        let reach = self.reach(context)?;
        let typed = clean(text, 1, SEARCH_MAX, false).map_err(|_| no_tenant(text))?;
        let found = candidates(&self.core, reach, &typed).await?;
        let tenant = match <[TenantRef; 1]>::try_from(found) {
            Ok([tenant]) => tenant,
            Err(none) if none.is_empty() => return Err(no_tenant(&typed)),
            Err(several) => return Err(several_tenants(&typed, &several)),
        };
        let same = candidates(&self.core, reach, &tenant.name).await?;
        let text = match same.as_slice() {
            [only] if only.id == tenant.id => tenant.name.clone(),
            _ => tenant.id.to_string(),
        };
        Ok(ChosenTenant { tenant, text })
    }

    /// The names of those of some tenants that the caller may see.
    pub(super) async fn names_of(
        &self,
        context: &Context,
        mut ids: Vec<TenantId>,
    ) -> Result<Vec<TenantRef>, Problem> {
        let reach = self.reach(context)?;
        ids.retain(|id| reach.is_none_or(|own| own == id));
        ids.sort();
        ids.dedup();
        ids.truncate(PageRequest::default().size().max(200) as usize);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut reader = self.core.store.read().await?;
        let found = reader.db().find_tenants_by_id(&ids).await?;
        Ok(found.into_iter().map(tenant_ref).collect())
    }
}

/// The tenants within reach that a text names. An ID is unmistakable: it wins over names.
async fn candidates(
    core: &Core,
    reach: Option<&TenantId>,
    text: &str,
) -> Result<Vec<TenantRef>, Problem> {
    let within = |stored: &StoredTenant| reach.is_none_or(|own| *own == stored.tenant.id);
    let mut reader = core.store.read().await?;
    let mut db = reader.db();
    if let Ok(id) = text.parse()
        && let Some(stored) = db.lookup_tenant(&id).await?.filter(within)
    {
        return Ok(vec![tenant_ref(stored)]);
    }
    let mut found = db.find_tenants_by_name(text).await?;
    if let Some(stored) = db.find_tenant_by_slug(&fold(text)).await?
        && !found
            .iter()
            .any(|other| other.tenant.id == stored.tenant.id)
    {
        found.push(stored);
    }
    found.retain(within);
    Ok(found.into_iter().map(tenant_ref).collect())
}

pub(in crate::services) fn tenant_ref(stored: StoredTenant) -> TenantRef {
    let Tenant { id, slug, name, .. } = stored.tenant;
    TenantRef { id, slug, name }
}
