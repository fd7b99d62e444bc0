//! Filters that people keep under a name.

use app::domain::{
    SavedViewId, StaffId, Timestamp,
    saved_views::{FilteredList, SavedView},
};

use super::{
    Bookkeeping, Db,
    record::{record, select},
    sql::queries,
};

queries! {
    Db {
        /// A person's views of a list, by name.
        pub fn list_saved_views(staff: StaffId, list: FilteredList) -> all SavedView
            = select!(SavedView, "saved_views WHERE staff_id = :staff AND list = :list ORDER BY name, id LIMIT 100");

        pub fn count_saved_views(staff: StaffId, list: FilteredList) -> one u64
            = "SELECT COUNT(*) FROM saved_views WHERE staff_id = :staff AND list = :list";
    }
    Bookkeeping {
        /// Keeps a view, or another filter under a name that there is.
        pub fn add_saved_view(staff: StaffId, id: SavedViewId, list: FilteredList, name: &str, address: &str, now: Timestamp)
            = "INSERT INTO saved_views (id, staff_id, list, name, address, created_at) \
                VALUES (:id, :staff, :list, :name, :address, :now) \
                ON CONFLICT (staff_id, list, name) DO UPDATE SET address = excluded.address";

        /// Gives a view another name, unless it isn't this person's, or another has that name.
        pub fn rename_saved_view(staff: StaffId, id: SavedViewId, name: &str) -> changed
            = "UPDATE saved_views SET name = :name WHERE id = :id AND staff_id = :staff AND NOT EXISTS \
                (SELECT 1 FROM saved_views o WHERE o.staff_id = :staff AND o.list = saved_views.list AND o.name = :name \
                AND o.id <> :id)";

        /// Returns whether there was one.
        pub fn delete_saved_view(staff: StaffId, id: SavedViewId) -> changed
            = "DELETE FROM saved_views WHERE id = :id AND staff_id = :staff";
    }
}

record! { SavedView { id; list; name; address } }
