//! Keys of the REST interface.

use app::domain::{
    ApiKeyId, Timestamp,
    api_keys::{ApiKey, ApiKeyCounts, ApiKeyFilter, ApiKeyState, UNUSED_AFTER},
    page::Direction,
    token_hash::TokenHash,
};

use super::{
    Bookkeeping, Db, Sought, StoreError, Tx,
    listing::{Key, Listed, Listing, Wanted},
    record::{insert, record, select},
    searchable,
    sql::queries,
};

queries! {
    Db {
        pub fn lookup_api_key(id: ApiKeyId) -> optional ApiKey
            = select!(ApiKey, "api_keys WHERE id = :id");

        /// The key with this secret, or with this as its previous secret while that works. It may be
        /// revoked or have expired.
        pub fn find_api_key_by_token(token: TokenHash, now: Timestamp) -> optional ApiKey
            = select!(ApiKey, "api_keys WHERE token_hash = :token \
                OR (previous_token_hash = :token AND previous_until > :now)");

        /// The key that an earlier submit of the same form made.
        pub fn find_api_key_by_form(form: &str) -> optional ApiKey
            = select!(ApiKey, "api_keys WHERE created_form = :form");

        /// Whether an earlier submit of the same form replaced a key's secret.
        pub fn is_api_key_rotated_by(id: ApiKeyId, form: &str) -> exists
            = "SELECT COUNT(*) FROM api_keys WHERE id = :id AND rotated_form = :form";

        /// Every key, including revoked ones, oldest first.
        pub fn list_api_keys() -> all ApiKey = select!(ApiKey, "api_keys ORDER BY id");

        /// How many keys work, how many of these have not been used since an instant, how many have expired, and how many
        /// are revoked.
        fn count_api_keys_since(now: Timestamp, since: Timestamp) -> one (u64, u64, u64, u64)
            = "SELECT \
                CAST(COALESCE(SUM(CASE WHEN revoked_at IS NULL AND COALESCE(expires_at, :now + 1) > :now THEN 1 ELSE 0 END), 0) AS BIGINT) AS active, \
                CAST(COALESCE(SUM(CASE WHEN revoked_at IS NULL AND COALESCE(expires_at, :now + 1) > :now \
                    AND COALESCE(last_used_at, CASE WHEN uses_noted_since > created_at THEN uses_noted_since ELSE 0 END) <= :since THEN 1 ELSE 0 END), 0) AS BIGINT) AS unused, \
                CAST(COALESCE(SUM(CASE WHEN revoked_at IS NULL AND expires_at <= :now THEN 1 ELSE 0 END), 0) AS BIGINT) AS expired, \
                CAST(COALESCE(SUM(CASE WHEN revoked_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS revoked \
                FROM api_keys";
    }
    Bookkeeping {
        /// Notes that a key is in use. A use that was noted later stays.
        pub fn use_api_key(id: ApiKeyId, at: Timestamp, from: &str)
            = "UPDATE api_keys SET last_used_at = :at, last_used_from = :from \
                WHERE id = :id AND COALESCE(last_used_at, 0) < :at";
    }
    Tx {
        /// Adds a key with the hash of its secret.
        pub fn add_api_key(key: &ApiKey, token: TokenHash, form: Option<&str>)
            where (key, token, form, search = searchable(&key.name))
            = insert!("api_keys", ApiKey, "token_hash, created_form, search");

        /// Replaces a key's secret. Returns whether the key still worked and its secret was that of `rotated_at`.
        pub fn rotate_api_key(key: &ApiKey, token: TokenHash, form: Option<&str>, before: Option<Timestamp>, now: Timestamp) -> changed
            where (id = key.id, until = key.previous_until, expires = key.expires_at, token, form, before, now)
            = "UPDATE api_keys SET previous_token_hash = token_hash, previous_until = :until, token_hash = :token, \
                rotated_at = :now, expires_at = :expires, rotated_form = :form \
                WHERE id = :id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now) \
                AND COALESCE(rotated_at, 0) = COALESCE(:before, 0)";

        /// Revokes a key. Returns whether it was active.
        pub fn revoke_api_key(id: ApiKeyId, at: Timestamp) -> changed
            = "UPDATE api_keys SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL";
    }
}

record! { ApiKey {
    id; name; tenant_id; rights; created_at; created_by; expires_at; allowed_addresses; requests_per_minute;
    last_used_at; last_used_from; uses_noted_since; rotated_at; previous_until; revoked_at;
} }

impl Db<'_> {
    /// A page of keys, newest first.
    pub async fn page_of_api_keys(
        &mut self,
        filter: &ApiKeyFilter,
        now: Timestamp,
        wanted: impl Into<Wanted>,
    ) -> Result<Listed<ApiKey>, StoreError> {
        let mut listing = Listing::new("api_keys", &["id"], Direction::Descending);
        match filter.state {
            None => {}
            Some(ApiKeyState::Revoked) => listing.and("revoked_at IS NOT NULL"),
            Some(ApiKeyState::Expired) => {
                listing.and("revoked_at IS NULL");
                listing.and_bind("expires_at <= {}", now);
            }
            Some(ApiKeyState::Active) => {
                listing.and("revoked_at IS NULL");
                listing.and_bind("(expires_at IS NULL OR expires_at > {})", now);
            }
        }
        if filter.unused {
            let last_used = "COALESCE(last_used_at, CASE WHEN uses_noted_since > created_at THEN uses_noted_since ELSE 0 END) <= {}";
            listing.and_bind(last_used, now - UNUSED_AFTER);
        }
        if let Some(tenant) = &filter.tenant_id {
            listing.and_bind("tenant_id = {}", tenant);
        }
        if let Some(search) = &filter.search {
            let id = search.to_ascii_lowercase();
            listing.and_contains_or_equals("search", &Sought::new(search), "id", &id);
        }
        let keys = |key: &ApiKey| vec![Key::from(key.id)];
        listing.fetch(self, wanted, keys).await
    }

    /// How many keys are in which state.
    pub async fn count_api_keys(&mut self, now: Timestamp) -> Result<ApiKeyCounts, StoreError> {
        let counted = self.count_api_keys_since(now, now - UNUSED_AFTER).await?;
        let (active, unused, expired, revoked) = counted;
        Ok(ApiKeyCounts {
            active,
            unused,
            expired,
            revoked,
        })
    }
}
