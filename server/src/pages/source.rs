//! Where the files of the user interface come from.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The bundler's files by their paths: `/manifest.json`, `/pkg/…`.
pub type SiteFiles = &'static [(&'static str, &'static [u8])];

/// The folder that the bundler writes unless it is given another.
const FOLDER: &str = "target/site";

static CARRIED: OnceLock<SiteFiles> = OnceLock::new();

/// Names the files that this program carries. A release build does; other builds read them from a folder.
pub fn carry(files: SiteFiles) {
    // Only the first call counts.
    let _ = CARRIED.set(files);
}

/// Where the files come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SiteSource {
    Carried(SiteFiles),
    Folder(PathBuf),
}

impl SiteSource {
    /// The configured folder, or what the program carries, or else the bundler's folder.
    pub(crate) fn of(site_root: Option<&Path>) -> Self {
        Self::chosen(site_root, CARRIED.get().copied())
    }

    fn chosen(site_root: Option<&Path>, carried: Option<SiteFiles>) -> Self {
        let carried = carried.filter(|files| !files.is_empty());
        match (site_root, carried) {
            (Some(folder), _) => Self::Folder(folder.to_owned()),
            (None, Some(files)) => Self::Carried(files),
            (None, None) => Self::Folder(FOLDER.into()),
        }
    }
}

impl fmt::Display for SiteSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Carried(_) => f.write_str("this program"),
            Self::Folder(folder) => write!(f, "{}", folder.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_folder_comes_before_the_files_that_the_program_carries() {
        const FILES: SiteFiles = &[("/manifest.json", b"{}")];
        const NONE: SiteFiles = &[];
        let chosen = SiteSource::chosen;
        let folder = Path::new("/srv/site");
        let configured = SiteSource::Folder(folder.to_owned());
        for carried in [Some(FILES), Some(NONE), None] {
            assert_eq!(chosen(Some(folder), carried), configured);
        }
        assert_eq!(chosen(None, Some(FILES)), SiteSource::Carried(FILES));
        let of_the_bundler = SiteSource::Folder(FOLDER.into());
        for carried in [Some(NONE), None] {
            assert_eq!(chosen(None, carried), of_the_bundler);
        }
    }
}
