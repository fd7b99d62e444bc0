//! The database file, and the lock beside it.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::StoreError;

fn unusable(path: &Path, source: io::Error) -> StoreError {
    StoreError::File {
        path: path.display().to_string(),
        source: Arc::new(source),
    }
}

/// Creates the file if it is missing, readable only for its owner. The engine gives the files beside it
/// the same mode.
pub(crate) fn create_for_owner(path: &Path) -> Result<(), StoreError> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(unusable(path, error)),
        _ => Ok(()),
    }
}

/// Takes the lock that says "this process serves this file".
pub(crate) fn lock(path: &Path) -> Result<File, StoreError> {
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock_path = PathBuf::from(lock_path);
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    let file = options.open(&lock_path);
    let file = file.map_err(|error| unusable(&lock_path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
            path: path.display().to_string(),
        }),
        Err(TryLockError::Error(error)) => Err(unusable(&lock_path, error)),
    }
}
