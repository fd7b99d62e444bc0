//! Errors of the store.

use std::sync::Arc;

use app::domain::{
    problem::{Problem, ProblemCode},
    record::OutageCause,
};

/// After how many seconds a caller may try again who was refused because no place was free.
const RETRY_AFTER: u64 = 5;

/// A driver's error about a statement or connection.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Postgres(#[from] sqlx::Error),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("no row was found")]
    NoRow,
}

/// Why a schema can't be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The applied migrations don't match the known ones, or PostgreSQL refused.
    #[error(transparent)]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("while executing migrations: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl EngineError {
    fn outage(&self) -> Option<OutageCause> {
        match self {
            Self::Postgres(sqlx::Error::Database(database)) => outage_of_code(&database.code()?),
            Self::Postgres(
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed,
            ) => Some(OutageCause::Unreachable),
            Self::Sqlite(error) => outage_of_code(&error.sqlite_error()?.extended_code.to_string()),
            Self::Postgres(_) | Self::NoRow => None,
        }
    }
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The engine does not answer, is locked, full or read-only, or refused a statement.
    #[error("can't use the data store")]
    Unavailable(#[source] Arc<EngineError>),
    /// The same act may succeed on retry.
    #[error("another writer was first")]
    Contended,
    #[error("{constraint} exists already")]
    Exists {
        /// The rule, as the engine names it.
        constraint: String,
    },
    #[error("column {column} has a value that this program can't read: {problem}")]
    Unreadable {
        column: &'static str,
        problem: String,
    },
    #[error(
        "the data store's schema has version {found}, but this program supports versions up to \
         {known}: run the newer program, or restore the backup made before the upgrade"
    )]
    NewerSchema { found: i64, known: i64 },
    /// The schema is older than the program, and migrating on start is switched off.
    #[error("the data store's schema is out of date: run `support-console migrate`")]
    OlderSchema,
    #[error("the store can't be migrated")]
    Migration(#[source] Arc<MigrationError>),
    #[error("{path} is in use by another `support-console serve`; stop it first")]
    InUse { path: String },
    #[error("{0} exists already: choose another name")]
    FileExists(String),
    #[error("{path} can't be used as a data store: {problem}")]
    NotABackup { path: String, problem: String },
    #[error("the data store is damaged ({0}): restore an earlier backup")]
    Damaged(String),
    #[error("{0}")]
    OnlySqlite(&'static str),
    #[error("database_url must be sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    UnknownEngine,
    #[error(
        "the database {at} (database_url) can't be reached: start it, or correct host, port, \
         user, password and name"
    )]
    Unreachable {
        /// User, host, port and name.
        at: String,
        #[source]
        source: Arc<sqlx::Error>,
    },
    #[error("commits would not be durable: {problem}")]
    NotDurable { problem: String },
    /// An act has changed something and carries no receipt of an audit event. It was rolled back.
    #[error("a change without an audit event was rolled back")]
    Unaudited,
    /// An act panicked. It was rolled back, and the writer continues.
    #[error("a store operation failed and was rolled back")]
    Panicked,
    #[error("can't start the data store's writer")]
    NoWriter(#[source] Arc<std::io::Error>),
    #[error("can't start the threads that read the data store")]
    NoThreads(#[source] Arc<std::io::Error>),
    #[error("can't use {path}: check that its folder exists and that this user owns it")]
    File {
        path: String,
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The act's time was up before its turn. Nothing was done.
    #[error("the data store takes too long to respond")]
    TooLate,
    /// No connection of this kind became free in time. Nothing was done.
    #[error("too many others use the data store in the same way")]
    Busy,
    /// A statement took too long and was stopped. Nothing was kept.
    #[error("a statement of the data store took too long")]
    TookTooLong,
    /// Too many acts of the gateway are already waiting. Nothing was done.
    #[error("too many requests are waiting for the data store")]
    Overloaded,
    /// A flush failed before. Nothing is written until a restart.
    #[error("the data store failed to save data; nothing is written until a restart")]
    Broken,
    /// The writer has stopped, as it does at shutdown.
    #[error("the data store is closed")]
    Closed,
}

impl StoreError {
    /// The outage, if it is the cause of this error, and not the act or another writer.
    pub fn outage(&self) -> Option<OutageCause> {
        match self {
            Self::TooLate | Self::Overloaded => Some(OutageCause::Slow),
            Self::Broken => Some(OutageCause::Broken),
            Self::Unavailable(error) => error.outage(),
            _ => None,
        }
    }

    /// Whether the configuration must be changed.
    pub const fn is_configuration(&self) -> bool {
        matches!(self, Self::UnknownEngine | Self::OnlySqlite(_))
    }

    /// Whether it is certain that nothing of the act was kept. Not if the connection was lost
    /// during a commit.
    pub const fn is_certain(&self) -> bool {
        !matches!(self, Self::Unavailable(_))
    }
}

/// Codes of SQLite are numbers of at most four digits, the primary code in the low byte
/// (<https://sqlite.org/rescode.html>). Those of PostgreSQL have five characters (SQLSTATE).
fn outage_of_code(code: &str) -> Option<OutageCause> {
    /// Out of memory while reading or writing: nothing has reached the disk.
    const IOERR_NOMEM: u32 = 3082;

    if code.len() == 5 {
        return match code {
            "25006" => Some(OutageCause::ReadOnly),
            "53100" => Some(OutageCause::Full),
            // No connection, no resources, shutting down, the operating system. A PostgreSQL whose
            // flush fails stops and recovers from its log, so none is final.
            _ if ["08", "53", "57", "58"].iter().any(|c| code.starts_with(c)) => {
                Some(OutageCause::Unreachable)
            }
            _ => None,
        };
    }
    match code.parse::<u32>().ok()? {
        IOERR_NOMEM => Some(OutageCause::Unreachable),
        extended => match extended & 0xff {
            5 | 6 => Some(OutageCause::Locked),
            8 => Some(OutageCause::ReadOnly),
            // A failed write or flush, or a damaged file. The operating system may have dropped
            // data it couldn't write, and a later successful flush says nothing about that.
            10 | 11 | 26 => Some(OutageCause::Broken),
            13 => Some(OutageCause::Full),
            7 | 14 => Some(OutageCause::Unreachable),
            _ => None,
        },
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(database) = &error {
            match database.code().as_deref() {
                // Serialization failure, deadlock.
                Some("40001" | "40P01") => return Self::Contended,
                // `statement_timeout`.
                Some("57014") => return Self::TookTooLong,
                _ => {}
            }
            if database.is_unique_violation() {
                let constraint = database
                    .constraint()
                    .map_or_else(|| database.message().to_owned(), Into::into);
                return Self::Exists { constraint };
            }
        }
        EngineError::from(error).into()
    }
}

impl From<EngineError> for StoreError {
    fn from(error: EngineError) -> Self {
        Self::Unavailable(Arc::new(error))
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        MigrationError::from(error).into()
    }
}

impl From<MigrationError> for StoreError {
    fn from(error: MigrationError) -> Self {
        Self::Migration(Arc::new(error))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        // SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT; SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE.
        match error.sqlite_error().map(|error| error.extended_code) {
            Some(5 | 517) => Self::Contended,
            // SQLITE_INTERRUPT.
            Some(9) => Self::TookTooLong,
            Some(1555 | 2067) => Self::Exists {
                constraint: error.to_string(),
            },
            _ => EngineError::from(error).into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let message = match &error {
            StoreError::Unreadable { .. } | StoreError::Panicked | StoreError::Unaudited => {
                tracing::error!(error = %error, "internal error in this program or in the stored data");
                return Self::new(ProblemCode::Internal, "Something went wrong.");
            }
            StoreError::Busy | StoreError::TookTooLong => {
                tracing::warn!(error = %error, "refused to keep a caller waiting");
                let mut problem = Self::new(
                    ProblemCode::Unavailable,
                    match error {
                        StoreError::Busy => "Too many others are asking. Try again in a moment.",
                        _ => "This takes too long. Narrow the filter, or try again later.",
                    },
                );
                problem.retry_after_seconds = Some(RETRY_AFTER);
                return problem;
            }
            StoreError::Unavailable(source) => source.to_string(),
            other => other.to_string(),
        };
        tracing::error!(error = %message, "can't use the data store");
        Self::new(
            ProblemCode::Unavailable,
            "The data store doesn't respond. Try again in a moment.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_engine_says_is_told_apart() {
        use OutageCause::{Broken, Full, Locked, ReadOnly, Unreachable};

        for (code, expected) in [
            // SQLITE_BUSY, READONLY, READONLY_DBMOVED, IOERR, IOERR_FSYNC, IOERR_WRITE, CORRUPT,
            // NOTADB, FULL, IOERR_NOMEM, CANTOPEN.
            ("5", Some(Locked)),
            ("8", Some(ReadOnly)),
            ("1032", Some(ReadOnly)),
            ("10", Some(Broken)),
            ("1034", Some(Broken)),
            ("778", Some(Broken)),
            ("11", Some(Broken)),
            ("26", Some(Broken)),
            ("13", Some(Full)),
            ("3082", Some(Unreachable)),
            ("14", Some(Unreachable)),
            // SQLITE_ERROR, SQLITE_CONSTRAINT_NOTNULL.
            ("1", None),
            ("1299", None),
            // Disk full, read only, shutdown, crash, too many connections, I/O error.
            ("53100", Some(Full)),
            ("25006", Some(ReadOnly)),
            ("57P01", Some(Unreachable)),
            ("57P02", Some(Unreachable)),
            ("53300", Some(Unreachable)),
            ("58030", Some(Unreachable)),
            // NUL in a text, a statement after a failed one, a broken uniqueness rule.
            ("22021", None),
            ("25P02", None),
            ("23505", None),
        ] {
            assert_eq!(outage_of_code(code), expected, "{code}");
        }
    }
}
