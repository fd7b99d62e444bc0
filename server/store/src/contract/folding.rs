//! Stored forms that another version of the program has made.

use app::domain::{audit::AuditFilter, tenants::TenantFilter};

use super::noon;
use crate::{
    Priority, Store, StoreOptions,
    audit::AuditReach,
    listing::PageAt,
    searchable,
    testing::{append, both, new_event},
};

async fn run(store: &Store, sql: String) {
    let write = store.write(Priority::Normal, sql, |sql, tx| {
        Box::pin(async move { tx.assembled(sql.clone()).execute().await })
    });
    write.await.expect("the statement runs");
}

async fn reopened(options: &StoreOptions) -> Store {
    let options = StoreOptions {
        serves: false,
        ..options.clone()
    };
    Store::open(&options).await.expect("the store opens again")
}

async fn texts(store: &Store, sql: &'static str) -> Vec<String> {
    let mut reader = store.read().await.unwrap();
    reader.db().query(sql).fetch_all().await.unwrap()
}

/// What earlier programs have stored.
const EARLIER: &[&str] = &[
    "UPDATE audit_deeds SET actor_search = 'i\u{307}pek yılmaz' WHERE actor_name = 'İpek Yılmaz'",
    // Not any version's form of this name.
    "UPDATE audit_deeds SET actor_search = 'forgéd' WHERE actor_name = 'Σίσυφος'",
    // What the second version has made.
    "UPDATE audit_deeds SET actor_search = 'nguyễn\nnguyen' WHERE actor_name = 'Nguyễn'",
    "UPDATE audit_deeds SET actor_search = 'seán o’brien\nsean o’brien' WHERE actor_name = 'Seán O’Brien'",
    "UPDATE audit_deeds SET actor_search = 'ana  o`neil' WHERE actor_name = 'Ana  O`Neil'",
    "INSERT INTO tenants (id, slug, name, status, created_at, sort_name, search, health_since, health_at) \
                VALUES ('t-1', 'straße', 'Straße AG', 'active', 0, 'straße ag', 'straße ag\nstrasse-ag\nt-1', 0, 0)",
    "INSERT INTO staff (id, email, name, roles, created_at, password_hash, must_change_password) \
                VALUES ('018f0000-0000-7000-8000-000000000001', 'ana@bücher.example', 'Ana', '', 0, 'x', 0)",
    // Any hash will do.
    "INSERT INTO api_keys (id, name, rights, token_hash, created_at) \
                SELECT '018f0000-0000-7000-8000-000000000002', 'Straße', 'read', checksum, 0 FROM _sqlx_migrations WHERE version = 1",
    "UPDATE folding SET version = 1",
];

#[tokio::test]
async fn what_an_older_program_has_folded_is_found_after_the_next_start() {
    for (engine, test) in both().await {
        for (number, name) in (0..).zip([
            "İpek Yılmaz",
            "Ana Silva",
            "Σίσυφος",
            "Nguyễn",
            "Seán O’Brien",
            "Ana  O`Neil",
        ]) {
            let mut event = new_event(Some("a"), number, noon());
            event.actor.name = name.into();
            append(&test.store, event).await.unwrap();
        }
        for sql in EARLIER {
            run(&test.store, (*sql).to_owned()).await;
        }

        let store = reopened(&test.options).await;

        let searched = texts(&store, "SELECT search FROM tenants").await;
        assert_eq!(searched, ["strasse ag\nstrasse\nt-1"], "{engine}");
        let emails = texts(&store, "SELECT email FROM staff").await;
        assert_eq!(emails, ["ana@xn--bcher-kva.example"], "{engine}");
        let keys = texts(&store, "SELECT search FROM api_keys").await;
        assert_eq!(keys, ["strasse"], "{engine}");
        let actors = texts(
            &store,
            "SELECT actor_search FROM audit_entries ORDER BY place",
        )
        .await;
        let sean = searchable("Seán O'Brien");
        let nguyen = searchable("Nguyễn");
        assert_eq!(
            actors,
            [
                "ipek yilmaz",
                "ana silva",
                "forgéd",
                &nguyen,
                &sean,
                "ana o'neil"
            ],
            "{engine}"
        );
        let mut reader = store.read().await.unwrap();
        let mut db = reader.db();
        for actor in ["ipek yilmaz", "nguyên", "sean o'brien", "ANA O’NEIL"] {
            let filter = AuditFilter {
                actor: Some(actor.into()),
                ..AuditFilter::default()
            };
            let found = db.list_audit_events(&AuditReach::All, &filter, PageAt::first(10));
            assert_eq!(found.await.unwrap().items.len(), 1, "{engine}: {actor}");
        }
        let filter = TenantFilter {
            search: Some("STRASSE".into()),
            ..TenantFilter::default()
        };
        let found = db.list_tenants(None, &filter, PageAt::first(10), noon());
        assert_eq!(found.await.unwrap().items.len(), 1, "{engine}");
    }
}
