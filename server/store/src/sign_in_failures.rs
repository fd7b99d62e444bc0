//! Failed sign-ins per account and per address. The subject is a hash, so the rows identify no one.

use app::domain::Timestamp;

use super::{Bookkeeping, record::record, sql::queries};

queries! {
    Bookkeeping {
        /// The failed sign-ins of a subject, locked until this transaction ends. Lock several
        /// subjects in ascending order.
        pub fn lock_sign_in_failures(subject: &str) -> one SignInFailures
            // Changes nothing if there is a row, but on PostgreSQL locks it before it is read.
            = "INSERT INTO sign_in_failures (subject, failures, last_failure_at) VALUES (:subject, 0, 0) \
                ON CONFLICT (subject) DO UPDATE SET failures = sign_in_failures.failures RETURNING failures, last_failure_at";

        /// Saves how many sign-ins of a locked subject have failed.
        pub fn set_sign_in_failures(subject: &str, failures: SignInFailures)
            where (subject, failures = failures.failures, last_failure_at = failures.last_failure_at)
            = "UPDATE sign_in_failures SET failures = :failures, last_failure_at = :last_failure_at WHERE subject = :subject";

        /// Takes one failure back: the one at `at`, before which the latest was at `before`.
        pub fn forgive_sign_in_failure(subject: &str, at: Timestamp, before: Timestamp)
            // The instant goes back too, unless another failure has come since.
            = "UPDATE sign_in_failures SET failures = failures - 1, \
                last_failure_at = CASE WHEN last_failure_at = :at THEN :before ELSE last_failure_at END \
                WHERE subject = :subject AND failures > 0";

        /// Forgets every failure of a subject.
        pub fn forget_sign_in_failures(subject: &str)
            = "DELETE FROM sign_in_failures WHERE subject = :subject";

        /// Deletes up to 500 subjects whose latest failure is before an instant. Returns how many.
        pub fn prune_sign_in_failures(before: Timestamp) -> count
            = "DELETE FROM sign_in_failures WHERE subject IN \
                (SELECT subject FROM sign_in_failures WHERE last_failure_at < :before ORDER BY last_failure_at LIMIT 500)";
    }
}

/// Failed sign-ins of one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInFailures {
    /// How many, since they were last forgotten.
    pub failures: u64,
    /// The time of the latest failure.
    pub last_failure_at: Timestamp,
}

record! { SignInFailures { failures; last_failure_at } }
