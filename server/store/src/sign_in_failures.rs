//! Failed sign-ins per account and per address. The subject is a hash, so the rows identify no one.

use app::domain::Timestamp;

use super::{StoreError, Tx, record::record, sql::statements};

statements! {
    // Changes nothing where there is a row, but on PostgreSQL takes its lock before it is read.
    LOCK = "INSERT INTO sign_in_failures (subject, failures, last_failure_at) VALUES ($1, 0, 0) \
        ON CONFLICT (subject) DO UPDATE SET failures = sign_in_failures.failures RETURNING failures, last_failure_at";
    SET = "UPDATE sign_in_failures SET failures = $2, last_failure_at = $3 WHERE subject = $1";
    // The instant goes back too, unless another failure has come since.
    FORGIVE_ONE = "UPDATE sign_in_failures SET failures = failures - 1, \
        last_failure_at = CASE WHEN last_failure_at = $2 THEN $3 ELSE last_failure_at END \
        WHERE subject = $1 AND failures > 0";
    FORGET = "DELETE FROM sign_in_failures WHERE subject = $1";
    PRUNE = "DELETE FROM sign_in_failures WHERE last_failure_at < $1";
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

impl Tx<'_> {
    /// The failed sign-ins of a subject, with no one else counting before this transaction ends.
    /// Who locks several subjects does so in ascending order.
    pub async fn lock_sign_in_failures(
        &mut self,
        subject: &str,
    ) -> Result<SignInFailures, StoreError> {
        self.query(LOCK).bind(subject).fetch_one().await
    }

    /// Keeps how many sign-ins of a locked subject have failed.
    pub async fn set_sign_in_failures(
        &mut self,
        subject: &str,
        failures: SignInFailures,
    ) -> Result<(), StoreError> {
        self.query(SET)
            .bind(subject)
            .bind(failures.failures)
            .bind(failures.last_failure_at)
            .done()
            .await
    }

    /// Takes one failure back: the one at `at`, before which the latest was at `before`.
    pub async fn forgive_sign_in_failure(
        &mut self,
        subject: &str,
        at: Timestamp,
        before: Timestamp,
    ) -> Result<(), StoreError> {
        self.query(FORGIVE_ONE)
            .bind(subject)
            .bind(at)
            .bind(before)
            .done()
            .await
    }

    /// Forgets every failure of a subject.
    pub async fn forget_sign_in_failures(&mut self, subject: &str) -> Result<(), StoreError> {
        self.query(FORGET).bind(subject).done().await
    }

    /// Deletes subjects whose latest failure is before an instant. Returns how many.
    pub async fn prune_sign_in_failures(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.query(PRUNE).bind(before).execute().await
    }
}
