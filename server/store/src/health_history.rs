//! How many tenants there were by health, hour by hour.

use app::domain::{
    Timestamp,
    tenants::{HealthAt, HealthCounts},
};

use super::{
    Bookkeeping, Db,
    record::{record, select},
    sql::queries,
};

queries! {
    Db {
        /// The hours from `first` on, oldest first.
        pub fn list_health_history(first: Timestamp) -> all HealthAt
            = select!(HealthAt, "health_history WHERE at >= :first ORDER BY at LIMIT 1000");
    }
    Bookkeeping {
        /// Keeps the latest counts of an hour. Two nodes may both count.
        pub fn keep_health_counts(at: Timestamp, counts: HealthCounts)
            where (at, total = counts.total, healthy = counts.healthy, warning = counts.warning,
                critical = counts.critical, unknown = counts.unknown)
            = "INSERT INTO health_history (at, total, healthy, warning, critical, unknown) \
                VALUES (:at, :total, :healthy, :warning, :critical, :unknown) \
                ON CONFLICT (at) DO UPDATE SET total = excluded.total, healthy = excluded.healthy, \
                warning = excluded.warning, critical = excluded.critical, unknown = excluded.unknown";

        /// Returns how many hours it deleted.
        pub fn prune_health_history(before: Timestamp) -> count
            = "DELETE FROM health_history WHERE at < :before";
    }
}

record! { HealthCounts { total; healthy; warning; critical; unknown } }
record! { HealthAt { at; counts: HealthCounts } }
