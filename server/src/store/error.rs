//! What can go wrong in the store.

use std::sync::Arc;

use app::domain::problem::{Problem, ProblemCode};

/// An error of the store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The engine does not answer, is locked, full or read-only, or refused a statement.
    #[error("the store can't be used")]
    Unavailable(#[source] Arc<sqlx::Error>),
    /// Another writer was first; the same act may succeed when tried again.
    #[error("another writer was first")]
    Contended,
    /// A uniqueness rule of the schema was met: the thing exists already.
    #[error("{constraint} exists already")]
    Exists {
        /// The rule, as the engine names it.
        constraint: String,
    },
    /// A stored value is not what the program can read.
    #[error("column {column} holds what this program can't read: {problem}")]
    Unreadable {
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The schema is from a newer version of the program.
    #[error(
        "the store's schema has version {found}, but this program knows versions up to {known}: \
         run the newer program, or restore the backup made before the upgrade"
    )]
    NewerSchema {
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// The schema is older than the program, and migrating on start is switched off.
    #[error("the store's schema is out of date: run `support-console migrate`")]
    OlderSchema,
    /// A migration failed, or was changed after it had been applied.
    #[error("the store can't be migrated")]
    Migration(#[source] Arc<sqlx::migrate::MigrateError>),
    /// Another process serves this SQLite file.
    #[error("{path} is in use by another `support-console serve`; stop it first")]
    InUse {
        /// The file.
        path: String,
    },
    /// The database URL is of no known form.
    #[error("the database URL must be sqlite:PATH or postgres://…")]
    UnknownEngine,
    /// The engine is set up so that what is committed may be lost.
    #[error("the store would not keep what is committed: {problem}")]
    NotDurable {
        /// The setting, and what is needed.
        problem: String,
    },
    /// An act ended in a panic: nothing of it is kept, and the writer goes on.
    #[error("an act on the store failed; nothing of it was kept")]
    Panicked,
    /// A file beside the store can't be used.
    #[error("{path} can't be used")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The writer has stopped, as it does at shutdown.
    #[error("the store is closed")]
    Closed,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(database) = &error {
            // PostgreSQL: serialization failure, deadlock. SQLite: SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT.
            if matches!(
                database.code().as_deref(),
                Some("40001" | "40P01" | "5" | "517")
            ) {
                return Self::Contended;
            }
            if database.is_unique_violation() {
                let constraint = database
                    .constraint()
                    .map_or_else(|| database.message().to_owned(), Into::into);
                return Self::Exists { constraint };
            }
        }
        Self::Unavailable(Arc::new(error))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let message = match &error {
            StoreError::Unreadable { .. } | StoreError::Panicked => {
                tracing::error!(error = %error, "a fault of this program or of the store's content");
                return Self::new(ProblemCode::Internal, "Something went wrong on our side.");
            }
            StoreError::Unavailable(source) => source.to_string(),
            other => other.to_string(),
        };
        tracing::error!(error = %message, "the store can't be used");
        Self::new(
            ProblemCode::Unavailable,
            "The data store does not answer; try again in a moment.",
        )
    }
}
