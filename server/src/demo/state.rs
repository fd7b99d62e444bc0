//! The demo's own file beside the store, so that the demo can continue where it stopped.

use std::{
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use app::domain::{
    Timestamp,
    api_keys::{ApiRight, NewApiKey},
    caller::{Caller, Context, Origin},
    staff::{NewStaffMember, Role},
};
use gateway::entropy::{Entropy, SystemEntropy};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::DemoError;
use crate::{app_state::AppState, os_user::os_user, services::staff::GivenPassword};

pub(super) struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    /// The given folder, or a new temporary one. No one else may read it.
    pub(super) fn open(asked: Option<PathBuf>) -> Result<Self, DemoError> {
        let temporary = asked.is_none();
        let path = asked.unwrap_or_else(|| {
            std::env::temp_dir().join(format!("support-console-{}", random_letters(8)))
        });
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(|source| failed(&path, source))?;
        Ok(Self { path, temporary })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes a temporary folder.
    pub(super) fn leave(self) {
        if self.temporary
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(%error, path = %self.path.display(), "can't remove the demo's folder");
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) email: String,
    pub(super) name: String,
    pub(super) password: String,
    pub(super) role: Role,
}

/// The content of `demo.json`. Its secrets only open this demo.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct DemoState {
    pub(super) seed: u64,
    /// When it was first started, which the tenants' fates depend on.
    pub(super) first_started: Timestamp,
    /// Until when calls have been reported.
    pub(super) reported_until: Option<Timestamp>,
    pub(super) accounts: Vec<Account>,
    platform_key: Option<String>,
}

impl DemoState {
    /// The stored state, or a new one.
    pub(super) fn load_or_new(folder: &Path, seed: u64, now: Timestamp) -> Result<Self, DemoError> {
        let path = file(folder);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| DemoError::Unreadable { path }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self {
                seed,
                first_started: now,
                reported_until: None,
                accounts: vec![
                    account("mina.okafor", "Mina Okafor", Role::SuperAdmin),
                    account("jonas.lindqvist", "Jonas Lindqvist", Role::SupportAdmin),
                ],
                platform_key: None,
            }),
            Err(error) => Err(failed(&path, error)),
        }
    }

    /// The same state with all calls reported until `at`.
    pub(super) fn reported(&self, at: Timestamp) -> Self {
        let mut state = self.clone();
        state.reported_until = Some(at);
        state
    }

    /// Creates accounts and a key at the first start. Returns the key.
    pub(super) async fn people_and_key(
        &mut self,
        app: &AppState,
    ) -> Result<SecretString, DemoError> {
        if let Some(key) = &self.platform_key {
            return Ok(SecretString::from(key.clone()));
        }
        let context = Context {
            caller: Caller::Cli { user: os_user() },
            origin: Origin::default(),
        };
        for account in &self.accounts {
            let new = NewStaffMember {
                email: account.email.clone(),
                name: account.name.clone(),
                roles: vec![account.role],
            };
            let password = GivenPassword::Chosen {
                password: SecretString::from(account.password.clone()),
                must_change: false,
            };
            app.staff.add(&context, new, password).await?;
        }
        let key = NewApiKey {
            name: "Sample platform".to_owned(),
            tenant_id: None,
            rights: ApiRight::ALL.to_vec(),
            ..NewApiKey::default()
        };
        let made = app.api_keys.create(&context, key).await?;
        let key = made.token.expose().to_owned();
        self.platform_key = Some(key.clone());
        Ok(SecretString::from(key))
    }

    pub(super) fn keep(&self, folder: &Path) -> Result<(), DemoError> {
        let path = file(folder);
        let json = serde_json::to_vec_pretty(self).unwrap_or_default();
        write_private(&path, &json).map_err(|source| failed(&path, source))
    }
}

/// Writes a file that no one else may read, completely or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let draft = path.with_extension(format!("{}.tmp", random_letters(6)));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(bytes)?;
    std::fs::rename(draft, path)
}

fn file(folder: &Path) -> PathBuf {
    folder.join("demo.json")
}

fn failed(path: &Path, source: std::io::Error) -> DemoError {
    DemoError::File {
        path: path.to_owned(),
        source: Arc::new(source),
    }
}

fn account(email: &str, name: &str, role: Role) -> Account {
    let groups: Vec<String> = (0..4).map(|_| random_letters(5)).collect();
    Account {
        email: format!("{email}@demo.example"),
        name: name.to_owned(),
        password: groups.join("-"),
        role,
    }
}

/// Letters and digits that can't be confused.
fn random_letters(count: usize) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut random = vec![0; count];
    SystemEntropy.fill(&mut random);
    random
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use app::domain::staff::check_new_password;

    use super::*;

    #[test]
    fn saved_state_is_loaded_again_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let state = DemoState::load_or_new(folder.path(), 7, now).unwrap();
        let first = state.accounts[0].password.clone();
        check_new_password(&first, &state.accounts[0].email).unwrap();
        state.keep(folder.path()).unwrap();
        let mode = std::fs::metadata(file(folder.path()))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let later = now + chrono::TimeDelta::hours(1);
        let again = DemoState::load_or_new(folder.path(), 8, later).unwrap();
        assert_eq!((again.seed, again.first_started), (7, now));
        assert_eq!(again.accounts[0].password, first);
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(file(folder.path()), "{}").unwrap();
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let error = DemoState::load_or_new(folder.path(), 7, now).err().unwrap();
        assert!(matches!(error, DemoError::Unreadable { .. }));
    }
}
