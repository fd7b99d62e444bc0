//! The schema and its versions.

use std::sync::Arc;

use sqlx::migrate::{Migrate, MigrateError, Migrator};

use super::{Store, StoreError, connection::Tx, engine::Pools, transaction::WriterConnection};

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");

/// The version of a store's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaVersion {
    /// The version found; 0 for an empty store.
    pub found: i64,
    /// The newest version that this program knows.
    pub known: i64,
}

/// Brings the schema up to date, or checks that it is.
pub(super) async fn prepare(pools: &Pools, migrate: bool) -> Result<(), StoreError> {
    let migrator = migrator(pools);
    let version = version(pools).await?;
    if version.found > version.known {
        return Err(StoreError::NewerSchema {
            found: version.found,
            known: version.known,
        });
    }
    if !migrate && version.found < version.known {
        return Err(StoreError::OlderSchema);
    }
    if migrate {
        match pools.acquire_writer().await? {
            WriterConnection::Sqlite(mut connection) => {
                migrator.run_direct(None, &mut connection, false).await
            }
            WriterConnection::Postgres(mut connection) => {
                migrator.run_direct(None, &mut *connection, false).await
            }
        }
        .map_err(migration_failed)?;
    }
    Ok(())
}

fn migrator(pools: &Pools) -> &'static Migrator {
    match pools {
        Pools::Sqlite { .. } => &SQLITE,
        Pools::Postgres { .. } => &POSTGRES,
    }
}

async fn version(pools: &Pools) -> Result<SchemaVersion, StoreError> {
    let migrator = migrator(pools);
    let table = &migrator.table_name;
    let applied = match pools.acquire_writer().await? {
        WriterConnection::Sqlite(mut connection) => {
            connection
                .ensure_migrations_table(table)
                .await
                .map_err(migration_failed)?;
            connection
                .list_applied_migrations(table)
                .await
                .map_err(migration_failed)?
        }
        WriterConnection::Postgres(mut connection) => {
            connection
                .ensure_migrations_table(table)
                .await
                .map_err(migration_failed)?;
            connection
                .list_applied_migrations(table)
                .await
                .map_err(migration_failed)?
        }
    };
    let found = applied
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0);
    let known = migrator
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0);
    Ok(SchemaVersion { found, known })
}

fn migration_failed(error: MigrateError) -> StoreError {
    StoreError::Migration(Arc::new(error))
}

impl Store {
    /// The version of the schema.
    pub async fn schema_version(&self) -> Result<SchemaVersion, StoreError> {
        version(self.pools()).await
    }
}

impl Tx<'_> {
    /// Makes the numbers of changes visible in order: on PostgreSQL, transactions may commit in
    /// another order than they were numbered, so those that announce a change wait for each other.
    /// There the commit also wakes every node.
    pub(super) async fn number_changes(&mut self) -> Result<(), StoreError> {
        if self.is_postgres() {
            self.query(
                "SELECT 1::BIGINT FROM (SELECT pg_advisory_xact_lock(7216309401), \
                 pg_notify('support_console_changes', '')) AS locked",
            )
            .execute()
            .await?;
        }
        Ok(())
    }
}
