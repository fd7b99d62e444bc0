//! Keys of the REST interface.

use app::domain::{ApiKeyId, TenantId, Timestamp, api_keys::ApiKey};

use super::{Db, FromRow, Row, StoreError, Tx, sql::statements, staff::words};
use app::domain::token_hash::TokenHash;

statements! {
    LOOKUP = "SELECT * FROM api_keys WHERE id = $1";
    FIND_BY_TOKEN = "SELECT * FROM api_keys WHERE token_hash = $1";
    LIST = "SELECT * FROM api_keys ORDER BY id";
    COUNT_TENANT = "SELECT COUNT(*) FROM tenants WHERE id = $1";
    ADD = "INSERT INTO api_keys (id, name, tenant_id, rights, token_hash, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    REVOKE = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
}

impl FromRow for ApiKey {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.parsed("id")?,
            name: row.text("name")?,
            tenant_id: row.opt_parsed("tenant_id")?,
            rights: row.words("rights")?,
            created_at: row.at("created_at")?,
            revoked_at: row.opt_at("revoked_at")?,
        })
    }
}

impl Db<'_> {
    pub async fn lookup_api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.query(LOOKUP).bind(id).fetch_optional().await
    }

    /// The key that a secret belongs to, revoked or not.
    pub async fn find_api_key_by_token(
        &mut self,
        token: TokenHash,
    ) -> Result<Option<ApiKey>, StoreError> {
        self.query(FIND_BY_TOKEN)
            .bind(*token.as_bytes())
            .fetch_optional()
            .await
    }

    /// Every key, oldest first, revoked ones included.
    pub async fn list_api_keys(&mut self) -> Result<Vec<ApiKey>, StoreError> {
        self.query(LIST).fetch_all().await
    }

    /// Whether a key could be made for this tenant: whether it is registered.
    pub async fn is_tenant_registered(&mut self, id: &TenantId) -> Result<bool, StoreError> {
        let count: u64 = self.query(COUNT_TENANT).bind(id).fetch_one().await?;
        Ok(count > 0)
    }
}

impl Tx<'_> {
    /// Adds a key, and what its secret hashes to.
    pub async fn add_api_key(&mut self, key: &ApiKey, token: TokenHash) -> Result<(), StoreError> {
        self.query(ADD)
            .bind(key.id)
            .bind(&key.name)
            .bind(key.tenant_id.as_ref())
            .bind(words(&key.rights))
            .bind(*token.as_bytes())
            .bind(key.created_at)
            .execute()
            .await?;
        Ok(())
    }

    /// Revokes a key. Returns whether it was active.
    pub async fn revoke_api_key(
        &mut self,
        id: ApiKeyId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.query(REVOKE).bind(id).bind(at).execute().await? == 1)
    }
}
