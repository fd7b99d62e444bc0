//! Keys of the REST interface.

use app::domain::{ApiKeyId, Timestamp, api_keys::ApiKey, token_hash::TokenHash};

use super::{
    Db, StoreError, Tx,
    record::{insert, record, select},
    sql::statements,
};

statements! {
    LOOKUP = select!(ApiKey, "api_keys WHERE id = $1");
    FIND_BY_TOKEN = select!(ApiKey, "api_keys WHERE token_hash = $1");
    LIST = select!(ApiKey, "api_keys ORDER BY id");
    ADD = insert!("api_keys", ApiKey, "token_hash");
    REVOKE = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
}

record! { ApiKey { id; name; tenant_id; rights; created_at; revoked_at } }

impl Db<'_> {
    pub async fn lookup_api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.query(LOOKUP).bind(id).fetch_optional().await
    }

    /// The key that a secret belongs to, revoked or not.
    pub async fn find_api_key_by_token(
        &mut self,
        token: TokenHash,
    ) -> Result<Option<ApiKey>, StoreError> {
        self.query(FIND_BY_TOKEN).bind(token).fetch_optional().await
    }

    /// Every key, oldest first, revoked ones included.
    pub async fn list_api_keys(&mut self) -> Result<Vec<ApiKey>, StoreError> {
        self.query(LIST).fetch_all().await
    }
}

impl Tx<'_> {
    /// Adds a key, and what its secret hashes to.
    pub async fn add_api_key(&mut self, key: &ApiKey, token: TokenHash) -> Result<(), StoreError> {
        self.query(ADD).bind_all(key).bind(token).done().await
    }

    /// Revokes a key. Returns whether it was active.
    pub async fn revoke_api_key(
        &mut self,
        id: ApiKeyId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.query(REVOKE).bind(id).bind(at).changes_one().await
    }
}
