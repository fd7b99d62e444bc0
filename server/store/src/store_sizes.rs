//! How large the store is, hour by hour.

use app::domain::{Timestamp, settings::SizeAt};

use super::{
    Bookkeeping, Db, StoreError,
    record::{record, select},
    sql::queries,
};

queries! {
    Db {
        /// The first known size at an instant or after.
        pub fn find_store_size_after(at: Timestamp) -> optional SizeAt
            = select!(SizeAt, "store_sizes WHERE at >= :at ORDER BY at LIMIT 1");
    }
    Bookkeeping {
        /// Keeps the latest size of an hour.
        pub fn keep_store_size(at: Timestamp, bytes: u64)
            = "INSERT INTO store_sizes (at, bytes) VALUES (:at, :bytes) \
                ON CONFLICT (at) DO UPDATE SET bytes = excluded.bytes";

        /// Returns how many hours it deleted.
        pub fn prune_store_sizes(before: Timestamp) -> count
            = "DELETE FROM store_sizes WHERE at < :before";
    }
}

record! { SizeAt { at; bytes } }

impl Db<'_> {
    /// The size of the store's data in bytes, without SQLite's write-ahead log.
    pub async fn store_size(&mut self) -> Result<u64, StoreError> {
        let sql = match self.is_postgres() {
            true => "SELECT pg_database_size(current_database())",
            false => "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        };
        self.query(sql).fetch_one().await
    }
}
