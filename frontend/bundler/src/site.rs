//! The site folder: writes what belongs in it, then removes what doesn't.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use crate::{compress, error::Error};

/// The folder of hashed files below the site's root, and so the prefix of their URLs.
const PACKAGE: &str = "pkg";

/// A file whose name carries the hash of its content.
#[derive(Clone, Debug)]
pub(crate) struct Hashed {
    /// Its name, without a folder.
    pub(crate) name: String,
    /// 16 hexadecimal digits.
    pub(crate) hash: String,
}

impl Hashed {
    pub(crate) fn new(stem: &str, extension: &str, content: &[u8]) -> Self {
        let hash = hash(&[content]);
        Self {
            name: format!("{stem}.{hash}.{extension}"),
            hash,
        }
    }

    /// Its path as a page writes it.
    pub(crate) fn path(&self) -> String {
        format!("/{PACKAGE}/{}", self.name)
    }
}

/// The first 16 hexadecimal digits of the SHA-256 over all parts.
pub(crate) fn hash(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    digest
        .finalize()
        .iter()
        .take(8)
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The folder being written.
#[derive(Debug)]
pub(crate) struct Site {
    root: PathBuf,
    compress: bool,
    /// What was added, relative to the root, with its size.
    added: Vec<(String, usize)>,
    /// Every path that may stay, compressed forms included.
    keep: BTreeSet<PathBuf>,
}

impl Site {
    /// `compress` asks for `.br` and `.gz` beside what gains by it.
    pub(crate) fn new(root: &Path, compress: bool) -> Self {
        Self {
            root: root.to_owned(),
            compress,
            added: Vec::new(),
            keep: BTreeSet::new(),
        }
    }

    /// Adds a file under a name that carries its content's hash.
    pub(crate) fn add_hashed(
        &mut self,
        stem: &str,
        extension: &str,
        content: &[u8],
    ) -> Result<Hashed, Error> {
        let file = Hashed::new(stem, extension, content);
        self.add(&format!("{PACKAGE}/{}", file.name), content)?;
        Ok(file)
    }

    /// Adds a file under a fixed name, relative to the root.
    pub(crate) fn add(&mut self, name: &str, content: &[u8]) -> Result<(), Error> {
        let path = self.root.join(name);
        let changed = write_if_changed(&path, content)?;
        if self.compress {
            if changed || self.variants(name).next().is_none() {
                for (suffix, compressed) in compress::variants(name, content) {
                    write_if_changed(&self.root.join(format!("{name}.{suffix}")), &compressed)?;
                }
            }
            self.keep.extend(self.variants(name).collect::<Vec<_>>());
        }
        self.added.push((name.to_owned(), content.len()));
        self.keep.insert(path);
        Ok(())
    }

    /// Removes every file that wasn't added.
    pub(crate) fn remove_stale(&self) -> Result<(), Error> {
        for path in files_below(&self.root)? {
            if !self.keep.contains(&path) {
                fs::remove_file(&path).map_err(|source| Error::Write { path, source })?;
            }
        }
        Ok(())
    }

    /// A table of names and sizes for people.
    pub(crate) fn report(&self) -> String {
        self.added
            .iter()
            .fold(String::new(), |mut text, (name, size)| {
                let _ = write!(text, "   {name:<56}{:>9}", kilobytes(*size));
                for path in self.variants(name) {
                    let size = fs::metadata(&path).map_or(0, |file| file.len());
                    let suffix = path.extension().unwrap_or_default().to_string_lossy();
                    let _ = write!(
                        text,
                        "{:>9} {suffix}",
                        kilobytes(usize::try_from(size).unwrap_or(usize::MAX))
                    );
                }
                text.push('\n');
                text
            })
    }

    /// The compressed forms of `name` that exist.
    fn variants(&self, name: &str) -> impl Iterator<Item = PathBuf> {
        compress::suffixes(name)
            .iter()
            .map(move |suffix| self.root.join(format!("{name}.{suffix}")))
            .filter(|path| path.exists())
    }
}

fn kilobytes(size: usize) -> String {
    format!("{}.{} kB", size / 1000, size % 1000 / 100)
}

/// Writes a file in one step, unless it has this content already. Returns whether it did.
pub(crate) fn write_if_changed(path: &Path, content: &[u8]) -> Result<bool, Error> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(false);
    }
    let written = || -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let draft = path.with_added_extension("part");
        fs::write(&draft, content)?;
        fs::rename(&draft, path)
    };
    written().map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })?;
    Ok(true)
}

/// All files in a folder and the folders in it, in a stable order.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Read {
        path: folder.to_owned(),
        source,
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            found.extend(files_below(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::TestFolder;

    fn names(root: &Path) -> Vec<String> {
        let files = files_below(root).unwrap();
        files
            .iter()
            .map(|path| path.strip_prefix(root).unwrap().display().to_string())
            .collect()
    }

    #[test]
    fn name_changes_with_content_only() {
        assert_eq!(
            Hashed::new("a", "js", b"1").name,
            Hashed::new("a", "js", b"1").name
        );
        assert_ne!(
            Hashed::new("a", "js", b"1").name,
            Hashed::new("a", "js", b"2").name
        );
    }

    #[test]
    fn files_of_an_earlier_bundle_are_removed() {
        let folder = TestFolder::new("stale");
        let text = "a { color: red }".repeat(20);
        let mut site = Site::new(folder.path(), true);
        site.add_hashed("style", "css", text.as_bytes()).unwrap();
        site.remove_stale().unwrap();
        assert_eq!(names(folder.path()).len(), 3);

        let mut site = Site::new(folder.path(), true);
        site.add("robots.txt", b"").unwrap();
        site.remove_stale().unwrap();
        assert_eq!(names(folder.path()), ["robots.txt"]);
    }

    #[test]
    fn uncompressed_bundle_drops_the_compressed_forms_of_an_earlier_one() {
        let folder = TestFolder::new("uncompressed");
        let text = "a { color: red }".repeat(20);
        for (compress, files) in [(true, 3), (false, 1)] {
            let mut site = Site::new(folder.path(), compress);
            site.add("style.css", text.as_bytes()).unwrap();
            site.remove_stale().unwrap();
            assert_eq!(names(folder.path()).len(), files);
        }
    }

    #[test]
    fn compressed_forms_follow_a_change_under_a_fixed_name() {
        let folder = TestFolder::new("follow");
        let mut packed = Vec::new();
        for letter in ["a", "b"] {
            let mut site = Site::new(folder.path(), true);
            site.add("icon.svg", letter.repeat(500).as_bytes()).unwrap();
            packed.push(fs::read(folder.path().join("icon.svg.gz")).unwrap());
        }
        assert_ne!(packed[0], packed[1]);
    }

    #[test]
    fn file_with_the_same_content_is_left_alone() {
        let folder = TestFolder::new("same");
        let path = folder.path().join("a/b.txt");
        assert!(write_if_changed(&path, b"1").unwrap());
        assert!(!write_if_changed(&path, b"1").unwrap());
        assert!(write_if_changed(&path, b"2").unwrap());
    }
}
