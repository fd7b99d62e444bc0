//! The database file, and the lock beside it.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::StoreError;

pub(super) fn unusable(path: &Path, source: io::Error) -> StoreError {
    StoreError::File {
        path: path.display().to_string(),
        source: Arc::new(source),
    }
}

/// Creates the file if it is missing, readable only for its owner. The engine gives the files beside it
/// the same mode.
pub(crate) fn create_for_owner(path: &Path) -> Result<(), StoreError> {
    match create_beside(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(unusable(path, error)),
        _ => Ok(()),
    }
}

/// Creates a file that is not there yet, readable only for its owner.
pub(super) fn create_new(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// As [`create_new`], for a file that the server uses.
pub(super) fn create_beside(path: &Path) -> io::Result<File> {
    let file = create_new(path)?;
    hand_to_owner_of_folder(&file, path)?;
    Ok(file)
}

/// Gives a file to the owner of its folder, if root has created it: a command that root runs must leave
/// nothing that the server's own user can't use. Nobody else may give files away.
///
/// Only for a file that was just created (`create_new`). Otherwise the owner of the folder could put a
/// link there, and would be given the file behind it.
#[cfg(unix)]
pub fn hand_to_owner_of_folder(file: &File, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};

    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let (file_of, folder_of) = (file.metadata()?, folder.metadata()?);
    if file_of.uid() != 0 || folder_of.uid() == 0 {
        return Ok(());
    }
    fchown(file, Some(folder_of.uid()), Some(folder_of.gid()))
}

/// Takes the lock that says "this process serves this file".
pub(crate) fn lock(path: &Path) -> Result<File, StoreError> {
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock_path = PathBuf::from(lock_path);
    let file = match create_beside(&lock_path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            File::options().write(true).open(&lock_path)
        }
        created => created,
    };
    let file = file.map_err(|error| unusable(&lock_path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
            path: path.display().to_string(),
        }),
        Err(TryLockError::Error(error)) => Err(unusable(&lock_path, error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, chown, symlink};

    use super::*;

    /// Somebody without rights.
    const NOBODY: u32 = 65_534;

    fn owner(path: &Path) -> u32 {
        path.metadata().unwrap().uid()
    }

    #[test]
    fn what_root_creates_belongs_to_the_owner_of_its_folder_but_nothing_behind_a_link_does() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        // Only root can give the folder away. Nobody else can give anything away.
        let _ = chown(folder.path(), Some(NOBODY), Some(NOBODY));
        let precious = elsewhere.path().join("precious");
        std::fs::write(&precious, "").unwrap();
        let before = owner(&precious);
        let store = folder.path().join("store.db");
        let lock_path = folder.path().join("store.db.lock");
        symlink(&precious, &lock_path).unwrap();

        lock(&store).map(drop).unwrap();
        assert_eq!(owner(&precious), before);

        std::fs::remove_file(&lock_path).unwrap();
        lock(&store).map(drop).unwrap();
        create_for_owner(&store).unwrap();
        for path in [&lock_path, &store] {
            assert_eq!(owner(path), owner(folder.path()), "{}", path.display());
        }
    }
}
