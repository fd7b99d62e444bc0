//! `support-console doctor | head -1`: a reader that stops early is not an error.

use std::process::Stdio;

use tokio::process::Command;

#[tokio::test]
async fn a_command_whose_output_nobody_reads_ends_quietly() {
    let folder = tempfile::tempdir().unwrap();
    for words in [
        &["staff", "list"][..],
        &["api-key", "list"],
        &["doctor"],
        &["audit", "verify"],
        &["audit", "export"],
        &["audit", "holds"],
        &["audit", "prune"],
        &["gateway", "keys", "list"],
        &["migrate", "--dry-run"],
    ] {
        let (code, said) = unread(&folder, words).await;
        assert_eq!(said, "", "{words:?}");
        assert_eq!(code, 141, "{words:?}");
    }
    for words in [&["--help"][..], &["audit", "--help"], &["--version"]] {
        assert_eq!(
            unread(&folder, words).await,
            (0, String::new()),
            "{words:?}"
        );
    }
}

/// The exit code of a command whose reader has gone, and its standard error.
async fn unread(folder: &tempfile::TempDir, words: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_support-console"));
    command.env_clear().kill_on_drop(true).current_dir(folder);
    command.args(words).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap_or(-1), said)
}
