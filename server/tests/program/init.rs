//! `support-console init` without a terminal.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{io::AsyncWriteExt, process::Command};

use crate::support::prelude::*;

struct Said {
    code: i32,
    text: String,
}

/// Runs the program in a folder, with lines on its standard input.
async fn run(folder: &Path, words: &str, input: &str) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_support-console"));
    command.env_clear().kill_on_drop(true).current_dir(folder);
    command.args(words.split_whitespace());
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that reads nothing may be gone already.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        code: output.status.code().unwrap(),
        text: text(output.stdout) + &text(output.stderr),
    }
}

/// What everyone must say, with ports that are free.
fn enough() -> String {
    format!(
        "--console-url http://localhost:{} --admin-email ana@example.com --database-url sqlite:data/console.db",
        free_address().port()
    )
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let names = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into())
        .collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn init_writes_what_serves_and_never_overwrites_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let init = format!("init {}", enough());
    let said = run(folder, &init, "").await;
    for part in [
        "Written: console.toml",
        "One-time password, shown once: ",
        "ok    data store",
        "ok    staff members",
        "support-console serve --config console.toml",
    ] {
        assert!(said.text.contains(part), "{part}: {}", said.text);
    }
    assert_eq!(mode(&folder.join("console.toml")), 0o600);
    assert_eq!(mode(&folder.join("data/console.db")), 0o600);
    assert_eq!(mode(&folder.join("data")), 0o700);
    assert_eq!(
        names(folder),
        [Path::new("console.toml"), Path::new("data")]
    );
    let staff = run(folder, "staff list --config console.toml", "").await;
    assert!(staff.text.contains("super_admin"), "{}", staff.text);

    let text = std::fs::read_to_string(folder.join("console.toml")).unwrap();
    let said = run(folder, &init, "").await;
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(said.text.contains("overwrites nothing"), "{}", said.text);
    assert_eq!(
        std::fs::read_to_string(folder.join("console.toml")).unwrap(),
        text
    );
}

#[tokio::test]
async fn each_bad_answer_is_named_with_its_flag_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let enough = enough();
    let gateway = "--gateway-url https://api.example.com --upstream http://127.0.0.1:1";
    for (words, parts) in [
        ("", ["--console-url is missing", "no terminal"]),
        (
            "--console-url console.example.com",
            ["--console-url", "must begin with https://"],
        ),
        (
            "--console-url http://console.example.com",
            ["--console-url", "without https"],
        ),
        (
            "--console-url https://console.example.com",
            ["--admin-email is missing", "no terminal"],
        ),
        (
            &format!("{enough} --admin-name {}", "x".repeat(101)),
            ["--admin-name", "100 characters"],
        ),
        (
            &enough.replace("ana@example.com", "ana"),
            ["--admin-email", "an e-mail address"],
        ),
        (
            &enough.replace("sqlite:data/console.db", "mysql:x"),
            ["--database-url", "must be sqlite:PATH"],
        ),
        (
            &enough.replace("sqlite:data/console.db", "postgres://a@127.0.0.1:1/a"),
            ["can't be reached", "127.0.0.1:1"],
        ),
        (
            &format!("{enough} --password-stdin"),
            ["password", "at least"],
        ),
        (
            &format!("{enough} {gateway}"),
            ["--tenant-binding is missing", "no terminal"],
        ),
        (
            &format!("{enough} {gateway} --tenant-binding tenant"),
            ["--tenant-binding", "path, host or identity"],
        ),
        (
            &format!("{enough} {gateway} --tenant-binding path --route /v1"),
            ["--route", "{tenant_id}"],
        ),
        (
            &format!("{enough} --gateway-url http://localhost:1 --upstream http://127.0.0.1:2"),
            ["--gateway-url", "same host name"],
        ),
        (
            &format!("{enough} --upstream http://127.0.0.1:2"),
            ["--gateway-url", "required"],
        ),
    ] {
        let said = run(folder, &format!("init {words}"), "short\n").await;
        assert_ne!(said.code, 0, "{words}");
        for part in parts {
            assert!(said.text.contains(part), "{words}: {}", said.text);
        }
        assert!(!said.text.contains("Written"), "{words}: {}", said.text);
        assert!(!folder.join("console.toml").exists(), "{words}");
        let left: Vec<_> = names(folder)
            .into_iter()
            .filter(|name| name != Path::new("data"))
            .collect();
        assert!(left.is_empty(), "{words}: {left:?}");
    }
}

#[tokio::test]
async fn secrets_of_other_files_are_used_and_a_missing_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("store"), "sqlite:data/console.db\n").unwrap();
    let words = enough().replace("sqlite:data/console.db", "file:store --data-dir data");
    let said = run(
        folder,
        &format!("init {words} --password-stdin"),
        "three blind mice\n",
    )
    .await;
    assert!(said.text.contains("Added ana@example.com"), "{}", said.text);
    assert!(folder.join("data/console.db").exists());
    std::fs::remove_file(folder.join("store")).unwrap();
    let said = run(folder, "staff list --config console.toml", "").await;
    assert_eq!(said.code, 2, "{}", said.text);
    assert!(
        said.text.contains("database_url refers to store"),
        "{}",
        said.text
    );
}

#[tokio::test]
async fn packages_get_manual_pages_completions_and_an_example_that_can_be_served() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let said = run(folder, "generate .", "").await;
    assert_eq!(said.code, 0, "{}", said.text);
    let page = std::fs::read_to_string(folder.join("support-console-init.1")).unwrap();
    assert!(page.contains("console\\-url"), "{page}");
    for name in [
        "support-console.bash",
        "support-console.fish",
        "_support-console",
    ] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(text.contains("tenant-binding"), "{name}");
    }
    let said = run(folder, "gateway check console.toml", "").await;
    assert_eq!(said.code, 0, "{}", said.text);
}
