//! Hashing and checking passwords.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use app::domain::problem::{Problem, ProblemCode};
use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash,
};
use gateway::entropy::Entropy;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use super::ServiceError;

/// Memory of one hash, in KiB. With `PASSES` and `LANES` it is the first choice of OWASP's Password
/// Storage Cheat Sheet for argon2id.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How many hashes are computed at once. Each takes a processor and 19 MiB.
const AT_ONCE: usize = 2;
/// How many more may wait. Beyond that a flood of sign-ins would only make everyone wait longer.
const WAITING: usize = 64;
/// Stands in for the hash of an account that does not exist, with the same cost.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c3VwcG9ydC1jb25zb2xl$\
                     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and checks passwords with argon2id, off the threads that serve requests.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    entropy: Arc<dyn Entropy>,
    at_once: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    worked_out: AtomicU64,
}

impl Passwords {
    /// Salts come from `entropy`.
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self(Arc::new(Inner {
            entropy,
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            admitted: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            worked_out: AtomicU64::new(0),
        }))
    }

    /// The hash of a new password to store, as a PHC string.
    pub async fn hash(&self, password: &SecretString) -> Result<SecretString, ServiceError> {
        let mut salt = [0; 16];
        self.0.entropy.fill(&mut salt);
        let password = normalised(password);
        self.work_out(move || {
            hasher()
                .and_then(|argon2| {
                    let password = password.expose_secret().as_bytes();
                    argon2.hash_password_with_salt(password, &salt)
                })
                .map(|hash| SecretString::from(hash.to_string()))
                .map_err(|error| {
                    tracing::error!(error = %error, "can't hash a password");
                    Problem::new(ProblemCode::Internal, "Something went wrong.").into()
                })
        })
        .await?
    }

    /// Whether `password` matches `hash`. Without a hash it doesn't, but takes as long.
    pub async fn verify(
        &self,
        password: &SecretString,
        hash: Option<&SecretString>,
    ) -> Result<bool, ServiceError> {
        let exists = hash.is_some();
        let password = normalised(password);
        let hash = hash.cloned().unwrap_or_else(|| DUMMY.into());
        let matches = self
            .work_out(move || {
                let hash = PasswordHash::new(hash.expose_secret());
                let verified = hasher().and_then(|argon2| {
                    argon2.verify_password(password.expose_secret().as_bytes(), &hash?)
                });
                verified.is_ok()
            })
            .await?;
        Ok(exists && matches)
    }

    /// The number of hashes computed so far.
    pub fn worked_out(&self) -> u64 {
        self.0.worked_out.load(Ordering::Relaxed)
    }

    async fn work_out<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let Ok(_admitted) = self.0.admitted.try_acquire() else {
            return Err(busy());
        };
        let turn = Arc::clone(&self.0.at_once).acquire_owned().await;
        let turn = turn.map_err(|_| busy())?;
        self.0.worked_out.fetch_add(1, Ordering::Relaxed);
        // The slot belongs to the work, because the caller may give up while the processor is still
        // busy.
        let result = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        result.await.map_err(|error| {
            tracing::error!(error = %error, "hashing a password failed");
            busy()
        })
    }
}

fn hasher() -> argon2::password_hash::Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Keyboards spell the same letter in more than one way (NIST SP 800-63B-4 §3.1.1.2).
fn normalised(password: &SecretString) -> SecretString {
    password.expose_secret().nfkc().collect::<String>().into()
}

fn busy() -> ServiceError {
    let mut problem = Problem::new(
        ProblemCode::RateLimited,
        "Too many sign-ins at once. Try again in a few seconds.",
    );
    problem.retry_after_seconds = Some(5);
    problem.into()
}

#[cfg(test)]
mod tests {
    use gateway::entropy::SeededEntropy;

    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(Arc::new(SeededEntropy::new(1)))
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = passwords();
        let hash = passwords
            .hash(&"correct horse battery".into())
            .await
            .unwrap();
        assert!(
            hash.expose_secret()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
        );
        let verify = async |password: &str| {
            passwords
                .verify(&password.into(), Some(&hash))
                .await
                .unwrap()
        };
        assert!(verify("correct horse battery").await);
        assert!(!verify("correct horse batterY").await);
        assert!(!verify("").await);
    }

    #[tokio::test]
    async fn one_letter_typed_in_two_ways_is_one_password() {
        let passwords = passwords();
        let hash = passwords
            .hash(&"contrase\u{f1}a larga".into())
            .await
            .unwrap();
        let decomposed = "contrasen\u{303}a larga".into();
        assert!(passwords.verify(&decomposed, Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn an_unknown_account_costs_a_hash_too_and_never_matches() {
        let passwords = passwords();
        assert!(!passwords.verify(&"anything".into(), None).await.unwrap());
        assert_eq!(passwords.worked_out(), 1);
        let dummy = PasswordHash::new(DUMMY).unwrap();
        let ours = PasswordHash::new(
            passwords
                .hash(&"anything".into())
                .await
                .unwrap()
                .expose_secret(),
        )
        .map(|hash| (hash.algorithm, hash.version, hash.params.clone()))
        .unwrap();
        assert_eq!((dummy.algorithm, dummy.version, dummy.params), ours);
    }

    #[tokio::test]
    async fn a_flood_is_turned_away_instead_of_queueing_for_ever() {
        let passwords = passwords();
        let _all = passwords
            .0
            .admitted
            .try_acquire_many(u32::try_from(AT_ONCE + WAITING).unwrap())
            .unwrap();
        let error = passwords
            .verify(&"anything".into(), None)
            .await
            .unwrap_err();
        assert!(matches!(error, ServiceError::Refused(p) if p.code == ProblemCode::RateLimited));
        assert_eq!(passwords.worked_out(), 0);
    }
}
