//! The gateway's rules under which support sessions were created.

use app::domain::Timestamp;

use super::{Bookkeeping, Db, sql::queries};

queries! {
    Db {
        /// The text of a rule set.
        pub fn lookup_rule_set(hash: &str) -> optional String
            = "SELECT source FROM rule_sets WHERE hash = :hash";

        /// Rule sets first used before an instant under which no support session is kept and no node runs.
        pub fn list_unused_rule_sets(before: Timestamp) -> all String
            = "SELECT hash FROM rule_sets WHERE first_used_at < :before \
                AND NOT EXISTS (SELECT 1 FROM nodes WHERE rule_hash = rule_sets.hash) \
                AND NOT EXISTS (SELECT 1 FROM support_sessions WHERE rule_set = rule_sets.hash)";
    }
    Bookkeeping {
        /// Keeps a rule set, unless it is kept already.
        pub fn note_rule_set(hash: &str, source: &str, now: Timestamp)
            = "INSERT INTO rule_sets (hash, source, first_used_at) VALUES (:hash, :source, :now) ON CONFLICT (hash) DO NOTHING";

        /// Deletes a rule set, unless a node runs with it.
        pub fn prune_rule_set(hash: &str) -> count
            = "DELETE FROM rule_sets WHERE hash = :hash AND NOT EXISTS (SELECT 1 FROM nodes WHERE rule_hash = :hash)";
    }
}
