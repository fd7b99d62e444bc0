//! The gateway's rules under which support sessions were created.

use app::domain::Timestamp;

use super::{Db, StoreError, Tx, sql::statements};

statements! {
    NOTE = "INSERT INTO rule_sets (hash, source, first_used_at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING";
    LOOKUP = "SELECT source FROM rule_sets WHERE hash = $1";
}

impl Db<'_> {
    /// The text of a rule set.
    pub async fn lookup_rule_set(&mut self, hash: &str) -> Result<Option<String>, StoreError> {
        self.query(LOOKUP).bind(hash).fetch_optional().await
    }
}

impl Tx<'_> {
    /// Keeps a rule set, unless it is kept already.
    pub async fn note_rule_set(
        &mut self,
        hash: &str,
        source: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.query(NOTE)
            .bind(hash)
            .bind(source)
            .bind(now)
            .done()
            .await
    }
}
