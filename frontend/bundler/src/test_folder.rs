//! A folder for one test, removed when the test ends.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
};

pub(crate) struct TestFolder(PathBuf);

impl TestFolder {
    /// `name` must differ between tests.
    pub(crate) fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("bundler-{}-{name}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
