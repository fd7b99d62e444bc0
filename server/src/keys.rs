//! Keys in files, never in the database and never in the environment.
//!
//! On SQLite they are made at the first start. With PostgreSQL several nodes may need the same
//! keys, so an operator makes them and copies them to each.

pub mod identity;

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use app::domain::saved_text::saved_text;
use ed25519_dalek::{SigningKey, VerifyingKey};
use gateway::{entropy::Entropy, identities::IdentityKeys};
use store::{Engine, hand_to_owner_of_folder};

use crate::cursor::CursorKey;

/// Length of a key in bytes.
const LENGTH: usize = 32;

/// The purpose of a key. Each has its own file, so that a leaked key serves only one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyName {
    /// Signs the positions of lists.
    Cursor,
    /// Signs the identities for the upstream.
    Identity,
}

impl KeyName {
    pub const ALL: [Self; 2] = [Self::Cursor, Self::Identity];

    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Cursor => "cursor.key",
            Self::Identity => "identity.key",
        }
    }
}

/// The keys of this node. Not `Debug`, because they are secret.
#[derive(Clone)]
pub struct Keys {
    /// Signs the positions of lists.
    pub cursor: CursorKey,
    /// Sign the identities for the upstream.
    pub identity: IdentityKeys,
}

/// A key that can't be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeyError {
    /// With PostgreSQL keys are not made.
    #[error(
        "the key file {path} is missing. With PostgreSQL every node needs the same keys: create it \
         once with `(umask 077; openssl rand -hex 32 > {path})` and copy it to the other nodes"
    )]
    Missing { path: PathBuf },
    #[error("the key file {path} can be read by others (mode {mode:04o}): run `chmod 600 {path}`")]
    TooOpen { path: PathBuf, mode: u32 },
    #[error(
        "the key file {path} must contain exactly 64 hexadecimal digits: restore it from the \
         backup, or delete it and create a new one"
    )]
    Malformed { path: PathBuf },
    #[error(
        "can't use the key file {path}: check that the folder exists and that this user owns it"
    )]
    File {
        path: PathBuf,
        #[source]
        source: Arc<std::io::Error>,
    },
}

impl Keys {
    /// Reads the keys in `data_dir`. Creates missing ones if `engine` allows it.
    ///
    /// # Errors
    ///
    /// If a key is missing, is too open, is malformed, or can't be read or written.
    pub fn open(data_dir: &Path, engine: Engine, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let open = |name: KeyName| {
            let path = data_dir.join(name.file_name());
            match read(&path)? {
                Some(key) => Ok(key),
                None if engine == Engine::Sqlite => make(&path, entropy),
                None => Err(KeyError::Missing { path }),
            }
        };
        let cursor = CursorKey::new(open(KeyName::Cursor)?);
        open(KeyName::Identity)?;
        Ok(Self {
            cursor,
            identity: identity::read_keys(data_dir)?,
        })
    }

    /// Whether the key exists and can be used. Creates nothing.
    ///
    /// # Errors
    ///
    /// As [`Keys::open`] with PostgreSQL.
    pub fn check(data_dir: &Path, name: KeyName) -> Result<(), KeyError> {
        let path = data_dir.join(name.file_name());
        match read(&path)? {
            Some(_) => Ok(()),
            None => Err(KeyError::Missing { path }),
        }
    }

    /// Keys for a program that gives out nothing signed with them.
    pub fn throwaway(entropy: &dyn Entropy) -> Self {
        Self {
            cursor: CursorKey::new(random(entropy)),
            identity: IdentityKeys::throwaway(entropy),
        }
    }
}

/// Signs the checkpoints that deleted audit events leave.
const CHECKPOINT: &str = "checkpoint.key";

/// The key that signs checkpoints. Only a store from which something is deleted needs it, so it is made
/// then, if `engine` allows it.
///
/// # Errors
///
/// As [`Keys::open`].
pub fn checkpoint_key(
    data_dir: &Path,
    engine: Engine,
    entropy: &dyn Entropy,
) -> Result<SigningKey, KeyError> {
    let path = data_dir.join(CHECKPOINT);
    let seed = match read(&path)? {
        Some(seed) => seed,
        None if engine == Engine::Sqlite => make(&path, entropy)?,
        None => return Err(KeyError::Missing { path }),
    };
    Ok(SigningKey::from_bytes(&seed))
}

/// The public half of the key that signs checkpoints, if there is one yet.
///
/// # Errors
///
/// If the file can't be used.
pub fn checkpoint_public_key(data_dir: &Path) -> Result<Option<VerifyingKey>, KeyError> {
    let seed = read(&data_dir.join(CHECKPOINT))?;
    Ok(seed.map(|seed| SigningKey::from_bytes(&seed).verifying_key()))
}

/// The files of all keys that may be in `data_dir`.
const FILES: [&str; 5] = [
    CHECKPOINT,
    "cursor.key",
    "identity.key",
    "identity-next.key",
    "identity-retired.key",
];

/// Copies the keys in one folder to another, where there may be some already. Those stay as they are.
/// Returns the names of the copied ones and of those that stayed.
///
/// # Errors
///
/// If a key can't be used or written.
pub fn copy_keys(
    from: &Path,
    to: &Path,
) -> Result<(Vec<&'static str>, Vec<&'static str>), KeyError> {
    let (mut copied, mut stayed) = (Vec::new(), Vec::new());
    for name in FILES {
        let (source, target) = (from.join(name), to.join(name));
        let Some(key) = read(&source)? else { continue };
        if read(&target)?.is_some() {
            stayed.push(name);
            continue;
        }
        write(&target, &key)
            .and_then(|()| {
                // Says since when an identity's key has been published.
                let since = std::fs::metadata(&source)?.modified()?;
                File::open(&target)?.set_modified(since)
            })
            .map_err(|error| file_error(&target, error))?;
        copied.push(name);
    }
    Ok((copied, stayed))
}

fn random(entropy: &dyn Entropy) -> [u8; LENGTH] {
    let mut key = [0; LENGTH];
    entropy.fill(&mut key);
    key
}

fn read(path: &Path) -> Result<Option<[u8; LENGTH]>, KeyError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file_error(path, error)),
    };
    // Checks the open file, not the path, so that the checked file is the one that is read.
    let metadata = file.metadata().map_err(|error| file_error(path, error))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o177 != 0 {
        let path = path.to_owned();
        return Err(KeyError::TooOpen { path, mode });
    }
    let mut text = Vec::new();
    let malformed = || KeyError::Malformed {
        path: path.to_owned(),
    };
    (&mut file)
        .take(1024)
        .read_to_end(&mut text)
        .map_err(|error| file_error(path, error))?;
    let text = saved_text(&text).map_err(|_| malformed())?;
    let mut key = [0; LENGTH];
    hex::decode_to_slice(text.trim(), &mut key).map_err(|_| malformed())?;
    Ok(Some(key))
}

/// Creates a key. Of two processes that start together, both get the key of the first.
fn make(path: &Path, entropy: &dyn Entropy) -> Result<[u8; LENGTH], KeyError> {
    let failed = |error| file_error(path, error);
    let key = random(entropy);
    let mut suffix = [0; 8];
    entropy.fill(&mut suffix);
    let draft = path.with_extension(format!("{}.tmp", hex::encode(suffix)));
    let written = write(&draft, &key).and_then(|()| match std::fs::hard_link(&draft, path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let _ = std::fs::remove_file(&draft);
    written.map_err(failed)?;
    read(path)?.ok_or_else(|| KeyError::Missing {
        path: path.to_owned(),
    })
}

fn write(path: &Path, key: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    hand_to_owner_of_folder(&file, path)?;
    writeln!(file, "{}", hex::encode(key))?;
    file.sync_all()
}

fn file_error(path: &Path, source: std::io::Error) -> KeyError {
    KeyError::File {
        path: path.to_owned(),
        source: Arc::new(source),
    }
}

#[cfg(test)]
mod tests {
    use gateway::entropy::SystemEntropy;
    use store::listing::Position;

    use super::*;

    fn sealed(keys: &Keys) -> String {
        keys.cursor.seal("tenants", &Position::Last)
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn keys_are_made_once_and_are_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Keys::open(folder.path(), Engine::Sqlite, &SystemEntropy).unwrap();
        let first = sealed(&open());
        assert_eq!(sealed(&open()), first);
        for name in KeyName::ALL {
            assert_eq!(mode(&folder.path().join(name.file_name())), 0o600);
        }
        let count = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(count, KeyName::ALL.len());
    }

    #[test]
    fn with_postgres_a_missing_key_is_not_made_but_explained() {
        let folder = tempfile::tempdir().unwrap();
        let error = Keys::open(folder.path(), Engine::Postgres, &SystemEntropy)
            .err()
            .unwrap();
        assert!(
            error.to_string().contains("openssl rand -hex 32"),
            "{error}"
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cursor.key");
        Keys::open(folder.path(), Engine::Sqlite, &SystemEntropy)
            .map(drop)
            .unwrap();
        for open in [0o640, 0o604, 0o620, 0o700] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(open)).unwrap();
            let error = Keys::open(folder.path(), Engine::Sqlite, &SystemEntropy)
                .err()
                .unwrap();
            assert!(matches!(error, KeyError::TooOpen { .. }), "{open:o}");
            assert!(error.to_string().contains("chmod 600"));
        }
    }

    #[test]
    fn a_key_is_read_however_it_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cursor.key");
        write(&path, &[7; 32]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let marked = format!("\u{FEFF}{}", text.replace('\n', "\r\n"));
        let wide: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for saved in [marked.into_bytes(), wide] {
            std::fs::write(&path, saved).unwrap();
            assert_eq!(read(&path).unwrap(), Some([7; 32]));
        }
    }

    #[test]
    fn copied_keys_are_ours_alone_and_replace_none() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [from, to] = folders.each_ref().map(tempfile::TempDir::path);
        write(&from.join("cursor.key"), &[1; 32]).unwrap();
        write(&from.join(CHECKPOINT), &[1; 32]).unwrap();
        write(&to.join("cursor.key"), &[2; 32]).unwrap();
        std::fs::write(from.join("store.epoch"), "1 2").unwrap();
        let (copied, stayed) = copy_keys(from, to).unwrap();
        assert_eq!((copied, stayed), (vec![CHECKPOINT], vec!["cursor.key"]));
        assert_eq!(read(&to.join(CHECKPOINT)).unwrap(), Some([1; 32]));
        assert_eq!(mode(&to.join(CHECKPOINT)), 0o600);
        assert_eq!(read(&to.join("cursor.key")).unwrap(), Some([2; 32]));
        assert_eq!(std::fs::read_dir(to).unwrap().count(), 2);
    }

    #[test]
    fn a_damaged_key_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cursor.key");
        write(&path, &[7; 31]).unwrap();
        let error = Keys::open(folder.path(), Engine::Sqlite, &SystemEntropy)
            .err()
            .unwrap();
        assert!(matches!(error, KeyError::Malformed { .. }));
        assert!(!error.to_string().contains("0707"));
        assert!(path.exists());
    }
}
