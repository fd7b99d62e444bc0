//! The keys that sign identities for the upstream. One follows the other without an outage:
//! `identity-next.key` is published but doesn't sign yet, `identity.key` signs, and
//! `identity-retired.key` signed before and stays published until its last identity has expired.

use std::{
    fs::File,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    time::SystemTime,
};

use app::{domain::Timestamp, identity::PublicKey};
use chrono::TimeDelta;
use ed25519_dalek::SigningKey;
use gateway::{entropy::Entropy, identities::IdentityKeys};

use super::{KeyError, KeyName, file_error, random, read, write};

/// How long a key is published before it signs: twice the time for which the key set may be cached.
pub const PUBLISHED_FIRST: TimeDelta = TimeDelta::minutes(10);
/// How long a key stays published after it stops signing: until its last identity has expired
/// everywhere, even if clocks differ.
pub const PUBLISHED_AFTER: TimeDelta = TimeDelta::minutes(1);

/// The stage of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Published, signs nothing yet.
    Next,
    Current,
    /// Signs nothing any more, but is still published.
    Retired,
}

impl Stage {
    /// In the order in which they are read. A key that moves to the next stage meanwhile is read
    /// twice, but never missed.
    pub const ALL: [Self; 3] = [Self::Next, Self::Current, Self::Retired];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Current => "current",
            Self::Retired => "retired",
        }
    }

    fn path(self, data_dir: &Path) -> PathBuf {
        data_dir.join(match self {
            Self::Next => "identity-next.key",
            Self::Current => KeyName::Identity.file_name(),
            Self::Retired => "identity-retired.key",
        })
    }
}

/// Why a key can't be added, promoted or retired.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is no key in that stage.
    #[error("no {} key: {hint}", stage.as_str())]
    None { stage: Stage, hint: &'static str },
    /// There is one already.
    #[error("there is a {} key already: {hint}", stage.as_str())]
    Already { stage: Stage, hint: &'static str },
    #[error("{why}: wait until {}, or add --at-once", until.format("%H:%M:%S UTC"))]
    TooEarly { why: &'static str, until: Timestamp },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptKey {
    pub stage: Stage,
    pub key: PublicKey,
    /// Since when it has been in this stage.
    pub since: Timestamp,
}

/// Reads the keys in `data_dir`.
///
/// # Errors
///
/// If the current key is missing, or any can't be used.
pub fn read_keys(data_dir: &Path) -> Result<IdentityKeys, KeyError> {
    let [next, current, retired] = Stage::ALL.map(|stage| seed(data_dir, stage));
    let current = current?.ok_or_else(|| KeyError::Missing {
        path: Stage::Current.path(data_dir),
    })?;
    let others = [next?, retired?].into_iter().flatten();
    Ok(IdentityKeys {
        current,
        others: others.collect(),
    })
}

fn seed(data_dir: &Path, stage: Stage) -> Result<Option<SigningKey>, KeyError> {
    let seed = read(&stage.path(data_dir))?;
    Ok(seed.map(|seed| SigningKey::from_bytes(&seed)))
}

/// The files of one node, for its operator's changes. A running server follows them.
#[derive(Debug, Clone)]
pub struct Rotation {
    data_dir: PathBuf,
}

impl Rotation {
    pub fn of(data_dir: &Path) -> Self {
        let data_dir = data_dir.to_owned();
        Self { data_dir }
    }

    /// Prevents others from changing the keys, until it is dropped.
    ///
    /// # Errors
    ///
    /// If the folder can't be locked.
    pub fn lock(&self) -> Result<File, KeyError> {
        let locked = File::open(&self.data_dir).and_then(|folder| {
            folder.lock()?;
            Ok(folder)
        });
        locked.map_err(|error| file_error(&self.data_dir, error))
    }

    /// All keys: next, current, retired.
    ///
    /// # Errors
    ///
    /// If one can't be used.
    pub fn list(&self) -> Result<Vec<KeptKey>, KeyError> {
        let kept: Result<Vec<_>, _> = Stage::ALL
            .map(|stage| self.find(stage))
            .into_iter()
            .collect();
        Ok(kept?.into_iter().flatten().collect())
    }

    /// Makes a key to follow the current one.
    ///
    /// # Errors
    ///
    /// If there is one already, or a file can't be used.
    pub fn make_next(&self, entropy: &dyn Entropy) -> Result<NewKey, RotationError> {
        let hint = "run `support-console gateway keys promote`";
        if self.find(Stage::Next)?.is_some() {
            let stage = Stage::Next;
            return Err(RotationError::Already { stage, hint });
        }
        self.current()?;
        let seed = random(entropy);
        let key = PublicKey::new(SigningKey::from_bytes(&seed).verifying_key());
        Ok(NewKey { seed, key })
    }

    /// Publishes a key that was made.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub fn add(&self, new: &NewKey, now: Timestamp) -> Result<(), RotationError> {
        let (path, current) = (self.path(Stage::Next), self.path(Stage::Current));
        let draft = path.with_extension(format!("{}.tmp", new.key.kid()));
        let written = write(&draft, &new.seed).and_then(|()| {
            own_as(&draft, &current)?;
            File::open(&draft)?.set_modified(SystemTime::from(now))?;
            std::fs::hard_link(&draft, &path)
        });
        let _ = std::fs::remove_file(&draft);
        Ok(written.map_err(|error| file_error(&path, error))?)
    }

    /// The key that may start to sign.
    ///
    /// # Errors
    ///
    /// If there is none, if it has not been published for long enough (unless `at_once`), or if an
    /// earlier one must be retired first.
    pub fn promotable(&self, now: Timestamp, at_once: bool) -> Result<KeptKey, RotationError> {
        let hint = "run `support-console gateway keys add` first";
        let next = self.find(Stage::Next)?.ok_or(RotationError::None {
            stage: Stage::Next,
            hint,
        })?;
        let current = self.current()?;
        // A copy of the current key is the leftover of an interrupted promotion.
        if self
            .find(Stage::Retired)?
            .is_some_and(|old| old.key != current.key)
        {
            let hint = "run `support-console gateway keys retire` first";
            let stage = Stage::Retired;
            return Err(RotationError::Already { stage, hint });
        }
        let why = "upstreams may not know the next key yet";
        wait(why, next.since + PUBLISHED_FIRST, now, at_once)?;
        Ok(next)
    }

    /// Lets the next key sign. There is a current key at every instant.
    ///
    /// # Errors
    ///
    /// If a file can't be changed.
    pub fn promote(&self, now: Timestamp) -> Result<(), RotationError> {
        let [next, current, retired] = Stage::ALL.map(|stage| self.path(stage));
        let moved = remove(&retired)
            .and_then(|()| std::fs::hard_link(&current, &retired))
            .and_then(|()| File::open(&retired)?.set_modified(SystemTime::from(now)))
            .and_then(|()| File::open(&next)?.set_modified(SystemTime::from(now)))
            .and_then(|()| std::fs::rename(&next, &current));
        Ok(moved.map_err(|error| file_error(&current, error))?)
    }

    /// The key that no longer needs to be published.
    ///
    /// # Errors
    ///
    /// If there is none, or if identities that it has signed may still be in use (unless
    /// `at_once`).
    pub fn retirable(&self, now: Timestamp, at_once: bool) -> Result<KeptKey, RotationError> {
        let hint = "nothing to do";
        let old = self.find(Stage::Retired)?.ok_or(RotationError::None {
            stage: Stage::Retired,
            hint,
        })?;
        let why = "signatures made with it may still be valid";
        wait(why, old.since + PUBLISHED_AFTER, now, at_once)?;
        Ok(old)
    }

    /// Removes the retired key for good.
    ///
    /// # Errors
    ///
    /// If the file can't be removed.
    pub fn retire(&self) -> Result<(), RotationError> {
        let path = self.path(Stage::Retired);
        Ok(remove(&path).map_err(|error| file_error(&path, error))?)
    }

    fn current(&self) -> Result<KeptKey, RotationError> {
        let hint = "on SQLite the first `support-console serve` creates it, on PostgreSQL you do";
        let stage = Stage::Current;
        let current = self.find(stage)?;
        current.ok_or(RotationError::None { stage, hint })
    }

    fn find(&self, stage: Stage) -> Result<Option<KeptKey>, KeyError> {
        let Some(key) = seed(&self.data_dir, stage)? else {
            return Ok(None);
        };
        let path = self.path(stage);
        let modified = std::fs::metadata(&path).and_then(|metadata| metadata.modified());
        let since = modified.map_err(|error| file_error(&path, error))?;
        Ok(Some(KeptKey {
            stage,
            key: PublicKey::new(key.verifying_key()),
            since: since.into(),
        }))
    }

    fn path(&self, stage: Stage) -> PathBuf {
        stage.path(&self.data_dir)
    }
}

/// A key that is not published yet. Not `Debug`, because it is secret.
pub struct NewKey {
    seed: [u8; super::LENGTH],
    pub key: PublicKey,
}

/// The keys in `data_dir` by stage and name.
///
/// # Errors
///
/// If one can't be used.
pub fn describe(data_dir: &Path) -> Result<String, KeyError> {
    let kept = Rotation::of(data_dir).list()?;
    let kept = kept
        .iter()
        .map(|kept| format!("{} {}", kept.stage.as_str(), kept.key.kid()));
    Ok(kept.collect::<Vec<_>>().join(", "))
}

fn wait(
    why: &'static str,
    until: Timestamp,
    now: Timestamp,
    at_once: bool,
) -> Result<(), RotationError> {
    if at_once || now >= until {
        Ok(())
    } else {
        Err(RotationError::TooEarly { why, until })
    }
}

/// Gives `path` the owner of `like`: the server must be able to read a key that root has created.
fn own_as(path: &Path, like: &Path) -> std::io::Result<()> {
    let (own, wanted) = (std::fs::metadata(path)?, std::fs::metadata(like)?);
    if (own.uid(), own.gid()) == (wanted.uid(), wanted.gid()) {
        return Ok(());
    }
    chown(path, Some(wanted.uid()), Some(wanted.gid()))
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
