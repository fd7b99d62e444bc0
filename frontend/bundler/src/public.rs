//! Files that keep their names, because browsers and robots ask for them by name.

use std::{fs, path::Path};

use crate::{error::Error, site, site::Site};

/// Copies a folder into the root of the site. A missing folder is an empty one.
pub(crate) fn copy(folder: &Path, site: &mut Site) -> Result<(), Error> {
    if !folder.exists() {
        return Ok(());
    }
    for path in site::files_below(folder)? {
        let content = fs::read(&path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        let name = path.strip_prefix(folder).unwrap_or(&path);
        site.add(&name.to_string_lossy(), &content)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::TestFolder;

    #[test]
    fn folder_is_copied_with_its_folders() {
        let folder = TestFolder::new("public");
        folder.write("in/.well-known/security.txt", "Contact: someone");
        let root = folder.path().join("out");

        copy(&folder.path().join("in"), &mut Site::new(&root, false)).unwrap();

        assert_eq!(
            fs::read_to_string(root.join(".well-known/security.txt")).unwrap(),
            "Contact: someone"
        );
    }

    #[test]
    fn missing_folder_is_an_empty_one() {
        copy(
            Path::new("no/such/folder"),
            &mut Site::new(Path::new("out"), false),
        )
        .unwrap();
    }
}
