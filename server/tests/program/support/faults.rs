//! Libraries that are preloaded before the system's, so that a program meets a failing disk or a
//! jumping clock.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A disk whose faults the test decides about. `disk.c` says which there are.
pub(crate) struct Disk {
    folder: TempDir,
}

impl Disk {
    pub(crate) fn new() -> Self {
        let disk = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program/support/disk.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(disk.library())
            .args([source, "-ldl"])
            .status();
        assert!(compiled.unwrap().success(), "disk.c does not compile");
        disk
    }

    /// The environment of a program whose store is on this disk.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("LD_PRELOAD", self.library().into()),
            ("SUPPORT_CONSOLE_TEST_DISK", self.control().into()),
        ]
    }

    /// From now on it is as `state` says.
    pub(crate) fn becomes(&self, state: &str) {
        replace(&self.control(), state);
    }

    /// From now on all is well.
    pub(crate) fn recovers(&self) {
        self.becomes("");
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("disk.so")
    }

    fn control(&self) -> PathBuf {
        self.folder.path().join("state")
    }
}

/// A machine's clock that the test sets, by libfaketime. Only the wall clock follows it. The time
/// since the machine's start continues, as when a real clock is set.
pub(crate) struct WallClock {
    folder: TempDir,
}

impl WallClock {
    /// A clock that is right.
    pub(crate) fn new() -> Self {
        let clock = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        clock.is_ahead_by(0);
        clock
    }

    /// The environment of a program that uses this clock.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("LD_PRELOAD", library().into()),
            ("FAKETIME_TIMESTAMP_FILE", self.control().into()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            // Files keep their own times.
            ("NO_FAKE_STAT", "1".into()),
        ]
    }

    /// Is set, so many seconds from the right time.
    pub(crate) fn is_ahead_by(&self, seconds: i64) {
        replace(&self.control(), &format!("{seconds:+}"));
    }

    fn control(&self) -> PathBuf {
        self.folder.path().join("offset")
    }
}

/// A reader meanwhile finds the old text or the new one.
fn replace(path: &Path, text: &str) {
    let draft = path.with_extension("draft");
    std::fs::write(&draft, text).unwrap();
    std::fs::rename(draft, path).unwrap();
}

/// Debian's libfaketime, for programs with several threads.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap();
    let candidates = folders.map(|folder| {
        let folder = folder.unwrap().path();
        folder.join("faketime/libfaketimeMT.so.1")
    });
    let mut there = candidates.filter(|candidate| candidate.exists());
    there.next().expect("`make setup` installs faketime")
}
