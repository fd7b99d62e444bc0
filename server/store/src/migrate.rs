//! The schema and its versions.

use sqlx::migrate::{AppliedMigration, Migrate as _, Migrator};

use super::{Lane, StoreError, pools::Pools};

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

/// Migrates the schema, or checks that it is up to date.
pub(super) async fn prepare(pools: &Pools, migrate: bool) -> Result<(), StoreError> {
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
        run(pools, &SQLITE, &POSTGRES).await?;
    }
    Ok(())
}

/// Migrates an empty store to a given version of the schema.
#[cfg(test)]
pub(super) async fn run_up_to(pools: &Pools, version: i64) -> Result<(), StoreError> {
    let up_to = |all: &Migrator| Migrator {
        migrations: all
            .iter()
            .filter(|one| one.version <= version)
            .cloned()
            .collect(),
        ..Migrator::DEFAULT
    };
    run(pools, &up_to(&SQLITE), &up_to(&POSTGRES)).await
}

async fn run(pools: &Pools, sqlite: &Migrator, postgres: &Migrator) -> Result<(), StoreError> {
    match pools {
        Pools::Sqlite { writer, .. } => {
            let mut connection = writer.take()?;
            connection.migrate(sqlite)?;
            writer.give_back(connection);
        }
        Pools::Postgres { pools } => {
            let mut connection = pools.take(Lane::Shell).await?;
            postgres.run_direct(None, &mut *connection, false).await?;
        }
    }
    Ok(())
}

/// The schema's version.
pub(super) async fn version(pools: &Pools) -> Result<SchemaVersion, StoreError> {
    let (migrator, applied) = applied(pools).await?;
    let found = applied.iter().map(|migration| migration.version).max();
    let known = migrator.iter().map(|migration| migration.version).max();
    Ok(SchemaVersion {
        found: found.unwrap_or(0),
        known: known.unwrap_or(0),
    })
}

async fn applied(pools: &Pools) -> Result<(&'static Migrator, Vec<AppliedMigration>), StoreError> {
    Ok(match pools {
        Pools::Sqlite { writer, .. } => {
            let connection = writer.take()?;
            let applied = connection.applied()?;
            writer.give_back(connection);
            (&SQLITE, applied)
        }
        Pools::Postgres { pools } => {
            let mut connection = pools.take(Lane::Shell).await?;
            connection
                .ensure_migrations_table(&POSTGRES.table_name)
                .await?;
            let applied = connection.list_applied_migrations(&POSTGRES.table_name);
            (&POSTGRES, applied.await?)
        }
    })
}
