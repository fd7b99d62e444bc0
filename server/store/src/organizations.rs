//! Organizations: the named parts of tenants.

use app::domain::{OrganizationId, TenantId, page::Direction, tenants::Organization};

use super::{
    Db, FromRow, Row, StoreError, Tx,
    listing::{Listed, Listing, PageAt},
    sort_key,
    sql::statements,
};

statements! {
    LOOKUP = "SELECT * FROM organizations WHERE tenant_id = $1 AND id = $2";
    UPSERT = "INSERT INTO organizations (tenant_id, id, name, slug, status, created_at, sort_name) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, \
        slug = excluded.slug, status = excluded.status, created_at = excluded.created_at, \
        sort_name = excluded.sort_name";
}

struct Stored {
    organization: Organization,
    sort_name: String,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            organization: Organization {
                id: row.parsed("id")?,
                name: row.text("name")?,
                slug: row.text("slug")?,
                status: row.parsed("status")?,
                created_at: row.at("created_at")?,
            },
            sort_name: row.text("sort_name")?,
        })
    }
}

impl Db<'_> {
    /// One organization of a tenant.
    pub async fn lookup_organization(
        &mut self,
        tenant: &TenantId,
        id: &OrganizationId,
    ) -> Result<Option<Organization>, StoreError> {
        let stored: Option<Stored> = self
            .query(LOOKUP)
            .bind(tenant)
            .bind(id)
            .fetch_optional()
            .await?;
        Ok(stored.map(|stored| stored.organization))
    }

    /// One page of a tenant's organizations, by name.
    pub async fn list_organizations(
        &mut self,
        tenant: &TenantId,
        page: &PageAt,
    ) -> Result<Listed<Organization>, StoreError> {
        let mut listing = Listing::new("organizations", &["sort_name", "id"], Direction::Ascending);
        listing.and_bind("tenant_id = {}", tenant);
        let listed = listing
            .fetch(self, page, |row: &Stored| {
                vec![
                    (&row.sort_name).into(),
                    row.organization.id.to_string().into(),
                ]
            })
            .await?;
        Ok(Listed {
            items: listed
                .items
                .into_iter()
                .map(|stored| stored.organization)
                .collect(),
            previous: listed.previous,
            next: listed.next,
            last: listed.last,
            total: listed.total,
            first_row: listed.first_row,
        })
    }
}

impl Tx<'_> {
    /// Adds or replaces an organization.
    pub async fn set_organization(
        &mut self,
        tenant: &TenantId,
        organization: &Organization,
    ) -> Result<(), StoreError> {
        self.query(UPSERT)
            .bind(tenant)
            .bind(&organization.id)
            .bind(&organization.name)
            .bind(&organization.slug)
            .bind(organization.status.as_str())
            .bind(organization.created_at)
            .bind(sort_key(&organization.name))
            .execute()
            .await?;
        Ok(())
    }
}
