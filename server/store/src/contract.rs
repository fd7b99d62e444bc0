//! What both engines must do alike: one suite, run on each.

mod appending;
mod audit_times;
mod changing;
mod feeding;
mod folding;
mod lanes;
mod listing;
mod migrating;
mod order;
mod parts;
mod plans;
mod planting;
mod reading;
mod schema;
mod statements;
mod tampering;
mod writing;

use app::domain::Timestamp;
use futures::future::BoxFuture;

use super::{Bookkeeping, ChangeKind, Store, StoreError, StoreOptions};

/// An instant that tests share.
fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("an instant")
}

/// Another process on the same database.
async fn another(options: &StoreOptions) -> Store {
    let options = StoreOptions {
        serves: false,
        migrate: false,
        ..options.clone()
    };
    Store::open(&options).await.expect("a second store opens")
}

/// Leaves `subject` in the log of changes: the smallest write there is.
fn note<'t>(tx: &'t mut Bookkeeping<'_>, subject: String) -> BoxFuture<'t, Result<(), StoreError>> {
    Box::pin(async move { tx.change(ChangeKind::Tenant, &subject, noon()).await })
}

/// The subjects in the log of changes, sorted.
async fn noted(store: &Store) -> Vec<String> {
    let mut reader = store.read().await.expect("a reader");
    let mut db = reader.db();
    let query = db.query("SELECT subject FROM changes ORDER BY subject");
    query.fetch_all().await.expect("the log of changes")
}
