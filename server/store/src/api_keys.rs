//! Keys of the REST interface.

use app::domain::{ApiKeyId, Timestamp, api_keys::ApiKey, token_hash::TokenHash};

use super::{
    Db, Tx,
    record::{insert, record, select},
    sql::queries,
};

queries! {
    Db {
        pub fn lookup_api_key(id: ApiKeyId) -> optional ApiKey
            = select!(ApiKey, "api_keys WHERE id = :id");

        /// The key with this secret, revoked or not.
        pub fn find_api_key_by_token(token: TokenHash) -> optional ApiKey
            = select!(ApiKey, "api_keys WHERE token_hash = :token");

        /// Every key, including revoked ones, oldest first.
        pub fn list_api_keys() -> all ApiKey = select!(ApiKey, "api_keys ORDER BY id");
    }
    Tx {
        /// Adds a key with the hash of its secret.
        pub fn add_api_key(key: &ApiKey, token: TokenHash)
            = insert!("api_keys", ApiKey, "token_hash");

        /// Revokes a key. Returns whether it was active.
        pub fn revoke_api_key(id: ApiKeyId, at: Timestamp) -> changed
            = "UPDATE api_keys SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL";
    }
}

record! { ApiKey { id; name; tenant_id; rights; created_at; revoked_at } }
