//! A running proxy.

use std::{net::SocketAddr, path::PathBuf, process::Stdio};

use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    process::{Child, Command},
};

use super::page;
use crate::support::until;

/// Names the folder in which the packages of end2end/requirements-proxies.txt have put programs.
const PROXIES: &str = "SUPPORT_CONSOLE_PROXIES";

/// A proxy with its own folder. Killed when it is dropped.
pub(super) struct Proxy {
    folder: TempDir,
    child: Child,
}

impl Proxy {
    /// Starts a program in `folder`, and waits until it listens.
    pub(super) async fn start(folder: TempDir, mut command: Command, listens: SocketAddr) -> Self {
        let log = std::fs::File::create(folder.path().join("said")).unwrap();
        command.current_dir(folder.path()).kill_on_drop(true);
        command.stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().expect("make setup installs the proxies");
        let mut proxy = Self { folder, child };
        until("the proxy", async || {
            let ended = proxy.child.try_wait().unwrap();
            assert!(ended.is_none(), "it has ended:\n{}", proxy.log());
            TcpStream::connect(listens).await.ok()
        })
        .await;
        proxy
    }

    /// Ends it, so that another can listen where it did.
    pub(super) async fn stop(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Its output so far.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("said")).unwrap_or_default()
    }

    /// A file of its folder once this is in one of its lines.
    pub(super) async fn written_with(&self, file: &str, part: &str) -> String {
        let path = self.folder.path().join(file);
        until("the proxy's access log", async || {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            (text.ends_with('\n') && text.contains(part)).then_some(text)
        })
        .await
    }
}

/// A program that a Python package brings.
pub(super) fn packaged(name: &str) -> Command {
    let proxies = std::env::var(PROXIES).expect("make test says where the proxies are");
    Command::new(PathBuf::from(proxies).join(name))
}

/// The log as the page's filter makes it, once this is in one of its lines.
pub(super) async fn reports(proxy: &Proxy, page: &str, file: &str, part: &str) -> String {
    let log = proxy.written_with(file, part).await;
    let mut jq = Command::new("jq");
    jq.arg("--compact-output").arg(page::block(page, "jq"));
    let mut jq = jq
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("make setup installs jq");
    let mut stdin = jq.stdin.take().unwrap();
    stdin.write_all(log.as_bytes()).await.unwrap();
    drop(stdin);
    let output = jq.wait_with_output().await.unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
