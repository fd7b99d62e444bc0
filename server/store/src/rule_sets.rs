//! The gateway's rules under which support sessions were created.

use app::domain::Timestamp;

use super::{Bookkeeping, Db, sql::queries};

queries! {
    Db {
        /// The text of a rule set.
        pub fn lookup_rule_set(hash: &str) -> optional String
            = "SELECT source FROM rule_sets WHERE hash = :hash";
    }
    Bookkeeping {
        /// Keeps a rule set, unless it is kept already.
        pub fn note_rule_set(hash: &str, source: &str, now: Timestamp)
            = "INSERT INTO rule_sets (hash, source, first_used_at) VALUES (:hash, :source, :now) ON CONFLICT (hash) DO NOTHING";
    }
}
