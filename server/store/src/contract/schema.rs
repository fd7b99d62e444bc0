//! Opening: versions of the schema, the one that serves, durability.

use secrecy::ExposeSecret;

use crate::{
    Engine, Priority, Statement, Store, StoreError, StoreOptions,
    testing::{both, sqlite},
};

/// Runs statements of a test.
async fn run(store: &Store, sql: &'static str) {
    let statement = Statement { name: "test", sql };
    let write = store.write(Priority::Normal, (), move |(), tx| {
        Box::pin(async move { tx.query(statement.sql).execute().await })
    });
    write.await.expect("the statement runs");
}

async fn reopen(options: &StoreOptions, migrate: bool) -> Result<Store, StoreError> {
    let options = StoreOptions {
        migrate,
        serves: false,
        ..options.clone()
    };
    Store::open(&options).await
}

#[tokio::test]
async fn a_newer_schema_is_refused_with_what_to_do() {
    for (engine, test) in both().await {
        run(
            &test.store,
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             SELECT 999999, 'later', success, checksum, 0 FROM _sqlx_migrations LIMIT 1",
        )
        .await;
        for migrate in [true, false] {
            let error = reopen(&test.options, migrate).await.err().expect("refused");
            let text = error.to_string();
            assert!(
                text.contains("999999") && text.contains("run the newer program"),
                "{engine}: {text}"
            );
        }
    }
}

#[tokio::test]
async fn an_older_schema_is_refused_where_migrating_is_switched_off() {
    for (engine, test) in both().await {
        run(&test.store, "DELETE FROM _sqlx_migrations").await;
        let error = reopen(&test.options, false).await.err().expect("refused");
        assert!(
            error.to_string().contains("support-console migrate"),
            "{engine}: {error}"
        );
    }
}

#[tokio::test]
async fn both_engines_write_migrations_down_alike_and_take_no_other_under_an_old_number() {
    for (engine, test) in both().await {
        let mut reader = test.store.read().await.unwrap();
        let mut db = reader.db();
        let applied = db.query(
            "SELECT version, description, checksum, execution_time FROM _sqlx_migrations ORDER BY version",
        );
        let applied: Vec<(i64, String, Vec<u8>, i64)> = applied.fetch_all().await.unwrap();
        let first = applied.first().expect("a migration");
        assert_eq!((first.0, first.1.as_str()), (1, "initial"), "{engine}");
        for (version, _, checksum, took) in &applied {
            // A SHA-384, and nanoseconds.
            assert_eq!(checksum.len(), 48, "{engine}: {version}");
            assert!(*took > 1_000, "{engine}: {version} took {took}");
        }
        for (change, problem) in [
            (
                "checksum = (SELECT checksum FROM _sqlx_migrations WHERE version = 1)",
                "modified",
            ),
            ("success = FALSE", "partially applied"),
        ] {
            let sql = format!("UPDATE _sqlx_migrations SET {change} WHERE version = 2");
            let write = test.store.write(Priority::Normal, sql, |sql, tx| {
                Box::pin(async move { tx.assembled(sql.clone()).execute().await })
            });
            assert_eq!(write.await.unwrap(), 1);
            let error = reopen(&test.options, true).await.err().expect("refused");
            let StoreError::Migration(error) = error else {
                panic!("{engine}: {error}");
            };
            assert!(error.to_string().contains(problem), "{engine}: {error}");
        }
    }
}

#[tokio::test]
async fn one_process_serves_an_sqlite_file_until_its_store_is_dropped() {
    let test = sqlite().await;
    test.store.follow_changes().await.unwrap();
    let second = Store::open(&test.options).await.err().expect("refused");
    assert!(matches!(second, StoreError::InUse { .. }), "{second}");
    assert!(
        reopen(&test.options, false).await.is_ok(),
        "the command line may go in"
    );
    let options = test.options.clone();
    let keep_folder = test.drop_store();
    assert!(Store::open(&options).await.is_ok());
    drop(keep_folder);
}

#[tokio::test]
async fn sqlite_flushes_every_commit() {
    let test = sqlite().await;
    let settings = test.store.write(Priority::Normal, (), |(), tx| {
        Box::pin(async move {
            let mode: String = tx.query("PRAGMA journal_mode").fetch_one().await?;
            let synchronous: i64 = tx.query("PRAGMA synchronous").fetch_one().await?;
            let keys: i64 = tx.query("PRAGMA foreign_keys").fetch_one().await?;
            Ok::<_, StoreError>((mode, synchronous, keys))
        })
    });
    assert_eq!(settings.await.unwrap(), ("wal".to_owned(), 2, 1));
    let mut reader = test.store.read().await.unwrap();
    let written = reader.db().query("DELETE FROM changes").execute().await;
    assert!(written.is_err(), "readers can't write");
}

#[tokio::test]
async fn a_postgres_that_may_lose_commits_is_refused() {
    let test = crate::testing::postgres().await;
    assert_eq!(test.store.engine(), Engine::Postgres);
    let url = test.options.url.expose_secret();
    let name = url.rsplit('/').next().expect("a database");
    let sql = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    let write = test.store.write(Priority::Normal, sql, move |sql, tx| {
        Box::pin(async move { tx.assembled(sql.clone()).execute().await })
    });
    write.await.unwrap();
    let error = reopen(&test.options, false).await.err().expect("refused");
    assert!(matches!(error, StoreError::NotDurable { .. }), "{error}");
}

/// `.cargo/config.toml` says how. That `fdatasync` is used can't be asked for, but it stands beside these.
#[tokio::test]
async fn sqlite_is_built_without_one_account_of_all_memory() {
    let test = sqlite().await;
    let mut reader = test.store.read().await.unwrap();
    let mut db = reader.db();
    let options: Vec<String> = db
        .query("PRAGMA compile_options")
        .fetch_all()
        .await
        .unwrap();
    assert!(
        options.contains(&"DEFAULT_MEMSTATUS=0".to_owned()),
        "{options:?}"
    );
    let memory = "ENABLE_MEMORY_MANAGEMENT".to_owned();
    assert!(!options.contains(&memory), "{options:?}");
}
