//! Migrations of SQLite, recorded in the same table as `sqlx` keeps on PostgreSQL. Earlier versions of the
//! program migrated SQLite by `sqlx`, so both can read what the other has recorded.

use std::time::Instant;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};
use sqlx::migrate::{AppliedMigration, MigrateError, Migration, Migrator};

use super::WritingConnection;
use crate::error::MigrationError;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
)";
const FAILED: &str = "SELECT version FROM _sqlx_migrations WHERE NOT success ORDER BY version";
const APPLIED: &str = "SELECT version, checksum FROM _sqlx_migrations ORDER BY version";
const COUNT: &str = "SELECT COUNT(*) FROM _sqlx_migrations WHERE version = ?1";
const ADD: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
    VALUES (?1, ?2, TRUE, ?3, -1)";
const TOOK: &str = "UPDATE _sqlx_migrations SET execution_time = ?1 WHERE version = ?2";

impl WritingConnection {
    /// The migrations that have been applied, in order.
    pub(crate) fn applied(&self) -> Result<Vec<AppliedMigration>, MigrationError> {
        self.connection.execute_batch(TABLE)?;
        let mut statement = self.connection.prepare(APPLIED)?;
        let applied = statement.query_map([], |row| {
            Ok(AppliedMigration {
                version: row.get(0)?,
                checksum: row.get::<_, Vec<u8>>(1)?.into(),
            })
        })?;
        Ok(applied.collect::<Result<_, _>>()?)
    }

    /// Applies the missing migrations, and checks that the applied ones have not changed.
    pub(crate) fn migrate(&mut self, migrator: &Migrator) -> Result<(), MigrationError> {
        let applied = self.applied()?;
        let failed = self.connection.query_row(FAILED, [], |row| row.get(0));
        if let Some(version) = failed.optional()? {
            return Err(MigrateError::Dirty(version).into());
        }
        for AppliedMigration { version, checksum } in &applied {
            let known = migrator.iter().find(|known| known.version == *version);
            match known.map(|known| known.checksum == *checksum) {
                None => return Err(MigrateError::VersionMissing(*version).into()),
                Some(false) => return Err(MigrateError::VersionMismatch(*version).into()),
                Some(true) => {}
            }
        }
        let known =
            |migration: &&Migration| !applied.iter().any(|a| a.version == migration.version);
        // What a migration sorts may be larger than memory.
        self.connection.execute_batch("PRAGMA temp_store = FILE")?;
        let mut missing = migrator.iter().filter(known);
        missing.try_for_each(|migration| apply(&mut self.connection, migration))?;
        Ok(self
            .connection
            .execute_batch("PRAGMA temp_store = MEMORY")?)
    }
}

/// Applies a migration, unless another process has applied it meanwhile.
fn apply(connection: &mut Connection, migration: &Migration) -> Result<(), MigrationError> {
    let version = migration.version;
    let started = Instant::now();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let applied: i64 = transaction.query_row(COUNT, [version], |row| row.get(0))?;
    if applied > 0 {
        return Ok(());
    }
    transaction.execute_batch(migration.sql.as_str())?;
    transaction.execute(
        ADD,
        (version, &*migration.description, &*migration.checksum),
    )?;
    transaction.commit()?;
    let took = i64::try_from(started.elapsed().as_nanos()).unwrap_or(i64::MAX);
    connection.execute(TOOK, (took, version))?;
    Ok(())
}
