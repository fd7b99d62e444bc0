//! Organizations: the named parts of tenants.

use app::domain::{OrganizationId, TenantId, page::Direction, tenants::Organization};

use const_format::concatcp;

use super::{
    Db, Sought, StoreError, Tx,
    listing::{Listed, Listing, Wanted},
    record::{insert, record, select},
    sort_key,
    sought::{NAMESAKES, of_name},
    sql::queries,
};

queries! {
    Db {
        /// One organization of a tenant.
        pub fn lookup_organization(tenant: &TenantId, id: &OrganizationId) -> optional Organization
            = select!(Organization, "organizations WHERE tenant_id = :tenant AND id = :id");

        fn list_organizations_sorted_as(tenant: &TenantId, sort_name: &str) -> all Organization
            = concatcp!(select!(Organization, "organizations WHERE tenant_id = :tenant AND sort_name = :sort_name ORDER BY id LIMIT "),
                NAMESAKES);
    }
    Tx {
        fn upsert_organization(organization: &Stored, tenant: &TenantId)
            = concatcp!(insert!("organizations", Stored, "tenant_id"),
                " ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, slug = excluded.slug, \
                status = excluded.status, created_at = excluded.created_at, sort_name = excluded.sort_name");
    }
}

struct Stored {
    organization: Organization,
    sort_name: String,
}

record! { Organization { id; name; slug; status; created_at } }

record! { Stored { organization: Organization; sort_name } }

impl Db<'_> {
    /// One page of a tenant's organizations, by name.
    pub async fn list_organizations(
        &mut self,
        tenant: &TenantId,
        page: impl Into<Wanted>,
    ) -> Result<Listed<Organization>, StoreError> {
        self.find_organizations(tenant, None, page).await
    }

    /// Up to 50 organizations of a tenant with this name, in any case. If there are none, those whose names have more accents.
    pub async fn find_organizations_by_name(
        &mut self,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Vec<Organization>, StoreError> {
        let sort_name = sort_key(name);
        let found = self
            .list_organizations_sorted_as(tenant, &sort_name)
            .await?;
        Ok(of_name(found, name, |organization| {
            organization.name.as_str()
        }))
    }

    /// The same of those whose name contains a text, accents aside, or whose ID it is.
    pub async fn find_organizations(
        &mut self,
        tenant: &TenantId,
        text: Option<&str>,
        page: impl Into<Wanted>,
    ) -> Result<Listed<Organization>, StoreError> {
        let mut listing = Listing::new("organizations", &["sort_name", "id"], Direction::Ascending);
        listing.and_bind("tenant_id = {}", tenant);
        if let Some(text) = text {
            let sought = Sought::new(&sort_key(text));
            listing.and_contains_or_equals("sort_name", &sought, "id", text);
        }
        let listed = listing
            .fetch(self, page, |row: &Stored| {
                vec![(&row.sort_name).into(), (&row.organization.id).into()]
            })
            .await?;
        Ok(listed.map(|stored| stored.organization))
    }
}

impl Tx<'_> {
    /// Adds or replaces an organization.
    pub async fn set_organization(
        &mut self,
        tenant: &TenantId,
        organization: &Organization,
    ) -> Result<(), StoreError> {
        let stored = Stored {
            organization: organization.clone(),
            sort_name: sort_key(&organization.name),
        };
        self.upsert_organization(&stored, tenant).await
    }
}
