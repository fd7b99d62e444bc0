//! Copies of an SQLite store: a backup of one that may be in use, and a restore.

use std::{
    ffi::OsString,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use super::{
    BUSY_TIMEOUT,
    file::{create_beside, create_new, lock, unusable},
    open,
};
use crate::StoreError;

/// What the engine calls the files beside a database with a write-ahead log.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// The name of a copy until it is whole.
const DRAFT: &str = ".part";

/// Copies the store as it is at one instant into a new file, flushes it, and checks it. Others may use
/// the store meanwhile.
///
/// The pages are copied in one step, because a copy in several begins anew after each commit, and
/// would never end on a store that is in use. With a write-ahead log one step delays no writer.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    copy_to(from, to, create_new)
}

fn copy_to(
    from: &Path,
    to: &Path,
    create: impl Fn(&Path) -> io::Result<File>,
) -> Result<(), StoreError> {
    if to.symlink_metadata().is_ok() {
        return Err(StoreError::FileExists(to.display().to_string()));
    }
    let draft = with_suffix(to, DRAFT);
    create(&draft).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => StoreError::FileExists(draft.display().to_string()),
        _ => unusable(&draft, error),
    })?;
    let copied = open_whole(from).and_then(|from| copy_into(&from, &draft));
    let copied = copied.and_then(|()| {
        std::fs::hard_link(&draft, to).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => StoreError::FileExists(to.display().to_string()),
            _ => unusable(to, error),
        })
    });
    let _ = std::fs::remove_file(&draft);
    copied?;
    flush_folder(to)
}

/// A connection that sees a store as it is now, also while others write, and can't change it.
fn open_whole(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch("BEGIN")?;
    // The first read fixes the instant.
    connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// Copies into an empty file.
fn copy_into(source: &Connection, draft: &Path) -> Result<(), StoreError> {
    let mut target = open(draft, "")?;
    match Backup::new(source, &mut target)?.step(-1)? {
        StepResult::Done => {}
        _ => return Err(StoreError::Contended),
    }
    // One file that needs no other beside it.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    check_whole(&target)?;
    drop(target);
    File::open(draft)
        .and_then(|file| file.sync_all())
        .map_err(|error| unusable(draft, error))
}

fn check_whole(copy: &Connection) -> Result<(), StoreError> {
    let found: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    match found.as_str() {
        "ok" => Ok(()),
        _ => Err(StoreError::Damaged(found)),
    }
}

/// A restore that is under way. The store stays as it is until [`Self::finish`], and nobody can serve it
/// meanwhile. The copy is removed when this is dropped.
pub struct Restore {
    store: PathBuf,
    draft: PathBuf,
    _lock: File,
}

impl Restore {
    /// Copies a backup beside the store at `store`.
    pub(crate) fn begin(backup: &Path, store: &Path) -> Result<Self, StoreError> {
        let lock = lock(store)?;
        check_is_store(backup)?;
        let draft = with_suffix(store, ".restoring");
        // Of an interrupted attempt.
        remove(&draft)?;
        remove(&with_suffix(&draft, DRAFT))?;
        let restore = Self {
            store: store.to_owned(),
            draft,
            _lock: lock,
        };
        copy_to(backup, &restore.draft, create_beside)?;
        Ok(restore)
    }

    /// The copy, which can be opened like a store.
    pub fn url(&self) -> String {
        format!("sqlite:{}", self.draft.display())
    }

    /// Puts the copy in the store's place. Returns where the previous store is now, if there was one.
    pub fn finish(self, suffix: &str) -> Result<Option<PathBuf>, StoreError> {
        let failed = |error| unusable(&self.store, error);
        empty_log(&self.draft)?;
        let kept = with_suffix(&self.store, suffix);
        let was_there = self.store.exists();
        if was_there {
            // A log of another database beside the copy would be applied to it. What can still be
            // saved of it belongs to the previous store.
            let _ = empty_log(&self.store);
            for beside in BESIDE {
                let log = with_suffix(&self.store, beside);
                if log.exists() {
                    std::fs::rename(&log, with_suffix(&kept, beside)).map_err(failed)?;
                }
            }
            std::fs::hard_link(&self.store, &kept).map_err(failed)?;
        }
        std::fs::rename(&self.draft, &self.store).map_err(failed)?;
        flush_folder(&self.store)?;
        Ok(was_there.then_some(kept))
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        // Nothing is there after `finish`, except what the last connection left.
        let _ = remove(&self.draft);
    }
}

/// Whether a file is a store, of any version.
fn check_is_store(path: &Path) -> Result<(), StoreError> {
    let not = |problem: String| StoreError::NotABackup {
        path: path.display().to_string(),
        problem,
    };
    let backup = File::open(path).map_err(|error| not(error.to_string()));
    drop(backup?);
    let counted = open_whole(path).and_then(|backup| {
        let migrations = "SELECT COUNT(*) FROM _sqlx_migrations";
        Ok(backup.query_row(migrations, [], |row| row.get::<_, i64>(0))?)
    });
    match counted {
        Ok(1..) => Ok(()),
        _ => Err(not("it is not a data store of this program".to_owned())),
    }
}

/// Moves everything from the write-ahead log into the database.
fn empty_log(path: &Path) -> Result<(), StoreError> {
    let connection = open(path, "")?;
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy: i64 = connection.query_row(checkpoint, [], |row| row.get(0))?;
    match busy {
        0 => Ok(()),
        _ => Err(StoreError::Contended),
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    for suffix in ["", BESIDE[0], BESIDE[1]] {
        let path = with_suffix(path, suffix);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(unusable(&path, error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Makes the names in a file's folder survive power loss.
fn flush_folder(of: &Path) -> Result<(), StoreError> {
    let folder = match of.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| unusable(folder, error))
}
