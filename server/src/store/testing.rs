//! Empty stores of both engines for tests.

use std::sync::atomic::{AtomicU32, Ordering};

use secrecy::SecretString;

use super::{Store, StoreOptions};

/// An empty store that goes with the test.
pub(crate) struct TestStore {
    /// The store.
    pub(crate) store: Store,
    /// How it was opened, for opening it once more.
    pub(crate) options: StoreOptions,
    // Removed with the test.
    folder: tempfile::TempDir,
}

impl TestStore {
    /// Drops the store and keeps its folder.
    pub(crate) fn drop_store(self) -> tempfile::TempDir {
        self.folder
    }
}

/// Empty stores of both engines, each with its name. PostgreSQL is mandatory: a test that leaves
/// one engine out proves nothing about it.
pub(crate) async fn both() -> Vec<(&'static str, TestStore)> {
    vec![("sqlite", sqlite().await), ("postgres", postgres().await)]
}

/// An empty SQLite store.
pub(crate) async fn sqlite() -> TestStore {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("store.db");
    open(format!("sqlite:{}", path.display()), folder).await
}

/// An empty PostgreSQL store: a database of its own.
pub(crate) async fn postgres() -> TestStore {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("SUPPORT_CONSOLE_TEST_POSTGRES_URL").expect(
        "SUPPORT_CONSOLE_TEST_POSTGRES_URL names a throwaway PostgreSQL; `make test` starts one",
    );
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{}_{number}", std::process::id());
    let admin = sqlx::PgPool::connect(&server)
        .await
        .expect("the throwaway PostgreSQL answers");
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&admin)
        .await
        .expect("a database of its own");
    admin.close().await;
    let mut url = url::Url::parse(&server).expect("a URL");
    url.set_path(&name);
    open(
        url.to_string(),
        tempfile::tempdir().expect("a temporary folder"),
    )
    .await
}

async fn open(url: String, folder: tempfile::TempDir) -> TestStore {
    let options = StoreOptions {
        url: SecretString::from(url),
        migrate: true,
        serves: true,
    };
    let store = Store::open(&options).await.expect("an empty store opens");
    TestStore {
        store,
        options,
        folder,
    }
}
